"""Exact rational numbers, and balls that contain the truth: one working precision.

A number is kept as the rational that it is. A ball (python-flint) contains the number
it stands for. Where the working precision does not give the digits asked for, it is
doubled; beyond ``MAX_BITS`` a PrecisionError says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from numbers import Integral
from typing import TypeVar

from flint import arb, ctx, fmpq

from tapx import witness_numbers, witnesses
from tapx.witnesses import Entry

MAX_BITS = 1 << 15
Found = TypeVar("Found")
Number = int | float | Fraction | fmpq


class PrecisionError(ArithmeticError):
    """The digits asked for need more bits than allowed."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work with ``bits`` bits inside a ``with`` block."""
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def settled(compute: Callable[[], Found | None], bits: int, what: str) -> Found:
    """Run `compute` at growing precision until what it returns is not None.

    PrecisionError if MAX_BITS bits do not suffice for `what`, as it says.
    """
    while bits <= MAX_BITS:
        with precision(bits):
            result = compute()
        if result is not None:
            return result
        bits *= 2
    raise PrecisionError(f"{MAX_BITS} bits do not suffice for {what}")


def certified(
    compute: Callable[[], arb | None], digits: int = 12, bits: int = 128
) -> arb:
    """Run ``compute``, as `settled`, until its ball has ``digits`` digits."""
    wanted = digits * math.log2(10)

    def enough() -> arb | None:
        ball = compute()
        if ball is None or ball == 0:  # a ball that only contains 0 is not equal to it
            return ball
        return ball if ball.rel_accuracy_bits() >= wanted else None

    return settled(enough, bits, f"{digits} digits")


def square(ball: arb) -> arb:
    """The square; flint's power makes NaN of a ball around 0."""
    return ball * ball


def upper(ball: arb) -> float:
    """The smallest float64 that is surely not below the number in the ball."""
    edge = ball.upper()
    result = float(edge)
    return result if arb(result) >= edge else math.nextafter(result, math.inf)


def lower(ball: arb) -> float:
    """The largest float64 that is surely not above the number in the ball."""
    edge = ball.lower()
    result = float(edge)
    return result if arb(result) <= edge else math.nextafter(result, -math.inf)


def exact(number: Number) -> fmpq:
    """The rational number that ``number`` stands for; ValueError if none."""
    if isinstance(number, fmpq):
        return number
    try:
        ratio = Fraction(number)
    except (OverflowError, ValueError):
        raise ValueError(f"{number!r} is not a finite number") from None
    return fmpq(ratio.numerator, ratio.denominator)


def whole(number: object, what: str) -> int:
    """A whole number, of Python or numpy, as an int; TypeError if it is none."""
    if isinstance(number, bool) or not isinstance(number, Integral):
        raise TypeError(f"{what} must be a whole number, not {number!r}")
    return int(number)


def to_float(number: fmpq) -> float:
    """The float64 nearest to a rational number; an infinity beyond its range."""
    try:
        return float(Fraction(int(number.p), int(number.q)))
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def round_to_bits(number: fmpq, bits: int) -> fmpq:
    """The nearest binary number with ``bits`` significant bits, any exponent."""
    if number == 0:
        return number
    exponent = number.p.bit_length() - number.q.bit_length() - bits
    if abs(number) >= fmpq(2) ** (exponent + bits):
        exponent += 1
    unit = fmpq(2) ** exponent
    return ((number / unit) + fmpq(1, 2)).floor() * unit


def rational(ball: arb) -> fmpq:
    """The midpoint of a ball, an exact binary number, as a rational."""
    mantissa, exponent = ball.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def upper_decimal(ball: arb) -> str:
    """The upper end of a ball as a witness claims it, see `witness_numbers.decimal`."""
    return witness_numbers.decimal(rational(ball.upper()))


def check_at_most(ball: arb, entry: Entry, what: str) -> None:
    """Refuse (WitnessError) an answer unless the ball's number is at most its claim."""
    holds = ball <= arb(exact(Fraction(entry["claim"])))
    witnesses.check(holds, entry, f"{what} of at most")
