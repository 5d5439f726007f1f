"""The anatomy of a chapter: two boxes, statements before code, folds, paragraphs."""

import ast
import re
from functools import cache

import pytest
import yaml
from reading_time import minutes
from test_repository import ROOT

import tapx
from tapx.chapters import notebooks, stored_results

FIELDS = [
    "Question",
    "Answer",
    "The number to remember",
    "What you need",
    "Reading time",
]
BOX = re.compile(
    r"^:::\{admonition\} (.+)\n:class: ([\w-]+)\n\n(.+?)\n:::$", re.S | re.M
)
STATEMENT = re.compile(r"^[`:]{3,}\{prf:(?!proof|remark)\w+\}", re.MULTILINE)
LINKS = re.compile(r"\{doc\}`[^`]+`")
LEDGER = {"claim", "claims_table", "keep", "report", "reports"}
MOST_WORDS = 120


def of_the_parts() -> list[str]:
    """The chapters of the parts with a number, by the stems of their files."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    numbered = [part for part in parts if part.get("numbered")]
    return [
        one["file"].removeprefix("book/")
        for part in numbered
        for one in part["chapters"]
    ]


CHAPTERS = of_the_parts()


@cache
def stored(stem):
    return notebooks.load(ROOT / "book" / f"{stem}.ipynb")


def fields(text):
    """A definition list: each term, and what is said of it."""
    return dict(re.findall(r"^(\S.*)\n: ((?:.+\n?)(?:  .+\n?)*)", text, re.MULTILINE))


# The boxes ---------------------------------------------------------------------------


@pytest.fixture(params=CHAPTERS)
def chapter(request):
    return stored(request.param)


def test_a_chapter_opens_in_short(chapter):
    first = chapter.cells[0]
    assert first.id == "in-short"
    title, box = first.source.split("\n\n", 1)
    assert title.splitlines()[-1].startswith("# ")
    name, kind, said = BOX.fullmatch(box).groups()
    assert (name, kind) == ("In short", "in-short")
    assert list(fields(said)) == FIELDS
    assert fields(said)["Question"].strip().endswith("?")


def test_its_number_comes_from_the_run(chapter):
    said = fields(BOX.search(chapter.cells[0].source)[3])
    reported = stored_results.reports_of(chapter)
    used = set(re.findall(r"\{glue:text\}`([\w-]+)`", " ".join(said.values())))
    assert used <= set(reported)
    assert not reported or "{glue:text}" in said["The number to remember"]


def test_it_names_what_comes_before(chapter):
    stem = next(name for name in CHAPTERS if stored(name) is chapter)
    needed = fields(BOX.search(chapter.cells[0].source)[3])["What you need"]
    earlier = ["notation", *CHAPTERS[: CHAPTERS.index(stem)]]
    linked = re.findall(r"\{doc\}`([\w-]+)`", needed)
    assert set(linked) <= set(earlier)
    assert linked or "Nothing" in needed


def test_reading_takes_about_as_long_as_it_says(chapter):
    said = fields(BOX.search(chapter.cells[0].source)[3])["Reading time"]
    stated = int(re.match(r"(\d+) minutes", said)[1])
    assert stated == pytest.approx(minutes(chapter), rel=0.25, abs=2)


def test_a_chapter_ends_with_what_to_remember(chapter):
    last = chapter.cells[-1]
    assert last.id == "to-remember"
    name, kind, said = BOX.fullmatch(last.source).groups()
    assert (name, kind) == ("To remember", "to-remember")
    onward = fields(said)["Where next"]
    assert LINKS.search(onward)
    told = said.split("\n\n")[0]
    assert 2 <= len(re.findall(r"[.?](?=\s|$)", told)) <= 4


# Code --------------------------------------------------------------------------------


def folded(cell):
    return "hide-input" in cell.metadata.get("tags", ())


def is_plumbing(tree):
    """Imports come first in it, or it does nothing but record what was computed."""

    def records(node):
        if isinstance(node, ast.For | ast.If):
            return all(map(records, [*node.body, *node.orelse]))
        called = getattr(getattr(node, "value", None), "func", None)
        return isinstance(node, ast.Expr) and getattr(called, "id", "") in LEDGER

    return all(map(records, tree.body))


def test_the_first_statement_stands_before_visible_code(chapter):
    for cell in chapter.cells:
        if cell.cell_type == "markdown" and STATEMENT.search(cell.source):
            return
        if cell.cell_type == "code":
            assert folded(cell), cell.id
    assert chapter.metadata.tapx.get("page"), "no statement at all"


def test_plumbing_is_folded(chapter):
    code = [cell for cell in chapter.cells if cell.cell_type == "code"]
    for cell in code:
        tree = ast.parse(cell.source)
        imports = isinstance(tree.body[0], ast.Import | ast.ImportFrom)
        tagged = "parameters" in cell.metadata.get("tags", ())
        if tagged or is_plumbing(tree) or (imports and cell in code[:2]):
            assert folded(cell), cell.id


def test_figures_have_a_caption_and_a_name(chapter):
    """One picture a cell: what else a cell shows would get the caption, too."""
    for cell in chapter.cells:
        outputs = cell.get("outputs", ())
        if ["image/png" in one.get("data", {}) for one in outputs] == [True]:
            figure = cell.metadata.mystnb.get("figure", {})
            assert len(figure.get("caption", "").split()) >= 4, cell.id
            assert figure["name"].startswith("fig-"), cell.id


# Prose -------------------------------------------------------------------------------


def paragraphs(source):
    """Paragraphs and items of lists; no code and no tables."""
    prose = re.sub(r"^(`{3,})python.*?^\1", "", source, flags=re.DOTALL | re.MULTILINE)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", prose):
        if not block.strip().startswith("|"):
            yield block


def test_no_paragraph_is_longer_than_a_breath(chapter):
    for cell in chapter.cells:
        if cell.cell_type == "markdown":
            for one in paragraphs(cell.source):
                words = re.sub(r"\$[^$]*\$", "formula", one).split()
                assert len(words) <= MOST_WORDS, (cell.id, len(words), one[:60])


# Titles ------------------------------------------------------------------------------


def test_titles_carry_the_papers_numbers():
    entries = {one.id: one for one in notebooks.chapters()}
    rows = {}
    for row in tapx.results.values():
        rows.setdefault(row.chapter or row.id, []).append(row)
    for id, treated in rows.items():
        title = entries[id].title
        named = [row for row in treated if row.id.partition("-")[2] in title]
        assert named, title
        assert all(row in named for row in treated if row.id == id), title
