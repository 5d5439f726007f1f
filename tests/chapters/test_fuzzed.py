"""Five hundred calls of the command line: whatever is asked, one answer, nothing lost.

Words, values, folders and profiles are drawn, and damage to the files of a book. Each
call ends with a status of the four and no traceback, writes into its output folder
alone, leaves the book as it was, and no record of a run that did not finish. Chapters
are taken as they are stored, as if they had run, but for the real runs at the end.
"""

import json
import os

import playground
import pytest
import small_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapx.chapters import notebooks, parameters, stored_results

pytestmark = pytest.mark.xdist_group(__name__)  # they share what is dear to make
WORDS, DAMAGES = 280, 200
REAL = 500 - WORDS - DAMAGES
SLOW = {"suppress_health_check": [HealthCheck.too_slow]}
DECLARED = parameters.parse(small_book.PARAMETERS)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A book that was executed, with a record, as a reader finds it."""
    book = small_book.make(tmp_path_factory.mktemp("fuzzed"), pages=())
    small_book.rerun(book, "tiny")
    return book


# What is asked ------------------------------------------------------------------------

# fmt: off
ODD = [
    "", " ", "-", "--", "-p", "=",
    "nan", "inf", "-inf", "1e999", "0x10", "1_0", "1_", "9" * 5000, "1" * 30,
    "1.5", "-3", "True", "None", "null", "[]", "[1, 2", "[[1]]", "{}", "1,", ",",
    "1+64", "2:8:3", "1:2:3log", "0:0:0", "a:b:c",
    "nul\0", "λ", "💥", "caf\udce9", "\ud800", "two\nlines", "\x1b[31m",
    "%s", "{0}", "'\"\\", "x" * 300,
]
# fmt: on
texts = st.sampled_from(ODD) | st.text(max_size=6)


def mostly(usual, unusual=texts):
    """The unusual once in eight times, so that most calls get somewhere."""
    return st.integers(0, 7).flatmap(lambda n: unusual if n == 7 else usual)


GOOD = {
    "heads": ["2", "64"],
    "rate": ["0.5", "1e-3"],
    "position": ["lin", "log"],
    "lags": ["3", "[3, 7]"],
    "dense": ["true"],
    "seed": ["7"],
}
good = st.sampled_from([f"{name}={v}" for name, all in GOOD.items() for v in all])
names = mostly(st.sampled_from([*DECLARED, "head", "Heads"]))
assigned = mostly(good, st.builds("{}={}".format, names, texts) | texts)
chapters = mostly(st.just("tiny"), st.just("tinny") | texts)
profiles = mostly(st.sampled_from(["default", "smoke"]), st.just("paper") | texts)
below = texts.filter(lambda name: not os.path.isabs(name) and ".." not in name)
outputs = mostly(
    st.sampled_from(["out", "a/b", "../beside", ".", "./", "out/../out2", "caf\udce9"]),
    below
    | st.sampled_from(["../book", "link", "link/new", "loop/new", "mine", "mine/new"])
    | st.sampled_from(["", "/dev/null/x", "../book/../book/new"]),
)
executions = st.sampled_from([small_book.at_once] * 4 + playground.OTHERWISE)


@st.composite
def commands(draw):
    """Words of a command, and the output folder that they name."""
    chapter, output = draw(chapters), draw(outputs)
    command = draw(st.sampled_from(["run"] * 5 + ["sweep"] * 3 + ["show", "check"]))
    if command in ("show", "check"):
        more = draw(st.lists(texts, max_size=1))
        return [command, chapter, *more, *["--processes", "1"][: 2 * len(more)]], "."
    words = [command, chapter, f"--output={output}"]
    option = "-p" if command == "run" else "--grid"
    for text in draw(st.lists(assigned, max_size=3, unique=True)):
        words += [option, text]
    if draw(st.booleans()):
        words += ["--profile", draw(profiles)]
    extra = ["--force", "--quiet"] if command == "run" else ["--dry-run", "--seeds=2"]
    words += draw(
        st.lists(mostly(st.sampled_from(extra), st.just("--bogus")), max_size=2)
    )
    return words, output


@settings(max_examples=WORDS, **SLOW)
@given(commands(), executions)
def test_no_words_end_in_a_traceback(original, asked, execution):
    words, output = asked
    with playground.at(original, execution) as place:
        status, said = playground.call(place, words, output)
        if status == 2:
            assert said


# What is broken -----------------------------------------------------------------------

FILES = ["tiny.ipynb", "profiles.yml", "records/default/tiny.json"]
COMMANDS = [
    "list",
    "show tiny",
    "run tiny --output out",
    "run tiny --profile smoke --output out",
    "claims",
    "claims --json",
    "check tiny --processes 1",
    "check --records",
    "sweep tiny --dry-run --output out",
    "sweep tiny --grid heads=2,3 --output out",
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def damages(draw):
    """A function that damages a file."""
    how = draw(st.sampled_from(["cut", "bytes", "value", "value", "value", "text"]))
    place, steps = draw(st.floats(0, 1)), draw(st.lists(st.integers(0, 99), min_size=1))
    value, raw = draw(values), draw(st.binary(max_size=9))

    def damage(path):
        data = path.read_bytes()
        at = int(place * len(data))
        if how == "cut":
            path.write_bytes(data[:at])
        elif how == "bytes":
            path.write_bytes(data[:at] + raw + data[at + 3 :])
        elif how == "text":
            path.write_text(json.dumps(value))  # YAML too
        elif path.suffix == ".yml":
            path.write_text(json.dumps({"tiny": {"smoke": {"heads": value}}}))
        else:
            content = json.loads(data)
            changed(content, steps, value)
            path.write_text(json.dumps(content))

    return damage


def changed(content, steps, value):
    """Set a value somewhere in JSON data: each step chooses among what is there."""
    for depth, step in enumerate(steps, 1):
        keys = list(content) if isinstance(content, dict) else range(len(content))
        key = keys[step % len(keys)]
        inner = content[key]
        if depth == len(steps) or not isinstance(inner, dict | list) or not inner:
            content[key] = value
            return
        content = inner


@settings(max_examples=DAMAGES, **SLOW)
@given(st.sampled_from(FILES), damages(), st.sampled_from(COMMANDS))
def test_no_damage_ends_in_a_traceback(original, name, damage, command):
    with playground.at(original, small_book.at_once) as place:
        damage(place / "book" / name)
        playground.call(place, command.split(), "out")


# What really runs ---------------------------------------------------------------------

in_range = st.fixed_dictionaries(
    {},
    optional={
        "heads": st.integers(2, 64),
        "rate": st.floats(1e-3, 2),
        "position": st.sampled_from(["lin", "log"]),
        "lags": st.lists(st.integers(1, 100), min_size=1, max_size=4),
        "dense": st.booleans(),
        "seed": st.integers(0, 1000),
    },
)


@settings(max_examples=REAL, **SLOW)
@given(
    in_range, st.sampled_from(["default", "smoke"]), st.sampled_from(["out", "../b c"])
)
def test_whatever_is_in_range_runs_and_is_recorded(original, chosen, profile, output):
    with playground.at(original) as place:
        words = ["run", "tiny", "--quiet", "--profile", profile, "--output", output]
        for name, value in chosen.items():
            words += ["-p", f"{name}={value}"]
        assert playground.call(place, words, output)[0] == 0
        record = json.loads((place / "here" / output / "tiny.json").read_text("utf-8"))
        assert chosen.items() <= record["parameters"].items()
        notebook = notebooks.load(place / "here" / output / "tiny.ipynb")
        assert len(stored_results.claims_of(notebook, "tiny")) == 1
