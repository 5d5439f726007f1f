"""A site of a few pages, for tests of the book's Sphinx extensions."""

import nbformat
from bs4 import BeautifulSoup
from commands import python
from test_repository import ROOT

EXTENSIONS = ROOT / "book" / "_ext"


def build(
    folder, extensions, *cells, notebook="two", settings="", builder="html", **pages
):
    """Build pages of Markdown and a notebook of these cells, warnings as errors."""
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\n"
        f"extensions = {['myst_nb', *extensions.split()]}\nnb_execution_mode = 'off'\n"
        # The data of claims stand beside the line that readers see.
        f"suppress_warnings = ['mystnb.unknown_mime_type']\n{settings}"
    )
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text)
    cells = [nbformat.v4.new_markdown_cell("# Two"), *cells]
    metadata = {"language_info": {"name": "python", "pygments_lexer": "python"}}
    path = folder / f"{notebook}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    words = ("-m", "sphinx", "-b", builder, "-n", "-W", "--keep-going", "-q")
    return python(*words, folder, folder / "built")


def page(folder, name):
    """A page as built."""
    return BeautifulSoup((folder / "built" / f"{name}.html").read_text(), "html.parser")
