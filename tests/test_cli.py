"""The command line: what it prints, where, and with which status."""

import json

import made_tokens
import pytest
import small_book
from click.testing import CliRunner

from tapx import cli_bench
from tapx.chapters import benchmark, notebooks, stored_results, sweeps
from tapx.cli import main

pytestmark = pytest.mark.xdist_group(__name__)  # they share what is dear to make
DATA = 'data: str = ""  # folder of token files, or empty for none, a path'


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    failing = small_book.tiny()
    failing.metadata.tapx.update(id="failing", order=2)
    failing.cells[2].source += "\nif dense:\n    raise RuntimeError('planted')"
    failing.cells[3].source = failing.cells[3].source.replace("/tiny", "/failing")
    reading = small_book.chapter(
        small_book.cell(f"{small_book.PARAMETERS}\n{DATA}", "parameters"),
        small_book.cell("from tapx.experiments.language import token_files"),
        small_book.cell(
            "print(len(token_files.load_tokens(data)[0]) if data else heads)"
        ),
        id="reading",
        order=3,
    )
    folder = tmp_path_factory.mktemp("cli")
    book = small_book.make(
        folder, tiny=small_book.tiny(), failing=failing, reading=reading
    )
    small_book.rerun(book)
    return book


@pytest.fixture
def planted(book):
    """Change the source of one cell of the tiny chapter, until the test ends."""
    path = book / "tiny.ipynb"
    stored = path.read_bytes()

    def plant(place, change):
        notebook = notebooks.load(path)
        notebook.cells[place].source = change(notebook.cells[place].source)
        notebooks.save(notebook, path)

    yield plant
    path.write_bytes(stored)


@pytest.fixture
def profiles(book):
    """Add to the profiles of the book, until the test ends."""
    path = book / "profiles.yml"
    stored = path.read_text()
    yield lambda more: path.write_text(stored + more)
    path.write_text(stored)


