"""The published pages as a browser without a network shows them."""

import os
from itertools import product

import pytest
from browsing import CUT, SCHEMES, WIDTHS, fits, opened, violations
from bs4 import BeautifulSoup
from published_site import PAGES, RAW_TEX, content, parsed, prose

pytestmark = pytest.mark.published

TEN = [
    f"book/{name}.html"
    for name in (
        "index",
        "ten-minutes",
        "kernels",
        "theorem-3-1",
        "experiment-4a",
        "results",
        "map",
        "scoreboard",
        "practical-guide",
        "bibliography",
    )
]
EVERY = bool(os.environ.get("TAPX_EVERY_PAGE"))
"""Whether every page is looked at in every form: `make pages-all`."""
FOCUSED = """(() => {
  const one = document.activeElement;
  return [one.tagName, one.innerText, Boolean(one.closest('.math, mjx-container'))];
})()"""


@pytest.mark.parametrize("page", PAGES)
def test_a_page_on_a_phone_in_the_dark(site, browser, page):
    """Formulas set, nothing cut without a cue, and nothing severe to axe."""
    with opened(browser, site / page, width=360, scheme="dark") as shown:
        assert fits(shown, 360, "dark")
        assert not shown.evaluate(CUT)
        article = content(BeautifulSoup(shown.content(), "html.parser"))
        assert not violations(shown, code=EVERY or page in TEN)
    written = len(content(parsed(site / page)).select(".math"))
    assert len(article.find_all("mjx-container")) >= written
    assert not article.find_all(["mjx-merror", "merror"])
    assert not article.select(":is(.math, mjx-container)[tabindex]:not([data-more])")
    text = prose(article, "mjx-container")
    assert not RAW_TEX.search(text), (page, RAW_TEX.findall(text))


@pytest.mark.parametrize("page", PAGES if EVERY else TEN)
def test_a_page_fits_every_width(site, browser, page):
    with opened(browser, site / page) as shown:
        forms = product(WIDTHS, SCHEMES)
        assert not [form for form in forms if not fits(shown, *form)]
        if EVERY:
            assert not violations(shown)


def test_a_box_says_where_there_is_more(site, browser):
    """The fade moves to the other edge when all that was hidden is seen."""
    with opened(browser, site / "book" / "map.html", width=360) as shown:
        box = shown.locator(".results-map")
        assert box.get_attribute("data-more") == "right"
        box.evaluate("one => { one.scrollLeft = one.scrollWidth }")
        shown.wait_for_selector('.results-map[data-more="left"]')
        shown.set_viewport_size({"width": 1440, "height": 800})
        shown.wait_for_selector(".results-map:not([data-more])")


def test_a_formula_is_reached_by_keys_only_while_it_is_cut(site, browser):
    reached = ".bd-article :is(.math, mjx-container)[tabindex]"
    with opened(browser, site / "book" / "kernels.html", width=360) as shown:
        assert shown.locator(reached).count() > 0
        shown.set_viewport_size({"width": 1920, "height": 800})
        shown.wait_for_function(f"!document.querySelector('{reached}')")


@pytest.mark.parametrize(
    ("phrase", "page", "place"),
    [
        ("Theorem 3.1", "theorem-3-1", 1),
        ("Theorem 4.1", "theorem-4-1", 1),
        ("Proposition 4.3", "proposition-4-3", 1),
        ("Lemma F.1", "kernels", 1),
        ("Experiment 4a", "experiment-4a", 1),
        ("Barron norm", "barron-functions", 3),
        ("heavy tail", "experiment-4a", 3),
        ("scoreboard", "scoreboard", 3),
        ("sweep Slurm", "sweeps", 3),
        ("errata", "errata", 3),
    ],
)
def test_a_search_finds_its_page(site, browser, phrase, page, place):
    """What the paper numbers comes first, and says nothing at the console."""
    with opened(browser, site / "search.html", "?q=" + phrase) as shown:
        said = "document.querySelector('#search-results > p')?.innerText"
        shown.wait_for_function(said + "?.includes('finished')")
        links = shown.locator("#search-results ul.search > li > a").all()
        found = [link.get_attribute("href") for link in links[:place]]
    assert any(link.startswith(f"book/{page}.html") for link in found), found


