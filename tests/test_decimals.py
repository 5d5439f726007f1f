"""Decimal texts that are bounds: rounded up or down, never to the nearest."""

from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from flint import arb, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from tapx import decimals
from tapx.show import tables

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "up", "down"),
    [
        (0.1, "0.1", "0.1"),
        (1 / 3, "0.3334", "0.3333"),
        (-1 / 3, "-0.3333", "-0.3334"),
        (0.99999, "1", "0.9999"),
        (123456, "1.235e+05", "1.234e+05"),
        (1200, "1200", "1200"),
        (1.23456e-9, "1.235e-09", "1.234e-09"),
        (0.0001, "0.0001", "0.0001"),
        (0.0, "0", "0"),
        (Fraction(2, 3), "0.6667", "0.6666"),
        (Decimal("0.12345"), "0.1235", "0.1234"),
        (numpy.float64(2 / 3), "0.6667", "0.6666"),
        (numpy.int64(12345), "1.235e+04", "1.234e+04"),
        (fmpq(1, 3), "0.3334", "0.3333"),
        (fmpz(12345), "1.235e+04", "1.234e+04"),
        (arb(1) / 4, "0.25", "0.25"),
        (arb(1) / 3, "0.3334", "0.3333"),
        (arb(0.5, 0.25), "0.7501", "0.2499"),  # flint rounds a radius up
        (arb("1.5e-500"), "1.501e-500", "1.499e-500"),
    ],
)
def test_both_sides(value, up, down):
    assert tables.outward(value) == up
    assert tables.outward(value, up=False) == down


def test_few_digits():
    assert tables.outward(1234.5, 2) == "1.3e+03"
    assert tables.outward(1234.5, 1, up=False) == "1e+03"
    assert tables.outward(1234.5, 10) == "1234.5"


@given(FINITE, st.integers(1, 17), st.booleans())
def test_a_bound_and_close(value, digits, up):
    text = tables.outward(value, digits, up)
    # The largest float may round up beyond the floats.
    written, exact = Fraction(text), Fraction(repr(value))
    assert written >= exact if up else written <= exact
    if float(text) not in (float("inf"), float("-inf")):
        assert float(text) >= value if up else float(text) <= value
    mantissa, _, exponent = f"{Decimal(text):e}".lower().partition("e")
    if value:
        # A unit of the last digit of the value, which may have one place less.
        unit = Fraction(10) ** (int(exponent or 0) - digits + 1)
        assert abs(written - exact) <= unit
    assert len(mantissa.replace("-", "").replace(".", "").strip("0")) <= digits


@given(st.fractions(), st.booleans())
def test_fractions_exactly(value, up):
    written = Fraction(tables.outward(value, 5, up))
    assert written >= value if up else written <= value


@given(FINITE)
def test_the_nearest_is_what_python_writes(value):
    assert float(decimals.rounded(value, 7, "nearest")) == float(f"{value:.6e}")
