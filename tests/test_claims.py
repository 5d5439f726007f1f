"""What a claim is, and when two numbers agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapx.claims import Claim, agree, evaluate, finite_number

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def make(measured=2.0, relation="<=", reference=3.0, **rest):
    return evaluate("thm-3.1/error", measured, relation, reference, "it is so", **rest)


@pytest.mark.parametrize(
    ("measured", "relation", "reference", "true"),
    [
        (1, "<", 2, True),
        (2, "<", 2, False),
        (2, "<=", 2, True),
        (2, "==", 2, True),
        (2, "==", 2.5, False),
        (2, ">=", 2, True),
        (2, ">", 2, False),
    ],
)
def test_verdict_follows_the_relation(measured, relation, reference, true):
    entry = make(measured, relation, reference, verdict="sharper than stated")
    assert entry.verdict == ("sharper than stated" if true else "fails")


def test_about_is_relative():
    assert make(1.04, "~", 1.0, tolerance=0.05).verdict == "holds"
    assert make(1.06, "~", 1.0, tolerance=0.05).verdict == "fails"
    assert make(-1.04, "~", -1.0, tolerance=0.05).verdict == "holds"


def test_no_reference_is_not_available():
    entry = make(reference=None, verdict="holds")
    assert entry.verdict == "not available"
    assert entry.reference is None


def test_anchor_has_neither_slash_nor_point():
    assert make().anchor == "claim-thm-3-1-error"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"relation": "=<"}, "'<='"),
        ({"source": "printed"}, "'published'"),
        ({"verdict": "hold"}, "nearest is 'holds'"),
        ({"verdict": "fails"}, "allowed is one of"),
        ({"relation": "~"}, "positive relative tolerance"),
        ({"tolerance": 0.1}, "only '~' takes one"),
        ({"rerun_tolerance": "factor ten"}, "'factor 10'"),
        ({"rerun_tolerance": "factor 0.5"}, "'factor 10'"),
        ({"rerun_tolerance": -1.0}, "0 or more"),
        ({"measured": math.nan}, "finite"),
        ({"reference": math.inf}, "finite"),
    ],
)
def test_bad_arguments_are_named(change, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        make(**change)


@pytest.mark.parametrize("id", ["error", "thm/", "thm-3.1/a b", "a/b/c", "/b"])
def test_malformed_id(id):
    with pytest.raises(ValueError, match="result/quantity"):
        evaluate(id, 1.0, "<", 2.0, "it is so")


@pytest.mark.parametrize("value", [True, "1", 1j, None])
def test_only_real_numbers(value):
    with pytest.raises(TypeError, match="finite number"):
        finite_number("measured", value)


def test_numpy_numbers_become_python_numbers():
    import numpy

    assert type(finite_number("x", numpy.float64(0.5))) is float
    assert type(finite_number("x", numpy.float32(0.5))) is float
    assert type(finite_number("x", numpy.int64(3))) is int


def test_round_trip():
    entry = make(chapter_free := 0.1 + 0.2, rerun_tolerance="factor 10")
    again = Claim.from_dict(entry.as_dict(), "thm-3.1")
    assert again.measured == chapter_free
    assert again.chapter == "thm-3.1"
    assert list(entry.as_dict())[:7] == [
        "id", "chapter", "statement", "measured", "relation", "reference", "verdict",
    ]  # fmt: skip


@given(FINITE, st.floats(0, 1))
def test_agree_is_reflexive(value, tolerance):
    assert agree(value, value, tolerance)
    assert agree(value, value, "factor 2")


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_agree_is_symmetric(left, right):
    for allowed in (0.1, "factor 3", "factor 3, floor 1e-5"):
        assert agree(left, right, allowed) == agree(right, left, allowed)


def test_agree_on_a_log_scale():
    assert agree(1e-6, 9e-6, "factor 10")
    assert not agree(1e-6, 11e-6, "factor 10")
    assert not agree(1e-6, -1e-6, "factor 10")
    assert not agree(0.0, 1e-12, "factor 10")
    assert agree(0.0, 1e-12, "factor 10, floor 1e-8")
    assert not agree(0.0, 1e-6, "factor 10, floor 1e-8")
