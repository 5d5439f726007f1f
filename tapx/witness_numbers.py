"""Numbers as witnesses store them: exact fractions, and claims on the safe side."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from tapx import decimals

DIGITS = 7
"""Significant digits of a claim, rounded to the safe side."""

Rational = Any  # int, float, Fraction, or what has p and q (flint's fmpq)


def fraction(number: Rational) -> str:
    """A number exactly, as "p/q" or "p"."""
    if hasattr(number, "p") and hasattr(number, "q"):
        number = Fraction(int(number.p), int(number.q))
    return str(Fraction(number))


def fractions(numbers: Iterable[Rational]) -> list[str]:
    """Numbers exactly, as texts."""
    return [fraction(number) for number in numbers]


def rounded(numbers: Iterable[float]) -> list[str]:
    """Numbers that a processor computed, to 12 digits: the same question anywhere.

    Their last digits differ between processors. A stored answer is checked against the
    numbers themselves.
    """
    return [f"{float(number):.12g}" for number in numbers]


def decimal(number: Rational, up: bool = True) -> str:
    """A claim: a number rounded to seven significant digits, to the safe side."""
    exact = Fraction(fraction(number))
    side = "up" if up else "down"
    return f"{decimals.rounded(exact, DIGITS, side):.{DIGITS - 1}e}" if exact else "0"
