"""Broken files of a book: one line that names the file, by each command that reads."""

import json
import os
import shutil

import pytest
import small_book
from click.testing import CliRunner

from tapx.chapters import book_files, notebooks
from tapx.cli import main

EVERY = [
    *("list", "show tiny", "run tiny --output OUT", "claims", "check tiny"),
    *("check --records", "rerun tiny", "sweep tiny --output OUT"),
]
OF_PROFILES = [word for word in EVERY if word.split()[0] not in ("list", "claims")]
OF_PROFILES.remove("check tiny")
OF_RECORDS = ["check --records", "sweep tiny --dry-run --output OUT"]
OF_PARAMETERS = ["show tiny", "run tiny --output OUT", "sweep tiny --output OUT"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    book = small_book.make(tmp_path_factory.mktemp("broken"))
    small_book.store(small_book.record(), book)
    return book


@pytest.fixture
def book(original, tmp_path, monkeypatch):
    """A copy to break, and no way to run anything of it."""
    copy = tmp_path / "book"
    shutil.copytree(original, copy)
    monkeypatch.setenv("TAPX_BOOK", str(copy))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebooks, "execute", None)
    return copy


def refused(commands, *words):
    """Have each command say these words in its one line, and write nothing."""
    before = small_book.files(notebooks.book_directory())
    for command in commands:
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == 2, (command, result.output)
        assert isinstance(result.exception, SystemExit), result.exception
        (line,) = result.stderr.splitlines()
        assert all(word in line for word in words), line
    assert small_book.files(notebooks.book_directory()) == before
    assert not os.path.exists("OUT")


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-40])


def another_encoding(path):
    path.write_bytes(path.read_text("utf-8").encode() + b"\xe9")


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_dangling_link(path):
    path.unlink()
    path.symlink_to("nowhere")


def too_deep(path):
    path.write_text('{"cells": ' + "[" * 100_000)


def a_list(path):
    path.write_text("[1, 2]")


def empty(path):
    path.write_text("")


BROKEN = {
    cut_short: "was cut short",
    another_encoding: "not encoded in UTF-8",
    a_folder: "Is a directory",
    a_dangling_link: "No such file",
    too_deep: "nested too deeply",
    a_list: "no JSON object",
    empty: "is no JSON",
}
FILES = {
    "tiny.ipynb": EVERY,
    "scoreboard.ipynb": EVERY,
    "records/default/tiny.json": OF_RECORDS,
}


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", FILES)
def test_a_notebook_or_a_record(book, name, damage):
    damage(book / name)
    refused(FILES[name], str(book / name), BROKEN[damage])


def change(book, name, *path, value):
    """Set one value deep in a JSON file."""
    data = json.loads((book / name).read_text("utf-8"))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (book / name).write_text(json.dumps(data))


# What the ledger stored, changed so that it cannot even be compared.
ODD_CLAIM = {"application/vnd.tapx.claim+json": {"id": "lemma-F.1/tiny"}}
SOURCE, OUTPUTS = ("cells", 1, "source"), ("cells", 2, "outputs")
MISFITS = [
    (("cells",), {"a": 1}, EVERY),
    (("metadata",), [], EVERY),
    (("metadata", "tapx"), "tiny", EVERY),
    (("metadata", "tapx", "id"), "../escaped", EVERY),
    (("metadata", "tapx", "order"), "first", EVERY),
    (("metadata", "tapx", "shows"), None, EVERY),
    (("cells", 0, "source"), 5, EVERY),
    (("cells", 0, "cell_type"), "poem", EVERY),
    (("cells", 1, "metadata"), None, EVERY),
    (("cells", 1, "metadata", "tags"), "parameters", EVERY),
    (("cells", 3, "outputs"), None, EVERY),
    (OUTPUTS, [{"output_type": "stream"}], EVERY),
    (("cells", 2, "id"), 7, EVERY),
    *(
        (SOURCE, text, OF_PARAMETERS)
        for text in ("heads: int =", "heads = 3", "x: int = '\\")
    ),
    (("cells", 2, "source"), "if heads", [*OF_PARAMETERS[1:], "rerun tiny"], "Python"),
    (
        OUTPUTS,
        [{"output_type": "display_data", "metadata": {}, "data": ODD_CLAIM}],
        ["claims", "claims --json", "check tiny"],
    ),
]


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda one: str(one[:2]))
def test_a_notebook_of_another_form(book, misfit):
    path, value, commands, *words = misfit
    change(book, "tiny.ipynb", *path, value=value)
    refused(commands, str(book / "tiny.ipynb"), *words)


