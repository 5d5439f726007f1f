"""One way to refuse a word that is not allowed, and one for a number too small."""

import difflib
from collections.abc import Iterable


def one_of(value: str, allowed: Iterable[str], what: str) -> str:
    """The value itself if allowed.

    Args:
        value: the word given.
        allowed: the words that are valid.
        what: what the word stands for, as the message names it.

    Raises:
        ValueError: naming the value, the nearest valid word and all valid words.
    """
    words = list(allowed)
    if value not in words:
        near = difflib.get_close_matches(str(value), words, n=1, cutoff=0.0)
        raise ValueError(
            f"unknown {what} {value!r}; did you mean {near[0]!r}? "
            f"One of {', '.join(words)}"
        )
    return value


def at_least(least: float, **values: float) -> None:
    """Refuse numbers below `least`, each named by its keyword.

    Raises:
        ValueError: naming the number and the least valid one.
    """
    for name, value in values.items():
        if not value >= least:
            raise ValueError(f"{name}={value}: give at least {least}")
