"""Refusals name the value, what is allowed, and the nearest valid choice."""

import math

import pytest

from tapx.checks import Refusal, above, at_least, one_of


def test_an_allowed_word_passes():
    assert one_of("lin", ("lin", "log"), "position") == "lin"


def test_another_word_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="unknown position 'lim'; did you mean 'lin'"):
        one_of("lim", ("lin", "log"), "position")
    with pytest.raises(Refusal, match="unknown chapter 'one'; there is none"):
        one_of("one", (), "chapter", Refusal)


def test_numbers_too_small_are_refused_by_name():
    at_least(1, heads=1, width=7)
    with pytest.raises(ValueError, match="width=0: give at least 1"):
        at_least(1, heads=1, width=0)
    with pytest.raises(ValueError, match="rate=nan"):
        at_least(0, rate=math.nan)
    with pytest.raises(ValueError, match="rate=0: give more than 0"):
        above(0, size=1, rate=0)