@pytest.fixture
def tapx(book, monkeypatch):
    monkeypatch.setenv("TAPX_BOOK", str(book))

    def call(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


def test_list(tapx):
    result = tapx("list")
    assert result.exit_code == 0
    assert "tiny     A tiny chapter" in result.stdout
    assert "the sum of draws" in result.stdout
    assert "scoreboard" not in result.stdout


def test_show(tapx):
    result = tapx("show", "tiny")
    assert result.exit_code == 0
    said = "lags: list[int], each 1 to 100, default [3, 7]\n    lags to remember\n"
    assert said in result.stdout
    assert "profile smoke: heads=2, rate=0.1" in result.stdout


def test_show_is_as_wide_as_the_terminal(tapx, monkeypatch, planted):
    planted(1, lambda source: source.replace("to remember", "that it remembers " * 9))
    monkeypatch.setenv("COLUMNS", "50")
    lines = tapx("show", "tiny").stdout.splitlines()
    assert max(map(len, lines)) <= 50
    assert sum("it remembers" in line for line in lines) > 2


def test_claims(tapx, book):
    result = tapx("claims", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert data == [claim.as_dict() for claim in stored_results.stored_claims(book)]
    assert {"id", "chapter", "statement", "measured", "relation", "reference"} < set(
        data[0]
    )
    assert data[0]["verdict"] == "holds"
    assert len(tapx("claims").stdout.splitlines()) == len(data)


def test_run(tapx, tmp_path):
    result = tapx(
        "run", "tiny", "-p", "heads=3", "-p", "lags=[2, 4]", "--output", tmp_path
    )
    assert result.exit_code == 0
    assert "tiny.ipynb" in result.stdout and "tiny.json" in result.stdout
    assert "cell" in result.stderr, "the progress bar"
    record = json.loads((tmp_path / "tiny.json").read_text())
    assert record["parameters"]["lags"] == [2, 4]


REFUSED = [
    ("run tinny --output OUT", "did you mean 'tiny'"),
    ("show tinny", "did you mean 'tiny'"),
    ("rerun tinny", "did you mean 'tiny'"),
    ("check tinny", "did you mean 'tiny'"),
    ("run tiny -p head=3 --output OUT", "did you mean 'heads'"),
    ("run tiny -p heads --output OUT", "NAME=VALUE"),
    ("run tiny -p =3 --output OUT", "NAME=VALUE"),
    ("run tiny -p heads=3 -p heads=4 --output OUT", "twice"),
    ("run tiny -p heads=x --output OUT", "not a whole number"),
    ("run tiny -p heads=99 --output OUT", "nearest is 64"),
    ("run tiny --profile papr --output OUT", "It has smoke, default"),
    ("run tiny --profile SMOKE --output OUT", "did you mean 'smoke'"),
    ("run tiny --profile-file no.yml --output OUT", "no.yml: cannot be read"),
    ("run tiny --profile-file= --output OUT", "cannot be read"),
    ("run tiny --data ids --output OUT", "'tiny' reads no token files"),
    ("run reading --data idz --output OUT", "did you mean"),
    ("run reading -p data=idz --output OUT", "did you mean"),
    ("run reading --data ids --output OUT", "val.bin has 7 tokens; at least"),
    ("run reading --data ids -p data=ids --output OUT", "keep one of them"),
    ("run reading --data text --output OUT", "train.bin is text"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_refused_before_the_run(tapx, tmp_path, monkeypatch, words, message, book):
    (tmp_path / "ids").mkdir()
    made_tokens.made(tmp_path / "ids", held_back=7)
    (tmp_path / "text").mkdir()
    for name in ("train.bin", "val.bin"):
        (tmp_path / "text" / name).write_text("It is plain text. " * 200)
    monkeypatch.chdir(tmp_path)
    before = small_book.files(book)
    result = tapx(*words.split())
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "OUT").exists()
    assert small_book.files(book) == before


def test_run_on_token_files(tapx, tmp_path, monkeypatch):
    """--data is -p data= with an absolute path: kernels run in another folder."""
    (tmp_path / "ids").mkdir()
    train, _ = made_tokens.made(tmp_path / "ids")
    monkeypatch.chdir(tmp_path)
    for number, words in enumerate((("--data", "ids"), ("-p", "data=ids"))):
        result = tapx("run", "reading", *words, "--output", f"out{number}")
        assert result.exit_code == 0, result.stderr
        record = json.loads((tmp_path / f"out{number}/reading.json").read_text())
        assert record["parameters"]["data"] == str(tmp_path / "ids")
        notebook = (tmp_path / f"out{number}/reading.ipynb").read_text()
        assert f'"{len(train)}\\n"' in notebook


def test_token_files_of_a_sweep_and_of_a_profile(tapx, profiles, tmp_path, monkeypatch):
    """Wherever the folder is named, it is looked into first, and its path is whole."""
    (tmp_path / "ids").mkdir()
    made_tokens.made(tmp_path / "ids")
    monkeypatch.chdir(tmp_path)
    sweep = ("sweep", "reading", "--dry-run", "--grid")
    result = tapx(*sweep, "data=ids,none")
    assert result.exit_code == 2 and "no folder" in result.stderr
    result = tapx(*sweep, "data=ids")
    assert result.exit_code == 0, result.stderr
    assert f"data={tmp_path / 'ids'}" in result.stdout

    profiles("reading: {mine: {data: none}}\n")
    result = tapx("run", "reading", "--profile", "mine", "--output", "out")
    assert result.exit_code == 2 and "no folder" in result.stderr
    assert not (tmp_path / "out").exists()


def test_failure(tapx, tmp_path):
    words = ("run", "failing", "-p", "dense=true", "--quiet", "--output", tmp_path)
    result = tapx(*words)
    assert result.exit_code == 1
    assert "planted" in result.stderr
    assert "failing.failed.ipynb" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["failing.failed.ipynb"]


def test_check_and_rerun(tapx, book, planted):
    result = tapx("check", "tiny", "--processes", "1")
    assert result.exit_code == 0
    assert result.stdout.startswith("tiny: 1 claims, agrees")
    stored = (book / "tiny.ipynb").read_bytes()
    result = tapx("rerun", "tiny")
    assert result.exit_code == 0
    assert (book / "tiny.ipynb").read_bytes() == stored
    planted(2, lambda source: source + "\nvalue += 1")
    result = tapx("check", "tiny")
    assert result.exit_code == 1
    assert "tiny: lemma-F.1/tiny: measured was" in result.stderr


def test_check_records(tapx, book, planted):
    result = tapx("check", "--records", "tiny")
    assert result.exit_code == 0
    assert result.stdout.startswith("tiny, default: current")
    planted(2, lambda source: source + "\nvalue += 1")
    before = small_book.files(book)
    result = tapx("check", "tiny", "--records")
    assert small_book.files(book) == before, "nothing is written or run"
    assert result.exit_code == 1
    assert "older than its chapter (cells)" in result.stderr


def test_note_on_a_claim_that_does_not_hold(tapx, planted, tmp_path):
    planted(3, lambda source: source.replace('">=", 0', '">=", 9'))
    result = tapx("run", "tiny", "-p", "lags=1", "--quiet", "--output", tmp_path)
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "note: lemma-F.1/tiny does not hold with these parameters" in said
    assert "is not ≥ 9 (bound). Claimed is: the sum is positive" in said
    assert "smoke" not in said
    words = ("--profile", "smoke", "-p", "lags=1", "--output", tmp_path / "smoke")
    said = " ".join(tapx("run", "tiny", *words).stdout.split())
    assert "1 of 1 claims do not hold. A smoke run only shows" in said


def test_a_profile_of_ones_own(tapx, profiles, tmp_path, monkeypatch):
    """In a file of one's own, or added to the book's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yml").write_text("tiny:\n  mine: {lags: [1, 2], rate: 1e-2}\n")
    words = ("run", "tiny", "--profile", "mine", "--quiet")
    result = tapx(*words, "--profile-file", "own.yml", "-p", "heads=3")
    assert result.exit_code == 0, result.stderr
    record = json.loads((tmp_path / "runs/tiny/tiny.json").read_text())
    values = {"lags": [1, 2], "rate": 0.01, "heads": 3}
    assert record["parameters"].items() >= values.items()
    assert "-p 'lags=[1, 2]' -p rate=0.01 -p heads=3" in record["command"], (
        "it repeats the run without the file"
    )
    sweep = ("sweep", *words[1:-1], "--profile-file", "own.yml", "--dry-run")
    result = tapx(*sweep, "--grid", "heads=3,4")
    assert result.exit_code == 0, result.stderr
    assert "2 runs, 2 to do" in result.stdout
    plan = sweeps.plan("tiny", ["heads=3,4"], given={"lags": [1, 2]})
    assert [order.given for order in plan.orders] == [
        {"lags": [1, 2], "heads": heads} for heads in (3, 4)
    ]
    assert all(order.given.items() <= order.values.items() for order in plan.orders)
    result = tapx(*words)
    assert result.exit_code == 2
    assert "no profile 'mine'" in result.stderr
    profiles("  mine: {heads: 5}\n")
    assert "profile mine: heads=5" in tapx("show", "tiny").stdout
    assert tapx(*words, "--output", "own").exit_code == 0
    record = json.loads((tmp_path / "own/tiny.json").read_text())
    assert (record["profile"], record["parameters"]["heads"]) == ("mine", 5)


def test_bench(tapx, book, monkeypatch):
    row = {"name": "step", "value": 1234.5}
    monkeypatch.setitem(cli_bench.PARTS, "cell", lambda: [row])
    assert json.loads(tapx("bench", "cell", "--json").stdout) == [row]
    assert "value: 1234.5" in tapx("bench", "cell").stdout

    assert tapx("bench", "cell", "--record").exit_code == 0
    kept = benchmark.stored_row("step", book)
    assert kept["value"] == 1234.5 and kept["machine"]["cores"]
    other = {"name": "other", "value": 1}
    benchmark.store([other], book)
    benchmark.store([row | {"value": 5}], book)
    assert benchmark.stored_row("step", book)["value"] == 5
    assert benchmark.stored_row("other", book)["value"] == 1

    def missing():
        raise ModuleNotFoundError("no", name="x_transformers")

    monkeypatch.setitem(cli_bench.PARTS, "dense", missing)
    result = tapx("bench", "dense")
    assert result.exit_code == 2
    assert "'x_transformers'" in result.stderr
    assert "requirements-bench.txt" in result.stderr

    result = tapx("bench", "sweeps")
    assert result.exit_code == 2
    assert "did you mean 'sweep'" in result.stderr
