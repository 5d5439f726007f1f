"""The parameters cell and its refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_book import PARAMETERS, chapter, tiny

from tapx.chapters import parameters
from tapx.chapters.parameters import ParametersError
from tapx.checks import Refusal

DECLARED = parameters.parse(PARAMETERS)


def test_reads_the_cell():
    assert list(DECLARED) == ["heads", "rate", "position", "lags", "dense", "seed"]
    heads, position, lags = (DECLARED[name] for name in ("heads", "position", "lags"))
    assert (heads.type, heads.default, heads.low, heads.high) == ("int", 4, 2, 64)
    assert heads.meaning == "heads in the block"
    assert heads.range == "2 to 64"
    assert position.choices == ("lin", "log")
    assert position.range == "one of lin, log"
    assert lags.range == "each 1 to 100"
    assert DECLARED["rate"].range == "0.001 to 2"
    assert DECLARED["dense"].range == "true or false"


def test_comment_goes_on_below():
    source = 'word: str = "a b"  # meaning, with comma, one of a b,\n#   c, d\n'
    parameter = parameters.parse(source)["word"]
    assert parameter.choices == ("a b", "c", "d")
    assert parameter.meaning == "meaning, with comma"


@pytest.mark.parametrize(
    ("name", "given_", "value"),
    [
        ("heads", "16", 16),
        ("heads", 16, 16),
        ("rate", "1e-2", 0.01),
        ("rate", "1", 1.0),
        ("rate", 1, 1.0),
        ("position", "log", "log"),
        ("lags", "1,8", [1, 8]),
        ("lags", "[1, 8]", [1, 8]),
        ("lags", "5", [5]),
        ("lags", [2], [2]),
        ("dense", "true", True),
        ("dense", "False", False),
        ("dense", True, True),
    ],
)
def test_accepts(name, given_, value):
    result = DECLARED[name].validate(given_)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("heads", "many", "'many' is not a whole number"),
        ("heads", "1e1", "nearest is 10"),
        ("heads", "2.5", "nearest is 2"),
        ("heads", 2.5, "nearest is 2"),
        ("heads", True, "not a whole number"),
        ("heads", None, "not a whole number"),
        ("heads", "65", "allowed: 2 to 64.*nearest is 64"),
        ("heads", "1", "nearest is 2"),
        ("rate", "nan", "not a number"),
        ("rate", "inf", "not a number"),
        ("rate", "1e999", "not a number"),
        ("rate", float("nan"), "not a number"),
        ("rate", True, "not a number"),
        ("rate", "0", "0.001 to 2.*nearest is 0.001"),
        ("position", "lim", "one of lin, log.*nearest is lin"),
        ("position", 3, "not a word"),
        ("lags", "1,x", "not a list of values, each a whole number"),
        ("lags", "[1, [2]]", "not a list"),
        ("lags", "[1, 2", "not a list"),
        ("lags", "1,101", "101 is out of range.*each 1 to 100.*nearest is 100"),
        ("lags", [], "empty"),
        ("lags", 3, "not a list"),
        ("dense", "yes", "not true or false"),
        ("dense", 1, "not true or false"),
    ],
)
def test_refuses(name, value, words):
    with pytest.raises(Refusal, match=words) as caught:
        DECLARED[name].validate(value)
    assert repr(name) in str(caught.value)


def test_a_path_is_any_text():
    source = 'data: str = ""  # folder of ids, or empty for the book\'s own, a path'
    parameter = parameters.parse(source)["data"]
    assert parameter.path and parameter.range == "a path"
    assert parameter.meaning == "folder of ids, or empty for the book's own"
    assert parameter.validate("/some where/else, too") == "/some where/else, too"
    with pytest.raises(Refusal, match=r"3 is not a word.*allowed: a path"):
        parameter.validate(3)


def test_resolve_layers():
    values = parameters.resolve(DECLARED, {"heads": "8"}, base={"heads": 2, "seed": 5})
    assert values["heads"] == 8
    assert values["seed"] == 5
    assert values["rate"] == 0.5
    assert list(values) == list(DECLARED)


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(
        Refusal, match=r"unknown parameter 'head'.*did you mean 'heads'"
    ):
        parameters.resolve(DECLARED, {"head": 3})


def test_notebook_without_the_cell():
    with pytest.raises(Refusal, match="no parameters cell"):
        parameters.of_notebook(chapter(), "odd.ipynb")
    assert "heads" in parameters.of_notebook(tiny(), "tiny")


@pytest.mark.parametrize(
    "line",
    [
        "heads = 4  # heads, 1 to 9",
        "heads: int = 4",
        "heads: int = 4  # heads",
        "heads: int | None = 4  # heads, 1 to 9",
        "heads: int = 2 + 2  # heads, 1 to 9",
        "heads: int = 4  # heads, 5 to 9",
        "heads: int = 4  # heads, one of 4, 5",
        'word: str = "a"  # a word, 1 to 2',
        "heads: int = 4  # heads, a path",
        "import os",
        "heads: int = 4  # heads, 1 to 9\nheads: int = 4  # heads, 1 to 9",
    ],
)
def test_a_wrong_cell_is_an_error(line):
    with pytest.raises(ParametersError):
        parameters.parse(line)


@given(st.integers(2, 64))
def test_every_allowed_number_passes_as_text(value):
    assert DECLARED["heads"].validate(str(value)) == value


@given(st.integers().filter(lambda value: not 2 <= value <= 64))
def test_every_other_number_is_refused(value):
    with pytest.raises(Refusal, match="out of range"):
        DECLARED["heads"].validate(str(value))


@given(st.text())
def test_no_text_crashes(text):
    for parameter in DECLARED.values():
        try:
            parameter.validate(text)
        except Refusal:
            continue
