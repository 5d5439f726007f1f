"""How claims are written: "3,344", "0.17", "3.3 × 10⁻²⁸", and a verdict's class."""

from __future__ import annotations

from tapx.chapters.claims import INEQUALITIES, Claim
from tapx.decimals import rounded

UPPER = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = range(-3, 6)
"""Powers of ten that are written out."""


def in_words(value: float, digits: int = 2, direction: str = "nearest") -> str:
    """A number for a sentence: whole ones with all digits, small and large as powers.

    Args:
        value: finite.
        digits: significant digits of what is not whole; zeros at the end go.
        direction: "up", "down" or "nearest".
    """
    if isinstance(value, int) and abs(value) < 10**7:
        return f"{value:,}"
    short = rounded(value, digits, direction)
    power = short.adjusted() if short else 0
    if power in PLAIN:
        return f"{short.normalize():,f}"
    factor = f"{short.scaleb(-power).normalize():f}"
    return f"{factor} × 10{str(power).translate(UPPER)}"


def measured(claim: Claim, digits: int = 2) -> str:
    """What was measured, in words; a certified number is rounded to the safe side."""
    return in_words(claim.measured, digits, safe_sides(claim)[0])


def reference(claim: Claim, digits: int = 2) -> str:
    """What it is held against, in words.

    ValueError if there is nothing.
    """
    if claim.reference is None:
        raise ValueError(f"claim {claim.id!r} has no reference")
    return in_words(claim.reference, digits, safe_sides(claim)[1])


def safe_sides(claim: Claim) -> tuple[str, str]:
    """The directions in which to round what was measured, and what it is held against.

    A certified inequality must not become truer by rounding.
    """
    if claim.kind != "certified" or claim.relation not in INEQUALITIES:
        return "nearest", "nearest"
    return ("up", "down") if claim.relation in ("<", "<=") else ("down", "up")


def look(verdict: str) -> str:
    """The class by which a page shows a verdict."""
    return "verdict-" + verdict.replace(" ", "-")
