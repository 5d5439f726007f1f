"""The scoreboard lists every stored claim; the figure shows what the claims say."""

import dataclasses
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from made_claims import entry

from tapx.chapters import notebooks, scoreboard, scoreboard_rows, stored_results
from tapx.chapters.claims import FAILS, VERDICTS
from tapx.chapters.notebooks import Chapter

MEMORY = [
    entry(id, chapter=id[:6], measured=measured, reference=reference, source=source)
    for id, measured, reference, source in (
        ("exp-4a/lin-64-trained-mse-best-setting", 0.01, 0.19, "published"),
        ("exp-4a/lin-64-trained-mse-worst-setting", 0.3, 0.19, "published"),
        ("exp-4a/lin-64-best-mse", 1e-5, 0.2, "bound"),
        ("exp-4a/log-1-trained-mse-best-setting", 1e-9, 1e-5, "published"),
        ("exp-4b/lin-1-best-mse", 0.0, None, "published"),
        ("exp-4b/something-else", 1.0, None, "published"),
    )
]
CHAPTERS = [
    Chapter("exp-4b", 2, "Light tails", "", Path("experiment-4b.ipynb")),
    Chapter("exp-4a", 3, "Heavy tails", "", Path("experiment-4a.ipynb")),
]


def test_by_chapter_with_links():
    page = scoreboard.Scoreboard(MEMORY, CHAPTERS)
    html = page._repr_html_()
    assert html.index("Light tails") < html.index("Heavy tails")
    for claim in MEMORY:
        stem = "experiment-" + claim.chapter[-2:]
        assert f'href="{stem}.html#{claim.anchor}"' in html
        assert claim.statement in html and claim.statement in repr(page)


def test_findings_stand_open_and_checks_are_folded():
    check = entry("thm-3.1/check", chapter="exp-4a")
    finding = entry("thm-3.1/finding", "contradicted as printed", chapter="exp-4a")
    html = scoreboard.Scoreboard([check, finding], CHAPTERS)._repr_html_()
    page = BeautifulSoup(html, "html.parser")
    (fold,) = page.find_all("details")
    assert fold.summary.get_text() == "1 check"
    assert [row["data-verdict"] for row in fold.select("tbody tr")] == ["holds"]
    (row,) = [row for row in page.select("tbody tr") if row not in fold.select("tr")]
    cells = [cell.get_text(" ", strip=True) for cell in row("td")]
    assert cells[:2] == ["is contradicted as printed", "true: 1 < 2 (bound)"]
    assert cells[3] == "Lemma F.1, certified"
    assert (row["data-kind"], row["data-chapter"]) == ("certified", "exp-4a")


@pytest.mark.parametrize(
    ("change", "paper", "truth", "open_"),
    [
        ({}, "stands", "true: 1 < 2", False),
        ({"role": "finding"}, "stands", "true: 1 < 2", True),
        (
            {"verdict": "sharper than stated", "role": "check"},
            "can be sharpened",
            "",
            False,
        ),
        ({"verdict": "fails"}, "is left open", "fails: 1 < 2", True),
        ({"result": "This book"}, "is not concerned", "", False),
        ({"result": "Barron norm (G.2)"}, "stands", "", False),
        (
            {"relation": "~", "tolerance": 0.5},
            "stands",
            "true: 1 ≈ 2 within 0.5",
            False,
        ),
        (
            {"verdict": "not available", "reference": None},
            "gives no figure that we know",
            "measured 1",
            False,
        ),
    ],
)
def test_the_paper_and_the_claim_are_two_questions(change, paper, truth, open_):
    claim = entry("a/b", **change)
    assert scoreboard_rows.paper(claim) == paper
    assert scoreboard_rows.truth(claim).startswith(truth)
    assert scoreboard_rows.is_finding(claim) == open_


def test_every_verdict_says_how_the_paper_fared():
    assert scoreboard_rows.PAPER.keys() == {*VERDICTS, FAILS}


def test_counts():
    every = [dataclasses.replace(MEMORY[0], verdict=word) for word in VERDICTS]
    rows = scoreboard.counts_table([*reversed(every), MEMORY[0]]).rows
    assert rows[:2] == [["holds", "2"], ["sharper than stated", "1"]]
    assert [word for word, _ in rows] == [*VERDICTS, "all"]
    assert rows[-1][1] == str(len(VERDICTS) + 1)


def test_findings():
    rows = scoreboard.findings(MEMORY)
    assert rows == [
        scoreboard.Finding(
            "4a: a slow decay,\nby 64 exponential heads", 0.19, 0.01, 0.3, 1e-5
        ),
        scoreboard.Finding(
            "4a: a slow decay,\nby 1 power-law head", 1e-5, 1e-9, at_most=True
        ),
        scoreboard.Finding(
            "4b: a fast decay,\nby 1 exponential head", best=0.0, at_most=True
        ),
    ]


def test_the_book_makes_the_claims_of_every_published_figure():
    found = scoreboard.findings(stored_results.stored_claims())
    assert len(found) == len(scoreboard.PUBLISHED)
    for one in found:
        assert None not in (one.published, one.trained, one.best), one.setting


@pytest.mark.parametrize("claims", [MEMORY, []])
def test_figure(claims, tmp_path):
    figure = scoreboard.findings_figure(scoreboard.findings(claims))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "mean squared error: further left is better"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [word for word in labels if word != "published, at most"][:3] == [
        "published",
        "trained",
        "best possible",
    ]
    assert ("published, at most" in labels) == bool(claims)
    settings = [row.setting for row in scoreboard.findings(claims)]
    ticks = [text.get_text() for text in axes.get_yticklabels()]
    assert ticks == settings
    assert len(ticks) == (3 if claims else 0)
    figure.savefig(tmp_path / "findings.png")


def test_stored_scoreboard_lists_every_stored_claim():
    path = notebooks.book_directory() / "scoreboard.ipynb"
    page = "\n".join(stored_results.held(notebooks.load(path), "text/html"))
    claims = stored_results.stored_claims()
    chapters = notebooks.notebook_files()
    expected = scoreboard.Scoreboard(claims, chapters)._repr_html_()
    assert expected in page, "run: python -m tapx rerun scoreboard"
    for claim in claims:
        assert f"#{claim.anchor}" in page
