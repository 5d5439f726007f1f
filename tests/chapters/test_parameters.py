"""The parameters cell and its refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_book import PARAMETERS

from tapx.chapters import notebooks, parameters
from tapx.checks import Refusal

DECLARED = parameters.parse(PARAMETERS)
BOOK = [
    parameter
    for entry in notebooks.notebook_files()
    for parameter in parameters.of_notebook(
        notebooks.load(entry.path), entry.id
    ).values()
]
WORDS = sorted({word for parameter in BOOK for word in parameter.choices})
TYPED = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(repr),
    st.sampled_from(WORDS).map(str.upper),
    st.sampled_from(WORDS).map(lambda word: word[:-1]),
    st.decimals(allow_nan=False).map(str),
)


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


def test_a_path_is_any_text():
    source = 'data: str = ""  # folder of ids, or empty for the book\'s own, a path'
    parameter = parameters.parse(source)["data"]
    assert parameter.path and parameter.range == "a path"
    assert parameter.meaning == "folder of ids, or empty for the book's own"
    assert parameter.validate("/some where/else, too") == "/some where/else, too"


def test_resolve_layers():
    values = parameters.resolve(DECLARED, {"heads": "8"}, base={"heads": 2, "seed": 5})
    assert values["heads"] == 8
    assert values["seed"] == 5
    assert values["rate"] == 0.5
    assert list(values) == list(DECLARED)


@given(st.integers(2, 64))
def test_every_allowed_number_passes_as_text(value):
    assert DECLARED["heads"].validate(str(value)) == value


@given(st.integers().filter(lambda value: not 2 <= value <= 64))
def test_every_other_number_is_refused(value):
    with pytest.raises(Refusal, match="out of range"):
        DECLARED["heads"].validate(str(value))


@given(st.sampled_from(BOOK), st.lists(TYPED, min_size=1, max_size=3).map(",".join))
def test_a_nearest_value_is_accepted_when_typed(parameter, text):
    try:
        parameter.validate(text)
    except Refusal as refusal:
        _, said, near = str(refusal).rpartition("; nearest is ")
        if said:
            parameter.validate(near)


def test_every_end_of_a_range_is_told_as_it_may_be_typed():
    for parameter in (one for one in BOOK if one.low is not None):
        for beyond, end in (("-1e300", parameter.low), ("1e300", parameter.high)):
            with pytest.raises(Refusal) as refusal:
                parameter.validate(beyond)
            near = str(refusal.value).rpartition("; nearest is ")[2]
            assert near in parameter.range.replace("each ", "").split(" to ")
            found = parameter.validate(near)
            assert found in (end, [end])


@pytest.mark.parametrize("word", ["LIN", "Lin", "lim"])
def test_case_is_no_distance(word):
    with pytest.raises(Refusal, match=r"nearest is lin$"):
        DECLARED["position"].validate(word)


def test_many_digits_are_out_of_range():
    with pytest.raises(Refusal, match=r"nearest is 64$"):
        DECLARED["heads"].validate("9" * 10_000)


@given(st.text())
def test_no_text_crashes(text):
    for parameter in DECLARED.values():
        try:
            parameter.validate(text)
        except Refusal:
            continue
