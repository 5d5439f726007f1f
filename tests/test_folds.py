"""The Sphinx extension that names folds of code by what they hold."""

import nbformat
import small_site


def folded(source, *outputs, **metadata):
    """A folded cell."""
    return nbformat.v4.new_code_cell(
        source,
        outputs=list(outputs),
        metadata={"tags": ["hide-input"], **metadata},
    )


def test_folds_are_named_by_their_content(tmp_path):
    picture = nbformat.v4.new_output(
        "display_data",
        data={"image/png": "iVBORw0KGgo="},
    )
    done = small_site.build(
        tmp_path,
        "folds",
        folded("heads = 2", tags=["parameters", "hide-input"]),
        folded("import math\nprint(math.pi)"),
        folded("axes.plot(lags)", picture, mystnb={"image": {"alt": "a line"}}),
        folded("claim('a', 1, '<=', 2)\nreport('b', 3)"),
        folded("x = 1"),
        index="# One\n\n```{toctree}\ntwo\n```\n",
    )
    assert done.returncode == 0, done.stderr
    folds = small_site.page(tmp_path, "two").select("details > summary > .collapsed")
    assert [one.get_text() for one in folds] == [
        "Show code: parameters",
        "Show code: imports and table",
        "Show code: figure",
        "Show code: claims and numbers for the text",
        "Show code: computation",
    ]
