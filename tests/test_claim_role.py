"""The Sphinx role that quotes a number of the ledger."""

import nbformat
import small_site
from made_claims import entry

from tapx.chapters import claim_views

WORDS = (
    "# One\n\n{claim}`a/heads` heads, {claim}`a/heads reference` suffice,"
    " to {claim}`a/error 3`.\n\n```{toctree}\ntwo\n```\n"
)
HEADS = entry("a/heads", measured=3344, reference=11, relation=">")
ERROR = entry("a/error", measured=0.123456, kind="computed")


def build(folder, index, *claims, **how):
    outputs = [
        nbformat.v4.new_output("display_data", data=claim_views.render(claim))
        for claim in claims
    ]
    cell = nbformat.v4.new_code_cell("claim()", outputs=outputs)
    return small_site.build(folder, "claim_role", cell, index=index, **how)


def test_numbers_are_quoted_and_linked(tmp_path):
    done = build(tmp_path, WORDS, HEADS, ERROR)
    assert done.returncode == 0, done.stderr
    links = small_site.page(tmp_path, "index").select("a.claim-number")
    assert [link.get_text() for link in links] == ["3,344", "11", "0.123"]
    assert links[0]["href"] == "two.html#claim-a-heads"
    assert links[0]["title"] == HEADS.statement


def test_on_a_single_page_the_links_stay_inside(tmp_path):
    done = build(tmp_path, WORDS, HEADS, ERROR, builder="singlehtml")
    assert done.returncode == 0, done.stderr
    links = small_site.page(tmp_path, "index").select("a.claim-number")
    assert links[0]["href"].removeprefix("index.html") == "#claim-a-heads"


def test_what_is_not_claimed_fails_the_build(tmp_path):
    index = WORDS.replace("a/error 3", "a/eror")
    index = index.replace("a/heads reference", "a/heads twice")
    done = build(tmp_path, index, HEADS, ERROR)
    assert done.returncode != 0
    assert "'a/eror' is not in the book; the nearest is 'a/error'" in done.stderr
    assert "'twice' is neither" in done.stderr
