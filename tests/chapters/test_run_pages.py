"""The page of a run: what it shows of a notebook."""

import nbformat
import pytest

from tapx.chapters import run_pages

CAPTION = "Error against heads."
PICTURE = {"image/png": "aGVsbG8=", "text/plain": "<Figure>"}


@pytest.mark.parametrize("drawn", [True, False])
def test_a_caption_stands_below_a_picture_alone(drawn):
    """A cell draws nothing where a run has nothing to draw."""
    outputs = [nbformat.v4.new_output("display_data", data=PICTURE)] if drawn else []
    metadata = {"mystnb": {"figure": {"caption": CAPTION}}}
    cell = nbformat.v4.new_code_cell("draw()", outputs=outputs, metadata=metadata)
    html = run_pages.page(nbformat.v4.new_notebook(cells=[cell]), "Tiny")
    assert (CAPTION in html) == drawn
