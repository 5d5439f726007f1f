"""The Sphinx extension that shows one page's stored figure on another page."""

from base64 import b64encode

import nbformat
import pytest
import small_site

# The smallest picture: one transparent dot.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478"
    "9c6360000002000001e221bc330000000049454e44ae426082"
)


def build(folder, directive, **how):
    """Build a page with this directive, and below it the page whose figure it shows."""
    record = "application/papermill.record/"
    glued = nbformat.v4.new_output(
        "display_data",
        data={f"{record}image/png": b64encode(PNG).decode()},
        metadata={"scrapbook": {"name": "dot", "mime_prefix": record}},
    )
    cell = nbformat.v4.new_code_cell("glue('dot', figure)", outputs=[glued])
    index = f"# One\n\n{directive}\n\n```{{toctree}}\nsub/two\n```\n"
    return small_site.build(
        folder, "figure_from", cell, notebook="sub/two", index=index, **how
    )


def test_shows_the_figure_with_caption_label_and_alt_text(tmp_path):
    done = build(
        tmp_path,
        "```{figure-from} sub/two.ipynb dot\n:name: the-dot\n"
        ":alt: a single dot\n\nThe *caption*.\n```\n\n[a link](#the-dot)",
    )
    assert done.returncode == 0, done.stderr
    figure = small_site.page(tmp_path, "index").find("figure", id="the-dot")
    assert figure is not None
    assert figure.img["alt"] == "a single dot"
    assert (tmp_path / "built" / figure.img["src"]).read_bytes() == PNG
    assert figure.figcaption.em.get_text() == "caption"


WRONG = {
    "'dto'": "```{figure-from} sub/two.ipynb dto\n:alt: a dot\n```",
    "sub/tow": "```{figure-from} sub/tow.ipynb dot\n:alt: a dot\n```",
    "alt text": "```{figure-from} sub/two.ipynb dot\n```",
}


def test_what_is_missing_fails_the_build(tmp_path):
    done = build(tmp_path, "\n\n".join(WRONG.values()))
    assert done.returncode != 0
    for message in WRONG:
        assert message in done.stderr


@pytest.mark.parametrize("builder", ["singlehtml", "latex"])
def test_every_builder_has_the_picture_beside_its_pages(tmp_path, builder):
    directive = "```{figure-from} sub/two.ipynb dot\n:alt: a single dot\n```"
    done = build(tmp_path, directive, builder=builder)
    assert done.returncode == 0, done.stderr
    pictures = set((tmp_path / "built").rglob("*.png"))
    pictures -= set((tmp_path / "built" / ".doctrees").rglob("*.png"))
    (picture,) = (one for one in pictures if one.read_bytes() == PNG)
    if builder == "singlehtml":
        shown = small_site.page(tmp_path, "index").find("img", alt="a single dot")
        assert (tmp_path / "built" / shown["src"]).samefile(picture)
