"""Passages that two collections of texts share: is the test set in the training set?

Every stretch of 50 characters of the one side is looked up among stretches of the
other, by fingerprints. What matches is compared letter by letter and extended to both
ends, so a reported passage is real, and none of 100 characters is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tapx.experiments.language.corpus import character_codes

STRETCH = 50  # characters of a fingerprint
LEAST = 2 * STRETCH  # characters of a passage
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2 ** 64
_BETWEEN = "\x00"  # between two texts; the two sides take different ones
_END = "\x01"


@dataclass(frozen=True)
class Passage:
    """A passage of the second collection that occurs in the first.

    Attributes:
        text: index of the text in the second collection; start: place in that text.
        other: index of a text of the first collection that has it.
        words: the passage itself.
    """

    text: int
    start: int
    other: int
    words: str


def shared_passages(first: Sequence[str], second: Sequence[str]) -> list[Passage]:
    """All longest passages of `second` that occur in `first`, the longest one first.

    They have 100 characters or more. A passage that lies inside another one of the same
    text is left out.
    """
    left, right = _BETWEEN.join(first), _END.join(second)
    if min(len(left), len(right)) < LEAST:
        return []
    # A shared passage of 2k - 1 characters or more covers, in the first collection, a
    # whole stretch of k that begins at a multiple of k.
    places = np.arange(0, len(left) - STRETCH + 1, STRETCH)
    marks, there = _fingerprints(left)[places], _fingerprints(right)
    order = np.argsort(marks, kind="stable")
    marks, places = marks[order], places[order]
    low = np.searchsorted(marks, there, "left")
    high = np.searchsorted(marks, there, "right")
    found: dict[int, tuple[int, int]] = {}  # start in right: (end, place in left)
    ends: dict[int, int] = {}  # for each diagonal, how far it is read
    for at in np.flatnonzero(high > low).tolist():
        for place in places[low[at] : high[at]].tolist():
            if ends.get(at - place, -1) > at:
                continue
            begin, end = _extended(left, right, place, at)
            ends[at - place] = max(end, at + 1)
            if end - begin >= LEAST and end > found.get(begin, (0, 0))[0]:
                found[begin] = (end, place - (at - begin))
    return _passages(first, second, right, found)


def _fingerprints(text: str) -> np.ndarray:
    """A number for each stretch: sum of code times base to the place, modulo 2^64."""
    codes = character_codes(text).astype(np.uint64) + 1
    powers = np.cumprod(np.full(len(codes), _BASE))
    sums = np.concatenate([[np.uint64(0)], np.cumsum(codes * powers)])
    inverse = np.uint64(pow(int(_BASE), -1, 1 << 64))
    back = np.cumprod(np.full(len(codes), inverse))
    count = len(codes) - STRETCH + 1
    return (sums[STRETCH:] - sums[:count]) * back[:count]


def _extended(left: str, right: str, place: int, at: int) -> tuple[int, int]:
    """The common passage around two places, as begin and end in `right`."""
    begin, end, shift = at, at, place - at
    while begin and begin + shift and right[begin - 1] == left[begin + shift - 1]:
        begin -= 1
    while end < len(right) and end + shift < len(left):
        if right[end] != left[end + shift]:
            break
        end += 1
    return begin, end


def _passages(
    first: Sequence[str],
    second: Sequence[str],
    right: str,
    found: dict[int, tuple[int, int]],
) -> list[Passage]:
    starts = np.cumsum([0, *(len(text) + 1 for text in second)])
    others = np.cumsum([0, *(len(text) + 1 for text in first)])
    passages, reach = [], 0
    for begin, (end, place) in sorted(found.items()):
        if end > reach:
            reach = end
            text = int(np.searchsorted(starts, begin, "right")) - 1
            other = int(np.searchsorted(others, place, "right")) - 1
            start = begin - int(starts[text])
            passages.append(Passage(text, start, other, right[begin:end]))
    return sorted(passages, key=lambda one: -len(one.words))


def covered(passages: Sequence[Passage], second: Sequence[str]) -> float:
    """Part of the characters of `second` that lie in one of the passages, 0 to 1."""
    total = sum(map(len, second))
    inside = {
        (one.text, place)
        for one in passages
        for place in range(one.start, one.start + len(one.words))
    }
    return len(inside) / total if total else 0.0
