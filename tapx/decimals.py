"""Decimal texts of certified numbers, rounded to the safe side.

A bound that is printed with four digits must still be a bound: an upper one is rounded
up, a lower one down. `outward` writes such a text; `rounded` gives the number itself.
"""

from __future__ import annotations

import decimal
import math
import numbers
from decimal import Decimal
from fractions import Fraction
from typing import Any

DIRECTIONS = {
    "up": decimal.ROUND_CEILING,
    "down": decimal.ROUND_FLOOR,
    "nearest": decimal.ROUND_HALF_EVEN,
}


def outward(value: Any, digits: int = 4, up: bool = True) -> str:
    """The text of a number, rounded to the safe side.

    Args:
        value: a real number (int, float, Fraction, Decimal, a numpy number), or an
            fmpz, fmpq or arb of python-flint, of which the outer end is written. A
            float stands for its shortest decimal text: 0.1 is "0.1", not "0.1001".
        digits: significant digits, at least 1. Zeros at the end are left out.
        up: whether the text must be at least the value; else at most.

    Returns:
        The text, as the format "g" writes it: "0.1235", "1.235e-07".

    Raises:
        TypeError: not a real number.
        ValueError: not finite, or no digits.

    Example:
        >>> tapx.outward(2 / 3, 3), tapx.outward(2 / 3, 3, up=False)
        ('0.667', '0.666')
    """
    if digits < 1:
        raise ValueError(f"digits is {digits!r}: allowed is 1 or more")
    return _text(rounded(value, digits, "up" if up else "down"), digits)


def rounded(value: Any, digits: int, direction: str) -> Decimal:
    """A number rounded to significant digits: "up", "down" or "nearest".

    Raises:
        TypeError: not a real number.
        ValueError: not finite.
    """
    top, bottom = _fraction(value, direction)
    rounding = DIRECTIONS[direction]
    context = decimal.Context(digits, rounding, decimal.MIN_EMIN, decimal.MAX_EMAX)
    return context.divide(Decimal(top), Decimal(bottom))


def _fraction(value: Any, direction: str) -> tuple[int, int]:
    """Numerator and denominator of the number that stands for the value."""
    if hasattr(value, "mid") and hasattr(value, "man_exp"):  # a ball: one end of it
        end = value.mid()
        if direction != "nearest":
            end = value.upper() if direction == "up" else value.lower()
        if not end.is_finite():
            raise ValueError(f"{value} is not finite: allowed is a finite number")
        mantissa, exponent = (int(part) for part in end.man_exp())
        return mantissa << max(exponent, 0), 1 << max(-exponent, 0)
    if hasattr(value, "p") and hasattr(value, "q"):  # fmpq
        return int(value.p), int(value.q)
    if type(value).__name__ == "fmpz":
        return int(value), 1
    if isinstance(value, bool) or not isinstance(value, (numbers.Real, Decimal)):
        raise TypeError(
            f"{value!r} of type {type(value).__name__}: allowed is a real number"
        )
    if isinstance(value, numbers.Rational):
        return int(value.numerator), int(value.denominator)
    if not math.isfinite(value):
        raise ValueError(f"{value!r}: allowed is a finite number")
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return Fraction(exact).as_integer_ratio()


def _text(number: Decimal, digits: int) -> str:
    if number == 0:
        return "0"
    mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
    power = int(exponent)
    if -5 < power < digits:
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
