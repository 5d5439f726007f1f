"""Records: the hash of what came out, the code that ran, and which are out of date."""

import json
import subprocess

import pytest
import small_book
from small_book import cell, chapter
from small_book import record as record_of

from tapx.chapters import notebooks, record_checks, records, stored_results
from tapx.checks import Refusal


@pytest.fixture
def book(tmp_path):
    return small_book.make(tmp_path)


def planted(record, *path, value):
    """A copy of a record with one value changed."""
    copy = json.loads(records.dumps(record))
    place = copy
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    return copy


def checked(book, *names):
    told = []
    return record_checks.check_records(names, book_dir=book, tell=told.append), told


# The hash of what came out -----------------------------------------------------------


PLANTED = {
    "a result": (("results", 1, "error"), 0.0635),
    "a result's last digit": (("results", 1, "error"), 0.06250000000000001),
    "a claim": (("claims", 0, "measured"), 1.25),
    "a parameter": (("parameters", "heads"), 5),
    "the duration": (("duration_s",), 1.27),
    "the hash": (("results_hash",), "0" * 64),
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_number_is_refused(case, book):
    path, value = PLANTED[case]
    record = record_of()
    small_book.store(record, book)
    assert records.load_record("tiny", book_dir=book) == record
    small_book.store(planted(record, *path, value=value), book)
    with pytest.raises(ValueError, match=r"changed after the run.*repeat the run"):
        records.load_record("tiny", book_dir=book)
    with pytest.raises(ValueError, match="changed after the run"):
        records.stored_records("default", book)
    problems, told = checked(book)
    assert "changed after the run" in problems[0]
    assert told == ["tiny, default: changed or incomplete"]


def test_the_hash_does_not_depend_on_order_or_on_the_machine():
    record = record_of()
    other = dict(reversed(record.items())) | {"machine": {}, "versions": {}}
    assert records.results_hash(other) == record["results_hash"]


READER = """\
from tapx.chapters import records
record = records.load_record("tiny", "smoke")
print(record["results"][0]["error"])
record = records.load_record("tiny", "smoke")"""


def test_the_output_of_a_chapter_repeats_the_hash(book):
    """So a record changed together with its hash does not pass either."""
    small_book.store(record_of("smoke"), book)
    path = book / "reader.ipynb"
    notebooks.save(chapter(cell(READER), id="reader", order=2), path)
    stored = notebooks.execute(path)
    name = "record-tiny-smoke"
    hash = records.load_record("tiny", "smoke", book)["results_hash"]
    assert stored_results.reports_of(stored)[name]["value"] == hash

    stored_record = records.read("tiny", "smoke", book)
    wrong = planted(stored_record, "results", 1, "error", value=7.0)
    wrong["results_hash"] = records.results_hash(wrong)
    small_book.store(wrong, book)
    fresh = notebooks.execute(path)
    lines = stored_results.notebook_differences(stored, fresh)
    assert len(lines) == 1 and name in lines[0]


def test_a_record_that_is_not_stored(capsys):
    assert records.load_if_stored("exp-4a", "none") == {}
    assert "no record of 'exp-4a'" in capsys.readouterr().out
    assert records.load_if_stored("exp-4a", "paper")["chapter"] == "exp-4a"


def test_the_stored_outputs_repeat_the_hashes_of_the_records():
    """Of each record that a chapter reads; none is read without a trace."""
    for entry in notebooks.chapters():
        notebook = notebooks.load(entry.path)
        reading = [c for c in notebook.cells if "records.load_" in c.source]
        named = {
            name: content["value"]
            for name, content in stored_results.reports_of(notebook).items()
            if name.startswith(f"record-{entry.id}-")
        }
        assert bool(reading) == bool(named), f"run: python -m tapx rerun {entry.id}"
        for name, value in named.items():
            profile = name.removeprefix(f"record-{entry.id}-")
            assert records.read(entry.id, profile)["results_hash"] == value


def test_every_stored_record_is_whole():
    folder = notebooks.book_directory() / "records"
    found = sorted(folder.glob("*/*.json"))
    assert len(found) > 20
    for path in found:
        record = records.read(path.stem, path.parent.name)
        assert (record["chapter"], record["profile"]) == (path.stem, path.parent.name)


def test_another_format_is_refused(book):
    small_book.store(planted(record_of(), "format", value=2), book)
    with pytest.raises(ValueError, match="format 2, not 1"):
        records.read("tiny", book_dir=book)


# The code that ran -------------------------------------------------------------------


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_commit_and_state_of_the_tree(tmp_path, monkeypatch):
    nothing = {"commit": None, "clean": None}
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "project"
    (root / "inner").mkdir(parents=True)
    git(root, "init", "--quiet")
    assert records.revision_of(root) == nothing, "no commit yet"
    (root / "a.py").write_text("A = 1\n")
    git(root, "add", "a.py")
    git(root, "commit", "--quiet", "-m", "first")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    found = records.revision_of(root)
    assert len(found["commit"]) == 40 and found["clean"] is True
    (root / "a.py").write_text("A = 2\n")
    assert records.revision_of(root) == {**found, "clean": False}
    assert records.revision_of(root / "inner") == nothing, "inside another project"


def test_no_commit_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    state = records.code_state(small_book.tiny())
    assert (state["commit"], state["clean"]) == (None, None)
    assert len(state["cells"]) == len(state["modules"]) == 64


# Which records are out of date -------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "old", "new", "word"),
    [
        (2, "+ dense", "+ dense + 1", "older than its chapter (cells)"),
        (1, "= 4", "= 5", "older than its chapter (parameters)"),
        (2, "+ dense", "+ dense  # a word", "current"),
    ],
)
def test_a_record_and_a_changed_chapter(place, old, new, word, book):
    small_book.store(record_of(), book)
    notebook = small_book.tiny()
    notebook.cells[place].source = notebook.cells[place].source.replace(old, new)
    notebooks.save(notebook, book / "tiny.ipynb")
    problems, (line,) = checked(book, "tiny")
    assert line.startswith(f"tiny, default: {word}, 2026-01-02, ")
    assert len(problems) == (word != "current")


def test_modules_that_changed(book):
    record = record_of()
    small_book.store(planted(record, "code", "modules", value="0" * 64), book)
    problems, _ = checked(book)
    assert "older than its chapter (modules)" in problems[0]
    assert "python -m tapx rerun tiny" in problems[0]


def test_long_runs_are_only_told_of(book):
    small_book.store(record_of(), book)
    code = record_of("smoke")["code"]
    for ran, word in (
        (None, "of unknown code"),
        (code, "current"),
        ({**code, "cells": ""}, "older than its chapter (cells)"),
    ):
        small_book.store(record_of("smoke", code=ran), book)
        problems, told = checked(book)
        assert problems == []
        assert told[0].startswith(f"tiny, smoke: {word}, 2026-01-02, ")


def test_missing_and_unknown_records_of_default_runs(book):
    problems, told = checked(book)
    assert told == ["tiny, default: missing"] and "no record is stored" in problems[0]
    small_book.store(record_of(code=None), book)
    problems, _ = checked(book)
    assert "of unknown code" in problems[0]
    with pytest.raises(Refusal, match="unknown chapter"):
        checked(book, "tinny")
