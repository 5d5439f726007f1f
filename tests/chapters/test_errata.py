"""The errata are drawn from the ledger, and leave out nothing that it holds."""

import re
from pathlib import Path

import pytest
from made_claims import entry

from tapx.chapters import errata, notebooks, stored_results
from tapx.chapters.notebooks import Chapter

CLAIMS = [
    entry("lemma-F.1/one"),
    entry("lemma-F.1/two", "contradicted as printed"),
    entry("lemma-F.1/three", "contradicted as printed"),
    entry("lemma-F.1/four", "sharper than stated"),
    entry("exp-4a/trained", "not reproduced under our settings"),
    entry("lemma-F.1/five", "fails"),
]


@pytest.fixture
def page():
    chapter = Chapter("kernels", 1, "Kernels", "", Path("kernels.ipynb"))
    return errata.Errata(CLAIMS, [chapter])


def test_an_item_shows_its_claims_with_links(page):
    found = page.evidence("confirmed", "lemma-F.1/two", "lemma-F.1/one")
    ids = [claim.id for claim in found.parts[0][1]]
    assert ids == ["lemma-F.1/two", "lemma-F.1/one"]
    assert "Confirmed: 2 claims." in found._repr_html_()
    assert 'href="kernels.html#claim-lemma-F-1-two"' in found._repr_html_()
    assert "about lemma-F.1/one" in repr(found)


def test_what_no_item_names_is_listed_at_the_end(page):
    page.evidence("refuted", "lemma-F.1/two")
    left = page.rest(["contradicted as printed"])
    assert [claim.id for claim in left] == ["lemma-F.1/three"]
    left = page.rest(errata.DEPARTURES)
    ids = [claim.id for claim in left]
    assert ids == ["lemma-F.1/three", "lemma-F.1/four", "exp-4a/trained"]


def test_a_slip_of_the_pen_needs_no_claim(page):
    assert repr(page.evidence("by reading")) == "By reading."


def test_the_stored_page_is_complete():
    """Every doubt has its item, and every departure in the ledger is on the page."""
    entries = notebooks.notebook_files()
    notebook = notebooks.load(notebooks.find("errata", entries).path)
    text = "\n".join(one.source for one in notebook.cells)
    numbers = re.findall(r"^## (\d+)\. ", text, re.MULTILINE)
    assert numbers == [str(n) for n in range(1, 13)]
    shown = "\n".join(stored_results.held(notebook, "text/html"))
    claims = stored_results.stored_claims()
    departures = [claim for claim in claims if claim.verdict in errata.DEPARTURES]
    assert departures
    assert not [claim.id for claim in departures if f"#{claim.anchor}" not in shown]
