"""Numbers in balls, as float64: rounded the right way, by no more than is needed."""

import math

from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tapx.kernels.balls import (
    exact,
    lower,
    precision,
    round_to_bits,
    to_float,
    upper,
)

THIRD = fmpq(1, 3)
RATIONALS = st.fractions(-1000, 1000, max_denominator=10**6).map(exact)


def test_edges_are_the_nearest_floats_outside():
    """A third lies between two floats; a float has no other outside."""
    with precision(200):
        below, above = lower(arb(THIRD)), upper(arb(THIRD))
    assert exact(below) < THIRD < exact(above)
    assert above == math.nextafter(below, 1)
    assert lower(arb(0.375)) == upper(arb(0.375)) == 0.375


@given(RATIONALS)
def test_edges_lie_outside_of_a_ball(number):
    ball = arb(number, 2.0**-40)
    low, high = lower(ball), upper(ball)
    assert exact(low) <= number - exact(2.0**-40)
    assert exact(high) >= number + exact(2.0**-40)
    assert high - low <= 2.0**-38 + 4 * math.ulp(abs(to_float(number)) + 1)


def test_the_nearest_number_of_few_bits():
    assert round_to_bits(THIRD, 1) == fmpq(1, 4)
    assert round_to_bits(THIRD, 2) == fmpq(3, 8)
    assert round_to_bits(fmpq(-11), 3) == -10  # halfway: up
    assert round_to_bits(fmpq(15), 3) == 16
