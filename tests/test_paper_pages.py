"""The table and the map of the paper's results, as the Sphinx extensions make them."""

import re
import sys

import nbformat
import pytest
import small_site
import stored_book
from made_claims import entry

from tapx.chapters import claim_views, paper_rows
from tapx.registry import ROWS

sys.path.insert(0, str(small_site.EXTENSIONS))
import paper_table

CLAIMS = (
    entry("lemma-F.1/one", "contradicted as printed"),
    entry("lemma-F.1/two", "sharper than stated"),
    entry(
        "thm-5.1/log-lag-zero-error", "contradicted as printed", result="Theorem 5.1"
    ),
)
INDEX = "# One\n\n```{{{0}}}\n```\n\n```{{toctree}}\ntwo\n```\n"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A site with both, on a notebook with a few claims."""
    outputs = [
        nbformat.v4.new_output("display_data", data=claim_views.render(claim))
        for claim in CLAIMS
    ]
    cell = nbformat.v4.new_code_cell("claim()", outputs=outputs)
    folder = tmp_path_factory.mktemp("site")
    (folder / "map.md").write_text(
        "---\norphan: true\n---\n# Map\n\n```{results-map}\n```\n"
    )
    index = INDEX.format("paper-table")
    extensions = "claim_role paper_table results_map"
    done = small_site.build(folder, extensions, cell, index=index)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_table_has_a_row_for_each_result_and_experiment(pages):
    rows = small_site.page(pages, "index").select("table.paper-table tbody tr")
    cells = [[cell.get_text(" ", strip=True) for cell in row("td")] for row in rows]
    assert [row[0] for row in cells] == [row.name for row in ROWS.values()]
    by_name = {row[0]: row for row in cells}
    lemma = by_name["Lemma F.1"]
    assert ROWS["lemma-F.1"].statement in lemma[1]
    assert "3,344 heads on" in lemma[1]
    assert lemma[-1].endswith("is contradicted as printed 1 of 2 claims")
    assert lemma[-1].startswith("a step of the proof")
    assert by_name["Theorem 5.1"][-1] == "contradicted as printed 1 of 1 claims"
    assert by_name["Proposition 4.2"][5] == "1"
    assert by_name["Experiment 4a"][6] == ROWS["exp-4a"].published


def test_the_map_has_a_link_and_an_item_for_each(pages):
    page = small_site.page(pages, "map")
    names = [text.get_text() for text in page.select(".results-map svg text")]
    assert sorted(names) == sorted(row.name for row in ROWS.values())
    uses = {(one, row.id) for row in ROWS.values() for one in row.uses}
    drawn = page.select(".results-map path")
    assert {(path["data-from"], path["data-to"]) for path in drawn} == uses
    items = page.select("ul.map-list > li")
    assert len(items) == len(ROWS)
    words = {item.get_text().partition(":")[0]: item.get_text() for item in items}
    assert "after a repair of the printed proof" in words["Lemma F.1"]
    assert "does not hold as printed" in words["Theorem 5.1"]
    assert "It rests on Lemma F.3, Lemma F.6, Lemma G.6." in words["Theorem 5.1"]
    link = page.select_one("ul.map-list a.claim-statement")
    assert link["href"] == "two.html#claim-lemma-F-1-one"
    dark = [box.get_text() for box in page.select(".results-map .map-dark text")]
    assert "Theorem 5.1" not in dark and "Experiment 4a" not in dark


def test_an_experiment_is_not_said_to_stand(pages):
    """It states nothing; what stands is what the claims about it say."""
    items = small_site.page(pages, "map").select("ul.map-list > li")
    words = {item.get_text().partition(":")[0]: item.get_text() for item in items}
    assert "The statement stands." not in words["Experiment 4a"]
    assert "Claims about it: none." in words["Experiment 4a"]


def test_cards_name_the_columns_as_the_head_does():
    style = small_site.EXTENSIONS.parent / "_static" / "pages.css"
    named = re.findall(r'--tapx-column: "([^"]+)"', style.read_text(encoding="utf-8"))
    assert tuple(named) == paper_table.HEAD[2:]


OF_A_STEP = {
    "lemma-F.1/printed-gap-factor",
    "lemma-F.3/sum-from-lag-1-l1",
    "prop-4.3/log-as-printed-error",
}


def test_every_contradiction_is_one_of_the_statement_or_of_a_step():
    """Who finds a new one has to say which: table and map say it in words."""
    names = {row.name for row in ROWS.values()}
    found = {
        claim.id
        for claim in stored_book.claims().values()
        if claim.verdict == paper_rows.CONTRADICTED and claim.result in names
    }
    assert found == paper_rows.OF_THE_STATEMENT | OF_A_STEP
