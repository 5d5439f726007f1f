"""Refusals name the value, what is allowed, and the nearest valid choice."""

from tapx.checks import at_least, one_of


def test_an_allowed_word_passes():
    assert one_of("lin", ("lin", "log"), "position") == "lin"


def test_numbers_large_enough_pass():
    at_least(1, heads=1, width=7)
