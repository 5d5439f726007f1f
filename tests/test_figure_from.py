"""The Sphinx extension that shows one page's stored figure on another page."""

import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "_ext"
# The smallest picture: one transparent dot.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478"
    "9c6360000002000001e221bc330000000049454e44ae426082"
)


def build(folder: Path, directive: str) -> subprocess.CompletedProcess[str]:
    """Build a book of two pages, the first with this directive, warnings as errors."""
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\n"
        "extensions = ['myst_nb', 'figure_from']\nnb_execution_mode = 'off'\n"
    )
    (folder / "index.md").write_text(
        f"# One\n\n{directive}\n\n```{{toctree}}\nsub/two\n```\n"
    )
    glued = nbformat.v4.new_output(
        "display_data",
        data={"application/papermill.record/image/png": b64encode(PNG).decode()},
        metadata={
            "scrapbook": {"name": "dot", "mime_prefix": "application/papermill.record/"}
        },
    )
    notebook = nbformat.v4.new_notebook(
        metadata={"language_info": {"name": "python", "pygments_lexer": "python"}},
        cells=[
            nbformat.v4.new_markdown_cell("# Two"),
            nbformat.v4.new_code_cell("glue('dot', figure)", outputs=[glued]),
        ],
    )
    (folder / "sub").mkdir()
    nbformat.write(notebook, folder / "sub" / "two.ipynb")
    command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q"]
    return subprocess.run(
        [*command, folder, folder / "built"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_shows_the_figure_with_caption_label_and_alt_text(tmp_path):
    done = build(
        tmp_path,
        "```{figure-from} sub/two.ipynb dot\n:name: the-dot\n"
        ":alt: a single dot\n\nThe *caption*.\n```\n\n[a link](#the-dot)",
    )
    assert done.returncode == 0, done.stderr
    page = BeautifulSoup((tmp_path / "built" / "index.html").read_text(), "html.parser")
    figure = page.find("figure", id="the-dot")
    assert figure is not None
    assert figure.img["alt"] == "a single dot"
    assert (tmp_path / "built" / figure.img["src"]).read_bytes() == PNG
    assert figure.figcaption.em.get_text() == "caption"


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("```{figure-from} sub/two.ipynb dto\n:alt: a dot\n```", "'dto'"),
        ("```{figure-from} sub/tow.ipynb dot\n:alt: a dot\n```", "sub/tow"),
        ("```{figure-from} sub/two.ipynb dot\n```", "alt text"),
    ],
)
def test_what_is_missing_fails_the_build(tmp_path, directive, message):
    done = build(tmp_path, directive)
    assert done.returncode != 0
    assert message in done.stderr
