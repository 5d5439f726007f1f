"""What no encoding, no closed pipe and no full disk may do: end in a traceback."""

import dataclasses
import json
import os

import playground
import pytest
import small_book
from click.testing import CliRunner
from commands import python
from made_claims import entry

from tapx.chapters import claim_views, notebooks, records, runs
from tapx.cli import main

STATEMENT = "the factor λ ≤ 𝔼[x], façade"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book that claims something in Greek, with a letter beyond 16 bits."""
    tiny = small_book.tiny()
    said = dataclasses.replace(entry("lemma-F.1/tiny"), statement=STATEMENT, chapter="")
    output = small_book.nbformat.v4.new_output("display_data", claim_views.render(said))
    tiny.cells[3].outputs = [output]
    return small_book.make(tmp_path_factory.mktemp("ends"), pages=(), tiny=tiny)


def tapx(book, *words, **options):
    """``python -m tapx`` as a process."""
    variables = {**os.environ, "TAPX_BOOK": str(book), **options.pop("variables", {})}
    return python("-m", "tapx", *words, env=variables, text=False, **options)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "utf-16"])
def test_claims_in_any_encoding(book, tmp_path, encoding):
    for words in (["claims"], ["claims", "--json"]):
        with open(tmp_path / "file", "wb") as file:
            variables = {"PYTHONIOENCODING": encoding}
            done = tapx(book, *words, variables=variables, stdout=file)
        assert (done.returncode, done.stderr) == (0, b"")
        # click takes ASCII for a mistake, and writes UTF-8.
        said = (tmp_path / "file").read_text(encoding.replace("ascii", "utf-8"))
        assert "lemma-F.1/tiny" in said
    (claim,) = json.loads(said)
    assert claim["statement"] == STATEMENT, "as JSON, letter by letter"


def test_an_output_that_is_full(book):
    with open("/dev/full", "wb") as full:
        done = tapx(book, "claims", stdout=full)
    assert (done.returncode, done.stderr) == (2, b"error: No space left on device\n")


def test_a_reader_who_has_enough(book):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as closed:
        done = tapx(book, "claims", stdout=closed)
    assert done.stderr == b"" and done.returncode == 1


def test_no_output_at_all(book):
    done = tapx(book, "claims", stdout=None, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.fixture
def call(book, tmp_path, monkeypatch):
    monkeypatch.setenv("TAPX_BOOK", str(book))
    monkeypatch.setattr(runs, "_papermill", small_book.at_once)
    code = small_book.code()
    monkeypatch.setattr(records, "code_state", lambda *_: code)
    monkeypatch.chdir(tmp_path)
    return lambda *words, **how: CliRunner(**how).invoke(main, list(words))


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("name", ["caf\udce9", "λ", "two\nlines"])
def test_where_the_results_are_is_said_in_any_encoding(call, name, charset):
    done = call("run", "tiny", "--quiet", "--output", name, charset=charset)
    assert done.exit_code == 0, done.output
    assert "tiny.json" in done.stdout
    assert sorted(os.listdir(name)) == ["tiny.html", "tiny.ipynb", "tiny.json"]


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_an_empty_name_is_not_the_default(call, tmp_path, command):
    done = call(command, "tiny", "--output", "")
    assert done.exit_code == 2
    assert "refused: output '' is no folder" in done.stderr
    assert os.listdir(tmp_path) == []


def test_an_empty_folder_of_data_is_not_this_one(call):
    done = call("run", "tiny", "--data", "")
    assert done.exit_code == 2
    assert "--data '' is no folder" in done.stderr


@pytest.mark.parametrize("words", ["run tiny", "run tiny --force", "sweep tiny"])
def test_no_command_writes_into_the_book(book, words):
    with playground.at(book, small_book.at_once) as place:
        own = place / "book"
        places = ("../book", "../book/new", "link", "link/new/..", "link/../book/new")
        for output in (own, own / "new", "../here/../book", *places):
            called = [*words.split(), "--output", str(output)]
            status, said = playground.call(place, called, output)
            assert status == 2
            assert "is in the book" in said


@pytest.mark.parametrize(
    "name", ["x" * 256, "file", "file/below", "file/below/further", "loop"]
)
def test_what_the_system_refuses_is_one_line(call, tmp_path, name):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    words = {"run": "is not a folder that can be written", "sweep": "written"}
    for command in words:
        done = call(command, "tiny", "--output", name)
        assert done.exit_code == 2
        (line,) = done.stderr.splitlines()
        assert line.startswith("refused: output ") and name in line
        assert words[command] in line
    assert sorted(os.listdir(tmp_path)) == ["file", "loop"]
    assert (tmp_path / "file").read_text() == "mine"


def test_an_error_of_the_system_half_way_is_one_line(call, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "/tmp/tapx-run/run.ipynb")

    monkeypatch.setattr(runs, "_papermill", full)
    done = call("run", "tiny", "--quiet")
    assert done.exit_code == 2
    assert done.stderr == ("error: No space left on device: /tmp/tapx-run/run.ipynb\n")
    assert not os.path.exists("runs"), "no empty folder is left"


def test_the_present_folder_is_gone(call, tmp_path):
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        done = call("run", "tiny", "--output", "out")
    finally:
        os.chdir(notebooks.ROOT)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
