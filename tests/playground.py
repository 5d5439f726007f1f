"""Calls of the command line beside a book of its own, and what must hold of each."""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import small_book
from click.testing import CliRunner

from tapx import cli_sweep
from tapx.chapters import notebooks, records, runs, sweep_work
from tapx.chapters.notebooks import ChapterFailed
from tapx.cli import main

RESULTS = ("tiny.ipynb", "tiny.html", "tiny.json", "tiny.failed.ipynb")


def failing(chapter, *_):
    raise ChapterFailed(chapter.id, "planted", small_book.at_once(chapter))


def stopped(chapter, *_):
    raise ChapterFailed(chapter.id, runs.INTERRUPTED, small_book.at_once(chapter))


def stopped_early(*_):
    raise KeyboardInterrupt


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


OTHERWISE = [failing, stopped, stopped_early, full]
"""Ways in which an execution does not end well."""


class Cluster:
    """A scheduler that does each run as soon as it is handed out."""

    status = "running"

    def nthreads(self):
        return {"here": 1}

    def submit(self, work, *words, **_):
        return Done(work(*words))

    def cancel(self, futures):
        pass


class Done:
    status = "finished"

    def __init__(self, result):
        self.result = lambda: result

    def done(self):
        return True


@contextlib.contextmanager
def at(original, execution=None):
    """A copy of the book, a folder beside it to stand in, and a way to execute."""
    with (
        tempfile.TemporaryDirectory(prefix="fuzzed-") as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        place = Path(name).resolve()
        shutil.copytree(original, place / "book")
        for folder in ("here", "tmp"):
            (place / folder).mkdir()
        (place / "here" / "mine").write_text("mine")
        (place / "here" / "link").symlink_to(place / "book")
        (place / "here" / "loop").symlink_to("loop")
        code = small_book.code()
        patch.setenv("TAPX_BOOK", str(place / "book"))
        patch.setattr(tempfile, "tempdir", str(place / "tmp"))
        patch.chdir(place / "here")
        patch.setattr(records, "code_state", lambda *_: code)
        if execution:
            patch.setattr(runs, "_papermill", execution)
            patch.setattr(sweep_work, "_code_of", lambda *_: code)
            patch.setattr(notebooks, "execute", small_book.as_stored)
            cluster = contextlib.nullcontext(Cluster())
            patch.setattr(cli_sweep, "_cluster", lambda *_: cluster)
        yield place


def call(place, words, output=None):
    """Call, and see that all that must hold holds; returns status and what was said."""
    before, paths = small_book.files(place), paths_below(place)
    result = CliRunner().invoke(main, words)
    said = result.stdout + result.stderr
    assert result.exit_code in (0, 1, 2, 130), words
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "Traceback" not in said
    after = small_book.files(place)
    assert os.listdir(place / "tmp") == []
    assert {name: after.get(name) for name in before} == before, "nothing is lost"
    new = after.keys() - before.keys()
    changed = paths_below(place) ^ paths  # an empty folder is no file
    assert not any(path.is_relative_to(place / "book") for path in changed)
    if words[0] not in ("run", "sweep"):
        assert not new
    if new:
        folder = (place / "here" / output).resolve()
        assert all((place / name).resolve().is_relative_to(folder) for name in new)
    if words[0] == "run":
        assert not changed or result.exit_code != 2
        check_results(new, after, result.exit_code)
    return result.exit_code, said


def paths_below(folder):
    """All files and folders but what Python compiles for itself."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def check_results(new, after, status):
    names = {name.rpartition("/")[2] for name in new}
    if status == 0:
        assert names == set(RESULTS[:3])
        (record,) = (name for name in new if name.endswith(".json"))
        assert json.loads(after[record])["status"] == "complete"
    else:
        assert names <= {RESULTS[3]}, "no record, and no half of a result"
