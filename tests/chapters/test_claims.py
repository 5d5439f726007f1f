"""What a claim is, and how a certified number is kept."""

from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapx.chapters.claims import INEQUALITIES, KINDS, Claim, evaluate, finite_number

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
        (1.04, "~", 1.0, True),
        (1.06, "~", 1.0, False),
        (-1.04, "~", -1.0, True),
    ],
)
def test_verdict_follows_the_relation(measured, relation, reference, true):
    about = {"tolerance": 0.05} if relation == "~" else {}
    entry = make(measured, relation, reference, verdict="sharper than stated", **about)
    assert entry.verdict == ("sharper than stated" if true else "fails")


def test_no_reference_is_not_available():
    entry = make(reference=None, verdict="holds")
    assert entry.verdict == "not available"
    assert entry.reference is None


def test_anchor_has_neither_slash_nor_point():
    assert make().anchor == "claim-thm-3-1-error"


def test_numpy_numbers_become_python_numbers():
    for number in (numpy.float64(0.5), numpy.float32(0.5), numpy.int64(3)):
        assert type(finite_number("x", number)) is type(number.item())


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind):
    rounding = Fraction(1, 3) if kind == "evaluated" else None
    entry = make(0.1 + 0.2, kind=kind, rounding=rounding)
    again = Claim.from_dict(entry.as_dict(), "thm-3.1")
    assert again.measured == (0.3000001 if kind == "certified" else 0.1 + 0.2)
    assert again.rounding == (1 / 3 if kind == "evaluated" else None)
    assert (again.chapter, again.kind) == ("thm-3.1", kind)
    assert list(entry.as_dict())[:7] == [
        "id", "chapter", "statement", "measured", "relation", "reference", "verdict",
    ]  # fmt: skip


def test_role_and_setting_are_kept_and_left_out_where_they_are_not_given():
    said = {"role": "finding", "setting": "2 layers, 5 seeds"}
    entry = make(kind="trained", verdict="reproduced", **said)
    assert entry.as_dict().items() >= said.items()
    assert Claim.from_dict(entry.as_dict()) == entry
    assert not said.keys() & make().as_dict().keys()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "certified"])
def test_only_certified_numbers_are_rounded(kind):
    entry = make(2 / 3, "<=", 8 / 3, kind=kind)
    assert (entry.measured, entry.reference) == (2 / 3, 8 / 3)


@pytest.mark.parametrize(
    ("measured", "relation", "reference", "kept"),
    [
        (1 / 3, "<", 2 / 3, (0.3333334, 0.6666666)),
        (2 / 3, ">=", 1 / 3, (0.6666666, 0.3333334)),
        (-1 / 3, "<", 1 / 3, (-0.3333333, 0.3333333)),
        (1 / 3, "==", 1 / 3, (0.3333333, 0.3333333)),
        (1 / 3, "<=", None, (0.3333334, None)),
        (0.1, "<=", 0.3, (0.1, 0.3)),  # few digits stay as they are
        (123456789, "<", 1e9, (123456789, 1e9)),
        (Fraction(1, 10) + Fraction(1, 10**30), "<=", 1, (0.1000001, 1)),
        # Seven digits would make these two equal, so more are kept.
        (0.99999999, "<", 1, (0.99999999, 1)),
        (1.00000009, ">", 1.00000001, (1.00000009, 1.00000001)),
        (1.00000001, "==", 1.0, (1.00000001, 1.0)),
    ],
)
def test_certified_numbers_have_seven_digits(measured, relation, reference, kept):
    entry = make(measured, relation, reference)
    assert (entry.measured, entry.reference) == kept


def test_the_verdict_is_that_of_the_number_itself():
    assert make(1.00000001, "==", 1.0).verdict == "fails"
    assert make(1.00000001, "<=", 1.0).verdict == "fails"
    assert make(0.99999999, "<", 1.0).verdict == "holds"


@given(FINITE, st.sampled_from(INEQUALITIES), FINITE)
def test_rounding_is_to_the_safe_side(measured, relation, reference):
    entry = make(measured, relation, reference)
    if relation in ("<", "<="):
        assert entry.measured >= measured and entry.reference <= reference
    else:
        assert entry.measured <= measured and entry.reference >= reference
    again = make(entry.measured, relation, entry.reference)
    assert again.verdict == entry.verdict
    for kept, number in ((entry.measured, measured), (entry.reference, reference)):
        assert abs(kept - number) <= 1e-6 * abs(number)


@given(FINITE, st.sampled_from(["==", "~"]), FINITE)
def test_rounding_to_the_nearest_keeps_the_verdict(measured, relation, reference):
    tolerance = {"tolerance": 0.01} if relation == "~" else {}
    entry = make(measured, relation, reference, **tolerance)
    again = make(entry.measured, relation, entry.reference, **tolerance)
    assert again.verdict == entry.verdict


@pytest.mark.parametrize(
    ("id", "result"),
    [
        ("lemma-F.1/x", "Lemma F.1"),
        ("prop-C.1/a-b", "Proposition C.1"),
        ("thm-3.1/x", "Theorem 3.1"),
        ("exp-1a/x", "Experiment 1a"),
        ("exp/x", ""),
        ("beyond/x", ""),
    ],
)
def test_an_id_names_the_result(id, result):
    assert evaluate(id, 1, "<", 2, "words").result == result
    assert evaluate(id, 1, "<", 2, "words", result="Section 2").result == "Section 2"
