"""Re-running in place and checking: planted failures and planted numbers."""

import json
import os

import pytest
import small_book
from small_book import CLAIM, MEASURE, PARAMETERS, cell, chapter

from tapx.chapters import code_hash, notebooks, records, reruns, stored_results
from tapx.checks import Refusal

pytestmark = pytest.mark.xdist_group(__name__)  # they share what is dear to make
PAGE_CLAIM = CLAIM.splitlines()[0].replace("lemma-F.1/tiny", "trust/page")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A small book with stored outputs and what the rerun told."""
    two = chapter(
        cell(PARAMETERS.replace("seed: int = 0", "seed: int = 1"), "parameters"),
        cell(MEASURE),
        cell(CLAIM.replace("/tiny", "/second")),
        id="second",
        order=2,
    )
    book = small_book.make(
        tmp_path_factory.mktemp("rerun"), tiny=small_book.tiny(), two=two
    )
    return book, small_book.rerun(book)


@pytest.fixture
def book(executed, tmp_path):
    """A copy of it, to plant in."""
    original, _ = executed
    copy = tmp_path / "book"
    small_book.shutil.copytree(original, copy)
    return copy


def test_rerun_stores_outputs_records_and_pages(executed):
    book, told = executed
    # The page *How to check us* makes claims too, but has no record of its own.
    every = stored_results.stored_claims(book)
    claims = [claim for claim in every if claim.chapter != "trust"]
    assert [(claim.id, claim.chapter) for claim in claims] == [
        ("lemma-F.1/tiny", "tiny"),
        ("lemma-F.1/second", "second"),
    ]
    assert [line.split(":")[0] for line in told[2:]] == ["trust", "scoreboard"]
    for claim in claims:
        record = records.load_record(claim.chapter, book_dir=book)
        assert tuple(record) == records.KEYS
        assert record["claims"] == [claim.as_dict()]
        assert record["command"] == f"python -m tapx rerun {claim.chapter}"
        assert record["results_hash"] == records.results_hash(record)
        name = claim.chapter.replace("second", "two")
        hashes = code_hash.of_notebook(notebooks.load(book / f"{name}.ipynb"))
        assert record["code"].items() >= hashes.items()
    stored = [record["chapter"] for record in records.stored_records(book_dir=book)]
    assert stored == ["tiny", "second"]
    scoreboard = (book / "scoreboard.ipynb").read_text()
    for claim in claims:
        assert claim.anchor in scoreboard
    for path in book.glob("*.ipynb"):
        assert path.read_text() == notebooks.dumps(notebooks.load(path))


def test_the_longest_chapter_begins(book):
    """As its record says; one that cannot be read decides nothing."""
    path = records.path("second", "default", book)
    record = json.loads(path.read_text())
    longer = record | {"duration_s": 1000.0}
    hashed = longer | {"results_hash": records.results_hash(longer)}
    path.write_text(records.dumps(hashed))
    entries = notebooks.chapters(book)
    assert max(entries, key=reruns._seconds(book)).id == "second"
    path.write_text("{")
    assert list(map(reruns._seconds(book), entries)) == [0.0, 0.0]


def test_rerun_of_one_changes_no_other(book):
    before = small_book.files(book)
    small_book.rerun(book, "tiny")
    after = small_book.files(book)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"records/default/tiny.json", "trust.ipynb"}


def test_failing_cell_leaves_the_stored_notebook(book):
    path = book / "tiny.ipynb"
    notebook = notebooks.load(path)
    notebook.cells[2].source += "\nraise RuntimeError('planted failure')"
    notebooks.save(notebook, path)
    before = path.read_bytes(), records.load_record("tiny", book_dir=book)
    told = []
    failures = reruns.rerun(["tiny"], book_dir=book, tell=told.append)
    assert "planted failure" in failures[0]
    assert "tiny: failed; the stored notebook is unchanged" in told
    assert (path.read_bytes(), records.load_record("tiny", book_dir=book)) == before
    problems = reruns.check(["tiny"], book_dir=book, tell=told.append)
    assert "planted failure" in problems[0]


def test_a_duplicate_claim_is_not_stored(book):
    path = book / "tiny.ipynb"
    notebook = notebooks.load(path)
    notebook.cells[3].source += "\n" + CLAIM.splitlines()[0]
    notebooks.save(notebook, path)
    before = path.read_bytes()
    failures = quiet(reruns.rerun, "tiny", book=book)
    assert "made twice" in failures[0]
    assert path.read_bytes() == before


def quiet(command, *names, book):
    return command(names, book_dir=book, tell=lambda line: None)


def test_check_agrees_and_writes_nothing(book):
    before = small_book.files(book)
    told = []
    assert reruns.check(book_dir=book, tell=told.append) == []
    assert {line.split(",")[0] for line in told} == {
        "tiny: 1 claims",
        "second: 1 claims",
        "trust: 2 claims",
    }
    assert small_book.files(book) == before


def test_check_finds_a_planted_number(book):
    """In the last digit of a certified one; all others: `test_stored_results.py`."""
    stored = stored_results.stored_claims(book)[0].measured
    notebook = notebooks.load(book / "tiny.ipynb")
    small_book.change_claim(notebook, "lemma-F.1/tiny", measured=stored + 1e-5)
    notebooks.save(notebook, book / "tiny.ipynb")
    problems = quiet(reruns.check, "tiny", book=book)
    assert any("certified numbers must be equal" in problem for problem in problems)


def test_check_finds_a_number_that_is_not_the_one_shown(book):
    path = book / "tiny.ipynb"
    path.write_text(path.read_text().replace('"reference": 0', '"reference": 0.5'))
    with pytest.raises(stored_results.LedgerError, match="not what the stored data"):
        quiet(reruns.check, "tiny", book=book)


def test_no_process_is_refused(book):
    with pytest.raises(Refusal, match="processes is 0"):
        list(reruns.execute_all(notebooks.chapters(book), 0))


def test_incomplete_record_is_refused(book):
    path = records.path("tiny", "default", book)
    record = json.loads(path.read_text())
    for wrong in ({**record, "status": "failed"}, {"status": "complete"}):
        path.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match="not a complete run"):
            records.load_record("tiny", book_dir=book)
    with pytest.raises(FileNotFoundError, match="profile 'paper'"):
        records.load_record("tiny", "paper", book_dir=book)


ASKS = """\
import os
print(os.environ.get("TAPX_FOUND"))"""


@pytest.mark.parametrize("given", [None, "store"])
def test_default_runs_search_nothing(tmp_path, monkeypatch, given):
    """Unless the book's author has new results stored; the variable is restored."""
    monkeypatch.delenv("TAPX_FOUND", raising=False)
    if given:
        monkeypatch.setenv("TAPX_FOUND", given)
    asking = chapter(cell(PARAMETERS, "parameters"), cell(ASKS))
    book = small_book.make(tmp_path, tiny=asking)
    small_book.rerun(book, "tiny")
    (output,) = notebooks.load(book / "tiny.ipynb").cells[2].outputs
    assert output.text.strip() == (given or "require")
    assert os.environ.get("TAPX_FOUND") == given


def test_a_page_that_makes_a_claim_counts(book):
    """It is listed after the chapters, stored once, and checked like one."""
    page = chapter(cell(MEASURE.replace("= np", "= 0 * np")), cell(PAGE_CLAIM))
    page.metadata.tapx = {"page": True, "shows": "a page"}
    page.cells.insert(1, cell(PARAMETERS, "parameters"))
    notebooks.save(page, book / "aside.ipynb")
    small_book.rerun(book, "aside")
    listed = [(c.id, c.chapter) for c in stored_results.stored_claims(book)]
    assert ("trust/page", "aside") in listed[2:]  # after the two chapters'
    assert len(listed) == 5
    told = []
    assert reruns.check(book_dir=book, tell=told.append) == []
    pages = {"aside", "trust"}
    assert {line.split(":")[0] for line in told} == {"tiny", "second"} | pages
