"""How wrong input is refused, and the fewest of which enough is enough."""

import difflib
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any


class Refusal(ValueError):
    """A request that is refused before anything is run or written."""


def one_of(
    value: str,
    allowed: Iterable[str],
    what: str,
    error: type[ValueError] = ValueError,
) -> str:
    """The value itself if allowed.

    Args:
        value: the word given.
        allowed: the words that are valid.
        what: what the word stands for, as the message names it.
        error: of which class the error is.

    Raises:
        ValueError: naming the value, the nearest valid word and all of them.
    """
    words = list(allowed)
    if value not in words:
        valid = "there is none"
        if words:
            hint = f"did you mean {nearest_word(str(value), words)!r}?"
            valid = f"{hint} One of {', '.join(words)}"
        raise error(f"unknown {what} {value!r}; {valid}")
    return value


def nearest_word(word: str, words: Iterable[str]) -> str:
    """The one of some words, at least one, that is most like `word`, case aside."""
    folded = {one.casefold(): one for one in words}
    return folded[difflib.get_close_matches(word.casefold(), folded, 1, 0.0)[0]]


def at_least(least: float, **values: float) -> None:
    """Refuse numbers below `least` and infinite ones (ValueError), named by keyword."""
    for name, value in values.items():
        if not least <= value < math.inf:
            raise ValueError(f"{name}={value}: give at least {least}")


def above(bound: float, **values: float) -> None:
    """Refuse numbers not above `bound` and infinite ones (ValueError), by keyword."""
    for name, value in values.items():
        if not bound < value < math.inf:
            raise ValueError(f"{name}={value}: give a finite number above {bound}")


def check_lags(lags: Sequence[int]) -> tuple[int, ...]:
    """The lags as a tuple of positive whole numbers, all different.

    Raises:
        ValueError: no lag, a lag below 1, or a lag named twice.
        TypeError: a lag that is no whole number.
    """
    given: tuple[Any, ...] = tuple(lags)
    if not given:
        raise ValueError("at least one memory lag is needed, none was given")
    for lag in given:
        if isinstance(lag, bool) or not isinstance(lag, Integral):
            raise TypeError(f"memory lags are whole numbers, not {lag!r}")
        if lag < 1:
            raise ValueError(
                f"memory lag {lag} is below 1; the current token (lag 0) is always "
                "given to the readout and needs no memory"
            )
    if len(set(given)) < len(given):
        raise ValueError(f"memory lags must differ, not {list(given)}")
    return tuple(map(int, given))


MOST = 10**9
"""Where a search for the fewest gives up."""


def fewest(enough: Callable[[int], bool], most: int = MOST) -> int | None:
    """The least number that is enough, found by doubling and halving.

    Args:
        enough: says whether a number is; a larger one never turns it false.
        most: where the search gives up.

    Returns:
        The number, from 1 on, or None if not even `most` are enough.
    """
    high = 1
    while not enough(high):
        high *= 2
        if high > most:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