def test_no_metadata_as_after_jupytext(book):
    """Named, and not passed over as if it were no chapter."""
    for name in ("tiny.ipynb", "scoreboard.ipynb"):
        stored = (book / name).read_bytes()
        notebook = json.loads(stored)
        del notebook["metadata"]["tapx"]
        (book / name).write_text(json.dumps(notebook))
        refused(EVERY, str(book / name), "no metadata 'tapx'", "jupytext")
        (book / name).write_bytes(stored)


def test_two_notebooks_that_say_they_are_one(book):
    shutil.copy(book / "tiny.ipynb", book / "copy.ipynb")
    refused(EVERY, str(book / "tiny.ipynb"), "copy.ipynb", "used by two notebooks")


PROFILES = {
    "cut short": ("tiny: [", "is no YAML", "line 1"),
    "tabs": ("tiny:\n\tsmoke: {}", "is no YAML", "line 2"),
    "two documents": ("a: {}\n---\nb: {}", "is no YAML"),
    "a list": ("- tiny", "here stands ['tiny']; the form"),
    "a word": ("tiny", "here stands 'tiny'; the form"),
    "a profile that is a list": ("tiny: {smoke: [1]}", "tiny: smoke: here stands [1]"),
    "a chapter that is a number": ("tiny: 5", "tiny: here stands 5"),
    "a control character": ("tiny: \x07", "is no YAML"),
}


@pytest.mark.parametrize("case", PROFILES)
def test_profiles_of_another_form(book, case):
    text, *words = PROFILES[case]
    (book / "profiles.yml").write_text(text)
    refused(OF_PROFILES, str(book / "profiles.yml"), *words)


@pytest.mark.parametrize("damage", [another_encoding, a_folder, a_dangling_link])
def test_profiles_that_cannot_be_read(book, damage):
    damage(book / "profiles.yml")
    refused(OF_PROFILES, str(book / "profiles.yml"), BROKEN[damage])


RECORDS = {
    ("status",): "failed",
    ("format",): 99,
    ("code",): {"commit": None},
    ("started",): 5,
    ("claims",): None,
}


@pytest.mark.parametrize("path", RECORDS, ids=str)
def test_a_record_of_another_form(book, path):
    name = "records/default/tiny.json"
    if path == ("claims",):
        (book / name).write_text('{"chapter": "tiny"}')
    else:
        change(book, name, *path, value=RECORDS[path])
    refused(OF_RECORDS, str(book / name))


@pytest.mark.parametrize(
    ("name", "commands"),
    [*FILES.items(), ("profiles.yml", OF_PROFILES)],
)
def test_no_permission(book, name, commands, monkeypatch):
    """Also for a user who, unlike root, is bound by permissions."""
    read = type(book).read_text

    def guarded(path, *args, **options):
        if path == book / name:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *args, **options)

    monkeypatch.setattr(type(book), "read_text", guarded)
    refused(commands, str(book / name), "Permission denied")


def test_a_file_where_the_folder_of_records_should_be(book):
    shutil.rmtree(book / "records")
    (book / "records").write_text("")
    refused(OF_RECORDS, "Not a directory", str(book / "records"))


@pytest.mark.parametrize("place", ["nowhere", "file", "pages", "loop", "nul\0"])
def test_where_there_is_no_book(book, tmp_path, monkeypatch, place):
    """Nor where there are pages alone: nothing is checked there."""
    (tmp_path / "file").write_text("")
    (tmp_path / "pages").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    shutil.copy(book / "scoreboard.ipynb", tmp_path / "pages")
    variable = place if "\0" in place else str(tmp_path / place)
    commands = [*EVERY, "check", "rerun", "claims --json"]
    monkeypatch.setattr(notebooks.os, "environ", {**os.environ, "TAPX_BOOK": variable})
    for command in commands:
        result = CliRunner().invoke(main, command.split())
        assert (result.exit_code, result.stdout) == (2, ""), command
        (line,) = result.stderr.splitlines()
        assert "no book" in line
        if place in ("nowhere", "file", "pages"):
            assert "TAPX_BOOK" in line and str(tmp_path / place) in line


def test_reasons_are_one_line():
    assert book_files.reason(ValueError("a\n  b")) == "a b"
    assert book_files.reason(KeyError("id")) == "lacks 'id'"
    assert book_files.reason(ValueError()) == "ValueError"
