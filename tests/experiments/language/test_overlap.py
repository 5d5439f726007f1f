"""Shared passages: found where they are, at their full length, against brute force."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapx.experiments.language import overlap

LETTERS = list("abcdefghij ")


def noise(seed: int, length: int) -> str:
    return "".join(np.random.default_rng(seed).choice(LETTERS, size=length))


@given(st.integers(0, 200), st.integers(0, 200), st.integers(100, 300))
def test_finds_a_planted_passage(before, after, length):
    planted = noise(1, length)
    first = [noise(2, 70), noise(3, before) + planted + noise(4, after)]
    second = [noise(5, 90) + planted + noise(6, 40), noise(7, 500)]
    (found,) = overlap.shared_passages(first, second)
    assert (found.text, found.other) == (0, 1)
    assert planted in found.words
    assert second[0][found.start :].startswith(found.words)
    assert found.words in first[1]
    assert len(found.words) < length + 20
    share = overlap.covered([found], second)
    assert share == len(found.words) / sum(map(len, second))


def test_shorter_passages_and_borders():
    planted = noise(1, 99)
    assert overlap.shared_passages([planted + noise(2, 50)], [planted]) == []
    whole = noise(1, 400)
    first, second = [whole[:150], whole[150:]], [whole[:120], whole[120:]]
    found = overlap.shared_passages(first, second)
    places = [(one.text, one.other, len(one.words)) for one in found]
    assert places == [(1, 1, 250), (0, 0, 120)]


def test_repeats_are_counted_once():
    unit = noise(1, 60)
    first, second = [unit * 10], [unit * 3]
    found = overlap.shared_passages(first, second)
    assert [one.words for one in found] == [unit * 3]
    assert overlap.covered([*found, *found], second) == 1.0


def test_nothing_to_compare():
    assert overlap.shared_passages([], ["a" * 200]) == []
    assert overlap.shared_passages(["a" * 200], [""]) == []
    assert overlap.covered([], []) == 0.0
