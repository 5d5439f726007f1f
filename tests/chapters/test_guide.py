"""The practical guide draws its evidence from the ledger."""

from pathlib import Path

import pytest
from made_claims import entry

from tapx.chapters import guide, notebooks, stored_results
from tapx.chapters.notebooks import Chapter

CLAIMS = [
    entry("exp-2a/one", chapter="exp-2a"),
    entry("exp-2a/two", chapter="exp-2a"),
    entry("exp-2a/bad", "fails", chapter="exp-2a"),
]


@pytest.fixture
def page():
    chapter = Chapter("exp-2a", 1, "Width", "", Path("experiment-2a.ipynb"))
    return guide.Guide(CLAIMS, [chapter])


ROW = {"paper": "widen", "standing": "stands", "do": "widen a little"}


def test_a_row_and_its_evidence_are_shown(page):
    page.add("a hard readout", **ROW, pro=["exp-2a/one"], contra=["exp-2a/two"])
    assert "a hard readout" in page._repr_html_() and "widen" in repr(page)
    found = page.evidence(1)
    assert 'href="experiment-2a.html#claim-exp-2a-one"' in found._repr_html_()
    assert "Against" in repr(found) and "about exp-2a/two" in repr(found)


def test_one_side_alone_has_one_table(page):
    page.add("a hard readout", **ROW, pro=["exp-2a/one"])
    assert "Against" not in repr(page.evidence(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pro": ["exp-2a/oen"]}, "nearest is 'exp-2a/one'"),
        ({"pro": ["exp-2a/bad"]}, "fails"),
        ({}, "names no claim"),
        ({"pro": ["exp-2a/one"], "contra": ["exp-2a/one"]}, "for and against"),
        ({"pro": ["exp-2a/one"], "standing": "stand"}, "stands"),
    ],
)
def test_wrong_rows_are_refused(page, changes, message):
    with pytest.raises(ValueError, match=message):
        page.add("a hard readout", **{**ROW, **changes})
    assert not page.rows


def test_rows_are_counted_from_one(page):
    page.add("a hard readout", **ROW, pro=["exp-2a/one"])
    with pytest.raises(ValueError, match="row 2"):
        page.evidence(2)


def test_the_book_has_all_eight():
    notebook = notebooks.load(notebooks.book_directory() / "practical-guide.ipynb")
    source = "\n".join(cell.source for cell in notebook.cells)
    assert source.count("page.add(") == 8
    ids = {claim.id for claim in stored_results.stored_claims()}
    for id in ("exp-1a/depth-gain", "exp-3b/dot-product-gain-large"):
        assert id in ids and id in source
