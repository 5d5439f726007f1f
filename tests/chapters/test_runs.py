"""Runs with parameters: what is written, what is refused, what a failure leaves."""

import json
from datetime import datetime

import pytest
import small_book
from small_book import CLAIM, MEASURE, PARAMETERS, cell, chapter

from tapx.chapters import notebooks, output_folders, parameters, records, runs
from tapx.chapters.notebooks import ChapterFailed
from tapx.checks import Refusal

pytestmark = pytest.mark.xdist_group(__name__)  # they share what is dear to make


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    failing = chapter(
        cell(PARAMETERS, "parameters"),
        cell(MEASURE),
        cell(CLAIM),
        cell("if dense:\n    raise RuntimeError('planted failure')"),
        cell("claims_table()"),
        id="failing",
        order=2,
    )
    bare = chapter(cell("print(1)"), id="bare", order=3)
    folder = tmp_path_factory.mktemp("runs")
    return small_book.make(folder, tiny=small_book.tiny(), failing=failing, bare=bare)


@pytest.fixture(scope="module")
def done(book, tmp_path_factory):
    """One complete run, shared by the tests that only look at it."""
    output = tmp_path_factory.mktemp("done") / "new" / "folder"
    return runs.run("tiny", {"heads": "8", "lags": "5,6"}, output=output, book_dir=book)


def test_a_notebook_is_written_before_and_after_all_cells(book, tmp_path, monkeypatch):
    """And not around each of them, as papermill does."""
    written = []
    write = "papermill.engines.write_ipynb"
    monkeypatch.setattr(write, lambda notebook, path: written.append(path))
    assert runs.run("tiny", output=tmp_path, book_dir=book).claims
    assert len(written) == 2


def test_writes_notebook_and_record(done):
    names = sorted(path.name for path in done.notebook.parent.iterdir())
    assert names == ["tiny.html", "tiny.ipynb", "tiny.json"]
    notebook = notebooks.load(done.notebook)
    injected = notebook.cells[2]
    assert injected.metadata.tags == ["injected-parameters"]
    assert "heads = 8" in injected.source and "lags = [5, 6]" in injected.source
    assert notebook.metadata.tapx.run["status"] == "complete"
    assert notebooks.dumps(notebook) == done.notebook.read_text()


def test_record_is_complete(book, done):
    record = json.loads(done.record.read_text())
    assert tuple(record) == (*records.KEYS, "reports")
    assert record["status"] == "complete"
    assert record["chapter"] == "tiny"
    given = {"heads": 8, "lags": [5, 6]}
    declared = parameters.parse(PARAMETERS)
    assert record["parameters"] == parameters.resolve(declared, given)
    assert record["seed"] == 0
    assert record["profile"] == "default"
    assert record["results_hash"] == records.results_hash(record)
    assert record["code"].keys() == {"commit", "clean", "cells", "modules"}
    source = notebooks.load(book / "tiny.ipynb")
    assert record["code"] == records.code_state(source)
    assert record["command"] == (
        "python -m tapx run tiny -p heads=8 -p lags=5,6 --output folder"
    )
    assert datetime.fromisoformat(record["started"]).tzinfo is not None
    assert 0 < record["duration_s"] < 120
    assert {"python", "tapx", "torch", "numpy"} <= record["versions"].keys()
    assert {*record["machine"]} == {"system", "architecture", "processor", "cores"}
    (claim,) = record["claims"]
    assert claim["id"] == "lemma-F.1/tiny"
    assert claim["measured"] > 11
    assert done.claims[0].as_dict() == claim


def test_profile_and_override(book, tmp_path, capfd):
    where = {"output": tmp_path, "book_dir": book}
    done = runs.run("tiny", {"rate": "0.2"}, profile="smoke", **where)
    assert capfd.readouterr() == ("", ""), "no log lines of papermill"
    record = json.loads(done.record.read_text())
    assert record["profile"] == "smoke"
    assert record["parameters"]["heads"] == 2, "from the profile"
    assert record["parameters"]["rate"] == 0.2, "given, over the profile's 0.1"
    assert "--profile smoke" in record["command"]


def test_one_seed_one_result(book, done, tmp_path):
    """Two runs agree in every byte of the notebook; another seed does not."""
    given = {"heads": "8", "lags": "5,6"}
    again = runs.run("tiny", given, output=tmp_path, book_dir=book)
    assert again.notebook.read_bytes() == done.notebook.read_bytes()
    assert again.claims == done.claims
    other = runs.run("tiny", {"seed": 1}, output=tmp_path / "other", book_dir=book)
    assert other.claims != done.claims


def test_a_chapter_without_parameters_is_refused_and_nothing_written(book, tmp_path):
    """Other refusals: `test_cli.py`."""
    before = small_book.files(book)
    with pytest.raises(Refusal, match=r"bare\.ipynb has no parameters cell"):
        runs.run("bare", output=tmp_path / "out", book_dir=book)
    assert list(tmp_path.iterdir()) == []
    assert small_book.files(book) == before


def test_folder_without_permission(book, tmp_path, monkeypatch):
    """Also for a user who, unlike root, is bound by permissions."""

    def denied(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(output_folders, "open", denied, raising=False)
    with pytest.raises(Refusal, match="Permission denied"):
        runs.run("tiny", output=tmp_path / "a" / "b", book_dir=book)
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_a_marked_notebook_and_no_record(book, tmp_path):
    with pytest.raises(ChapterFailed, match="planted failure") as caught:
        runs.run("failing", {"dense": "true"}, output=tmp_path, book_dir=book)
    assert [path.name for path in tmp_path.iterdir()] == ["failing.failed.ipynb"]
    assert caught.value.path == tmp_path / "failing.failed.ipynb"
    notebook = notebooks.load(tmp_path / "failing.failed.ipynb")
    assert notebook.metadata.tapx.run["status"] == "failed"
    assert notebook.cells[0].source.startswith("**This run failed.**")
    assert "planted failure" in notebook.cells[0].source
    outputs = [one.outputs for one in notebook.cells if one.cell_type == "code"]
    assert [len(output) for output in outputs] == [0, 0, 1, 2, 1, 0]
    assert outputs[4][0].output_type == "error"

    done = runs.run("failing", output=tmp_path, book_dir=book)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"failing.{end}" for end in ("html", "ipynb", "json")], (
        "a success replaces it"
    )
    assert done.claims


def test_command_line_is_safe_for_a_shell():
    line = runs.command_line("tiny", "default", {"lags": "[1, 8]"}, "runs/a b")
    assert line == ("python -m tapx run tiny -p 'lags=[1, 8]' --output 'runs/a b'")
