"""The published pages as files: built cleanly, readable without a network."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from published_site import (
    BUILD_SECONDS,
    PAGES,
    RAW_TEX,
    content,
    parsed,
    prose,
)

import tapx
from tapx.registry import ROWS

pytestmark = pytest.mark.published


def test_builds_from_stored_outputs_in_time(built):
    assert built[1] < BUILD_SECONDS


def test_every_page_is_there(site):
    for page in ["index.html", *PAGES]:
        assert (site / page).is_file(), page


# As files ----------------------------------------------------------------------------


def is_external(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in {"http", "https"}


def test_nothing_is_loaded_from_another_host(site):
    sources = ("script", "img", "iframe", "source", "video", "audio", "embed")
    loading = dict.fromkeys(sources, "src") | {"object": "data", "link": "href"}
    for file in site.rglob("*.html"):
        page = parsed(file)
        for name, attribute in loading.items():
            for element in page.find_all(name):
                assert not is_external(element.get(attribute, "")), (file.name, element)
        for element in page.find_all(["script", "style"]):
            text = element.get_text()
            assert "http:" not in text and "https:" not in text, (file.name, text)
    for file in site.rglob("*.css"):
        text = file.read_text(encoding="utf-8")
        found = re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", text)
        assert not found, (file, found)


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_has_alt_text(site, page):
    for image in content(parsed(site / page)).find_all("img"):
        alt = image.get("alt", "").strip()
        name = Path(urlsplit(image["src"]).path).stem
        assert len(alt) >= 10, (page, image)
        assert name not in alt and alt not in image["src"], (page, image)
        assert not re.search(r"[0-9a-f]{16}|\.(?:png|svg|jpe?g)\b", alt), (page, alt)


@pytest.mark.parametrize("page", PAGES)
def test_pictures_are_there(site, page):
    file = site / page
    for image in parsed(file).find_all("img"):
        address = urlsplit(image["src"])
        if address.scheme != "data":
            assert (file.parent / unquote(address.path)).is_file(), (page, image)


@pytest.mark.parametrize("page", PAGES)
def test_no_raw_tex_outside_formulas(site, page):
    text = prose(content(parsed(site / page)), ".math")
    assert not RAW_TEX.search(text), (page, RAW_TEX.findall(text))


def test_internal_links_and_anchors_resolve(site):
    broken = []
    for file in site.rglob("*.html"):
        for link in parsed(file).find_all("a", href=True):
            address = urlsplit(link["href"])
            if address.scheme or address.netloc:
                continue
            target = (file.parent / unquote(address.path)) if address.path else file
            name = unquote(address.fragment)
            if not target.is_file() or (
                name and target.suffix == ".html" and name not in anchors(target)
            ):
                broken.append((file.name, link["href"]))
    assert not broken


@cache
def anchors(file: Path) -> frozenset[str]:
    named = parsed(file).find_all(lambda tag: tag.get("id") or tag.get("name"))
    return frozenset(tag.get(key, "") for tag in named for key in ("id", "name"))


@pytest.mark.parametrize("page", PAGES)
def test_headings_are_in_order(site, page):
    """One title, and no level left out: readers by ear move by headings."""
    headings = content(parsed(site / page)).find_all(re.compile(r"^h[1-6]$"))
    levels = [int(heading.name[1]) for heading in headings]
    assert levels[:1] == [1] and levels.count(1) == 1, (page, levels)
    steps = [after - before for before, after in pairwise(levels)]
    assert max(steps, default=0) <= 1, (page, levels)


def test_only_the_papers_statements_have_its_numbers(site):
    """All others carry a B, so that none can be mistaken for one of the paper's."""
    found = {
        number.get_text().strip()
        for page in PAGES
        for number in parsed(site / page).select(".proof > p > .caption-number")
    }
    own = {one for one in found if re.fullmatch(r"\w+ B\d+\.\d+", one)}
    assert len(own) > 40
    assert found - own <= {row.name for row in tapx.results.values()}
    assert {"Theorem 3.1", "Theorem 4.1", "Theorem 5.1", "Lemma G.6"} <= found


@pytest.mark.parametrize("page", PAGES)
def test_folds_say_what_they_hold(site, page):
    for fold in parsed(site / page).select("details.above-input > summary"):
        shown, hidden = (one.get_text() for one in fold.find_all("p"))
        assert re.fullmatch(r"Show code: [a-z ]+", shown), shown
        assert hidden == shown.replace("Show", "Hide")


def test_the_index_is_filled(site):
    listed = parsed(site / "genindex.html").get_text()
    for term in ("influence", "kernel", "TMX", "certificate", "chain of switches"):
        assert term in listed


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique(site, page):
    ids = [tag["id"] for tag in parsed(site / page).find_all(id=True)]
    assert not {id for id in ids if ids.count(id) > 1}, page


@pytest.mark.parametrize("page", PAGES)
def test_folds_are_named_by_what_they_show(site, page):
    """A label would hide the text of a summary; a list has items."""
    for summary in parsed(site / page).find_all("summary"):
        assert not summary.get("aria-label") and summary.get_text(strip=True), summary
    assert not parsed(site / page).select(".citation-list[role=list]")


@pytest.mark.parametrize("page", PAGES)
def test_mathjax_is_loaded_where_a_formula_is(site, page):
    whole = parsed(site / page)
    loads = bool(whole.select('script[src*="mathjax"]'))
    assert loads == bool(content(whole).select(".math")), page


def weight(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())


def test_pages_are_light(site):
    """A first visit is below a megabyte, with the font of icons; the site below 30."""
    first = site / "book" / "index.html"
    page = parsed(first)
    asked = {tag["src"] for tag in page.select("script[src], img[src]")}
    asked |= {tag["href"] for tag in page.select('link[rel="stylesheet"]')}
    files = {first.parent / unquote(urlsplit(one).path) for one in asked}
    icons = (site / "_static" / "vendor").rglob("fa-solid*.woff2")
    assert weight([first, *files, *icons]) < 1_000_000
    assert weight(site.rglob("*")) < 30_000_000


def test_the_front_page_says_what_was_found(site):
    """Five findings with numbers of the ledger, the paper, and how to cite."""
    page = content(parsed(site / "book" / "index.html"))
    findings = page.select("#what-it-finds ol > li")
    assert len(findings) == 5
    for finding in findings:
        assert finding.select("a.claim-number") and len(finding.find_all("a")) >= 2
        assert finding.get_text(" ", strip=True).count(". ") == 0, "one sentence"
    links = [link["href"] for link in page.find_all("a", href=True)]
    assert "https://arxiv.org/abs/2402.00522" in links
    assert "@inproceedings{wang2024" in page.get_text()


def test_results_and_map_name_every_row(site):
    names = [row.name for row in ROWS.values()]
    for page in ("results", "scoreboard"):
        rows = content(parsed(site / "book" / f"{page}.html")).select(
            "table.paper-table tbody tr"
        )
        assert [row.td.get_text(strip=True) for row in rows] == names
        assert all(row.td.a for row in rows)
    boxes = content(parsed(site / "book" / "map.html")).select(".results-map a text")
    assert sorted(box.get_text() for box in boxes) == sorted(names)