def test_the_keyboard_goes_through_a_page(site, browser):
    """First past the menus, then link by link; no formula is in the way."""
    seen = []
    with opened(browser, site / "book" / "kernels.html") as shown:
        assert not shown.locator("[tabindex]").evaluate_all(
            "all => all.filter(one => one.tabIndex > 0).length"
        )
        for _ in range(60):
            shown.keyboard.press("Tab")
            seen.append(shown.evaluate(FOCUSED))
    assert seen[0] == ["A", "Skip to main content", False]
    assert not [one for one in seen if one[2]]
    assert len({str(one) for one in seen}) > 40


def test_a_term_says_what_it_means(site, browser):
    """To a mouse and to the keyboard; Escape and leaving take it away."""
    with opened(browser, site / "book" / "kernels.html") as shown:
        term, note = shown.locator("a.defined").first, shown.locator("#term-note")
        term.hover()
        assert note.inner_text() == term.get_attribute("data-definition") != ""
        shown.keyboard.press("Escape")
        assert not note.is_visible()
        term.focus()
        assert note.is_visible()
        assert term.get_attribute("aria-describedby") == "term-note"
        term.blur()
        assert not note.is_visible()


def test_a_page_on_paper_is_what_its_author_wrote(site, browser):
    """No menus, no switches, nothing faded; folds of code stay shut."""
    with opened(browser, site / "book" / "theorem-3-1.html", width=794) as shown:
        shown.emulate_media(media="print")
        for bar in (".bd-sidebar-primary", ".bd-header-article", ".code-switch"):
            assert not shown.locator(bar).first.is_visible(), bar
        masks = shown.locator("[data-more]").evaluate_all(
            "all => all.map(one => getComputedStyle(one).maskImage)"
        )
        assert set(masks) <= {"none"}
        assert shown.locator(".in-short").is_visible()
        assert shown.pdf(format="A4").startswith(b"%PDF")


def test_one_switch_shows_or_hides_all_code(site, browser):
    with opened(browser, site / "book" / "theorem-3-1.html") as shown:
        folds = shown.locator("details.hide.above-input")
        cells = shown.locator("div.cell_input")

        def choose(value):
            shown.check(f'fieldset.code-switch input[value="{value}"]')
            opened = folds.evaluate_all("all => all.filter(one => one.open).length")
            return opened, cells.first.is_visible()

        assert folds.count() > 0
        assert choose("all") == (folds.count(), True)
        assert choose("none")[1] is False
        assert choose("written")[0] == 0
    with opened(browser, site / "book" / "notation.html") as shown:
        assert shown.locator(".code-switch").count() == 0


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("?verdict=reproduced", lambda row: row["data-verdict"] == "reproduced"),
        ("?kind=timed&chapter=cost", lambda row: row["data-kind"] == "timed"),
        ("?word=float32", lambda row: "float32" in row.get_text()),
    ],
)
def test_the_scoreboard_is_filtered(site, browser, query, fits):
    with opened(browser, site / "book" / "scoreboard.html", query) as page:
        article = content(BeautifulSoup(page.content(), "html.parser"))
    rows = article.select("tr[data-verdict]")
    shown = [row for row in rows if not row.has_attr("hidden")]
    assert 0 < len(shown) < len(rows)
    assert all(fits(row) for row in shown)
    status = article.select_one('[role="status"]').get_text()
    assert status == f"{len(shown)} of {len(rows)} claims"
    for row in shown:  # what is found is seen
        assert all(fold.has_attr("open") for fold in row.find_parents("details"))
