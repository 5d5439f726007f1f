"""Output folders: never in the book, one run at a time, nothing of the user's lost."""

import errno
import fcntl
import json
import os
import re
import socket
import subprocess

import pytest
import small_book

from tapx.chapters import notebooks, output_folders, runs
from tapx.chapters.notebooks import ChapterFailed
from tapx.checks import Refusal


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book whose chapter takes no time, and the folder beside it as the present."""
    monkeypatch.setattr(runs, "_papermill", small_book.at_once)
    monkeypatch.chdir(tmp_path)
    return small_book.make(tmp_path)


@pytest.fixture
def fails(monkeypatch):
    """Have the chapter fail from now on."""

    def fail(chapter, *_):
        notebook = notebooks.load(chapter.path)
        raise ChapterFailed(chapter.id, "planted", notebook)

    return lambda: monkeypatch.setattr(runs, "_papermill", fail)


def run(book, output, **options):
    code = small_book.code()  # looked up once: it takes longer than all the rest
    return runs.run("tiny", output=output, book_dir=book, code=code, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# In the book: `test_cli_ends.py` ---------------------------------------------------


def test_beside_and_around_the_book_is_no_book(book):
    for output in ("books", ".", "book/../beside"):
        assert run(book, output).record.is_file()


# One at a time ------------------------------------------------------------------------


def test_the_second_run_in_a_folder_is_refused_and_the_first_named(book, tmp_path):
    who = re.escape(f"'tiny' (process {os.getpid()} on {socket.gethostname()})")
    with output_folders.held(tmp_path / "out", "tiny"):
        with pytest.raises(Refusal, match=f"^output .* is in use by a run of {who}: "):
            run(book, "out")
        assert names(tmp_path / "out") == [output_folders.LOCK]
        assert run(book, "other").record.is_file()
    assert run(book, "out").record.is_file()
    assert names(tmp_path / "out") == ["tiny.html", "tiny.ipynb", "tiny.json"]


def test_a_run_that_was_killed_is_in_nobodys_way(book, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / output_folders.LOCK).write_text('{"process": 1}')
    assert run(book, "out").record.is_file()


# What was there -----------------------------------------------------------------------


def test_folders_made_for_nothing_go(tmp_path):
    (tmp_path / "a").mkdir()
    place = tmp_path / "a" / "b" / "c"
    with pytest.raises(KeyboardInterrupt), output_folders.held(place, "tiny"):
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a"] and names(tmp_path / "a") == []


def test_an_old_result_survives_a_failed_new_one(book, tmp_path, fails):
    run(book, "out")
    before = small_book.files(tmp_path / "out")
    fails()
    with pytest.raises(ChapterFailed):
        run(book, "out", force=True)
    after = small_book.files(tmp_path / "out")
    assert after.pop("tiny.failed.ipynb")
    assert after == before


def test_an_old_result_survives_a_full_disk(book, tmp_path, monkeypatch):
    run(book, "out")
    before = small_book.files(tmp_path)
    written = iter(range(9))

    def full(descriptor):
        if next(written) == 2:  # the third of three files
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(notebooks.os, "fsync", full)
        with pytest.raises(OSError, match=r"No space left.*tiny\.json"):
            run(book, "out", force=True, given={"seed": 9})
    assert small_book.files(tmp_path) == before, "nor is anything left beside it"
    run(book, "out", force=True, given={"seed": 9})
    assert json.loads((tmp_path / "out" / "tiny.json").read_text())["seed"] == 9


def test_a_users_own_failed_notebook_is_kept(book, tmp_path, fails):
    out = tmp_path / "out"
    out.mkdir()
    (out / "tiny.failed.ipynb").write_text("mine")
    fails()
    for _ in range(2):  # the second replaces what the first left
        with pytest.raises(ChapterFailed) as caught:
            run(book, "out")
        assert caught.value.path == out / "tiny.failed-2.ipynb"
    assert (out / "tiny.failed.ipynb").read_text() == "mine"


def test_a_success_removes_what_failed_unless_somebody_changed_it(
    book, tmp_path, fails, monkeypatch
):
    fails()
    for output in ("kept", "gone"):
        with pytest.raises(ChapterFailed):
            run(book, output)
    changed = tmp_path / "kept" / "tiny.failed.ipynb"
    notebook = notebooks.load(changed)
    notebook.cells[-1].source += "\n# my own remark"
    notebooks.save(notebook, changed)
    monkeypatch.setattr(runs, "_papermill", small_book.at_once)
    for output in ("kept", "gone"):
        run(book, output)
    assert "my own remark" in changed.read_text()
    assert not (tmp_path / "gone" / "tiny.failed.ipynb").exists()


@pytest.mark.parametrize("name", ["tiny.ipynb", "tiny.html", "tiny.json"])
def test_force_replaces_what_a_run_wrote_and_nothing_else(book, tmp_path, name):
    run(book, "out")
    before = small_book.files(tmp_path)
    with pytest.raises(Refusal, match=r"tiny.ipynb, tiny.html, tiny.json.*--force"):
        run(book, "out", given={"seed": 9})
    assert small_book.files(tmp_path) == before
    run(book, "out", force=True)
    (tmp_path / "out" / name).write_text('<!doctype html>\n{"mine": true}')
    before = small_book.files(tmp_path)
    with pytest.raises(Refusal, match=f"{name}, which no run wrote"):
        run(book, "out", force=True)
    assert small_book.files(tmp_path) == before


# Names --------------------------------------------------------------------------------

NAMES = {
    "not UTF-8": "caf\udce9",
    "long": "x" * 255,
    "a new line": "two\nlines",
    "a dash": "-p",
    "quotes": 'it\'s "so" \\ $HOME',
    "blank": " ",
    "Greek": "λόγος",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_that_the_file_system_takes(book, tmp_path, name):
    done = run(book, name)
    record = json.loads(done.record.read_text("utf-8"))
    assert os.fsencode(name) in {os.fsencode(path) for path in os.listdir(tmp_path)}
    again = ["bash", "-c", f"printf '%s\\0' {record['command']}"]
    words = subprocess.run(again, capture_output=True, check=True).stdout.split(b"\0")
    assert words[-2] == os.fsencode(name), "the command that repeats it names it"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "'' is no folder: name one"),
        ("x" * 256, "too long"),
        ("a/" * 2100 + "a", "too long"),
        ("nul\0", "null byte"),
        ("\ud800", "surrogates not allowed"),
        ("loop", "(Symlink loop|symbolic links)"),
    ],
)
def test_a_name_that_it_does_not_take(book, tmp_path, name, words):
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(Refusal, match=words):
        run(book, name)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_parameter_that_no_notebook_can_hold(tmp_path):
    """A path that is not UTF-8: refused before the run, and not lost after it."""
    path = 'data: str = ""  # a folder, a path'
    reading = small_book.chapter(small_book.cell(path, "parameters"), id="tiny")
    book = small_book.make(tmp_path, tiny=reading)
    with pytest.raises(Refusal, match=r"'data': '.*udce9' is not valid UTF-8"):
        run(book, tmp_path / "out", given={"data": "caf\udce9"})
    assert not (tmp_path / "out").exists()


def test_home_is_written_as_ever(book, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run(book, "~/out").record == tmp_path / "home/out/tiny.json"
    with pytest.raises(Refusal, match="is in the book"):
        output_folders.check_output("~/../book/out", book)


def test_a_file_system_without_locks(book, monkeypatch):
    def missing(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", missing)
    assert run(book, "out").record.is_file()
