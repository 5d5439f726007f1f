"""What the book on paper shows: outputs of notebooks, and columns that fit."""

import sys

import nbformat
import pytest
import small_site

from tapx.chapters import claim_views, claims
from tapx.show.tables import Table

sys.path.insert(0, str(small_site.EXTENSIONS))
import printed

TOC = """format: jb-book
root: index
parts:
  - caption: I · One
    chapters:
      - file: two
"""


def output(html, text):
    """A cell, its code folded, that shows this."""
    data = {"text/html": html, "text/plain": text}
    shown = nbformat.v4.new_output("display_data", data)
    cell = nbformat.v4.new_code_cell("hidden = 1", outputs=[shown])
    cell.metadata.tags = ["hide-input"]
    return cell


def test_claims_and_tables_are_paragraphs_and_tables(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    claim = claims.evaluate("a/b", 1.5, "<", 2.0, "one is below two")
    table = Table(["heads", "error"], [["2", "0.5"]], "Errors")
    done = small_site.build(
        *(tmp_path, "sphinx_external_toc printed"),
        output(claim_views.render(claim)["text/html"], "plain claim"),
        output(table._repr_html_(), "plain table"),
        index="# Start\n\n## Before\n\nall chapters\n",
        builder="latex",
        settings="latex_engine = 'xelatex'\n",
    )
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "built").glob("*.tex")
    text = file.read_text()
    assert "plain claim" not in text
    assert "plain table" not in text
    assert "hidden" not in text, "folded code"
    assert r"one is below two" in text
    assert r"\sphinxcode{\sphinxupquote{a/b}}" in text
    assert r"\part*{I · One}" in text
    assert r"{Before}" in text
    assert r"\chapter{Before}" not in text
    assert "error" in text[text.index(r"\begin{tabular}") :]


@pytest.mark.parametrize(
    ("lines", "widths", "overfull"),
    [
        ([["a", "bb"], ["c", "d"]], [3, 4], False),
        ([["k", "many words " * 30], ["1", "one"]], [3, 81], False),
        ([["x" * 50, "y" * 50]], [52, 52], True),
    ],
)
def test_columns_have_room_for_their_longest_word(lines, widths, overfull):
    assert printed.columns(lines) == (widths, overfull)


def test_a_part_has_a_heading_and_its_chapters_a_number_or_none():
    assert "secnumdepth}{1}" in printed.heading("I · One", True)
    assert "secnumdepth}{-1}" in printed.heading("Preface", False)
    assert r"\part*{Preface}" in printed.heading("Preface", False)
