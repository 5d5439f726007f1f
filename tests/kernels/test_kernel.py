"""Kernels: projection, interpolation, exact numbers and bad input."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from tapx.kernels import balls, distances
from tapx.kernels.balls import exact, round_to_bits
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.solve import interpolation, projection

rates = st.lists(
    st.fractions(Fraction(3, 4), 6, max_denominator=40),
    min_size=1,
    max_size=5,
    unique=True,
)


@given(rates, st.integers(0, 6), st.sampled_from(["exponential", "power"]))
def test_interpolation_agrees_with_the_delta(rates, lag, family):
    first = 0 if family == "exponential" else 1
    kernel = interpolation(rates, Delta(lag + first), family)
    lags = range(first, first + len(rates))
    expected = [1.0 if s == lag + first else 0.0 for s in lags]
    assert kernel.values(lags) == pytest.approx(expected, abs=1e-15)


@given(rates, st.integers(1, 6), st.sampled_from(["exponential", "power"]))
def test_projection_error_is_orthogonal_to_every_head(rates, lag, family):
    target = Delta(lag)
    kernel = projection(rates, target, family)
    for rate in kernel.rates:
        unit = Kernel.of(family, (rate,), (fmpq(1),))
        with balls.precision(512):
            gap = distances.inner(unit, kernel) - distances.inner(unit, target)
        assert balls.upper(abs(gap)) < 1e-20


def test_projection_of_one_exponential_by_hand():
    # <z^s, delta_2> / <z^s, z^s> with z = exp(-1).
    z = np.exp(-1.0)
    kernel = projection([1], Delta(2), "exponential")
    assert kernel.float_weights == pytest.approx([z**2 * (1 - z**2)], rel=1e-14)


def test_projection_reproduces_a_kernel_with_its_own_rates():
    target = Kernel.of("power", (fmpq(2), fmpq(7, 2)), (fmpq(3), fmpq(-1)))
    kernel = projection([2, 3.5, 5], target, "power")
    assert kernel.float_weights == pytest.approx([3, -1, 0], abs=1e-12)
    assert balls.upper(kernel.l2_error) < 1e-12


def test_interpolation_raises_its_precision():
    # Weights near 1e182 need 600 bits and more.
    kernel = interpolation([4 * (h + 1) for h in range(16)], Delta(10), "exponential")
    assert kernel.largest_weight > 1e180
    assert balls.upper(kernel.l1_error) < 1e-20


def test_rates_too_close_are_refused(monkeypatch):
    monkeypatch.setattr(balls, "MAX_BITS", 512)
    close = [1, 1 + Fraction(1, 10**100), 2]
    with pytest.raises(balls.PrecisionError, match="spread them further"):
        projection(close, Delta(1), "exponential")


def test_values_survive_cancellation():
    kernel = interpolation([Fraction(k, 100) for k in range(1, 21)], Delta(5), "power")
    assert kernel.largest_weight > 1e25
    assert kernel.values([4, 5, 6]) == pytest.approx([0, 1, 0], abs=1e-15)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 80))
def test_rounding_to_bits_is_near_and_short(number, bits):
    value = exact(number)
    rounded = round_to_bits(value, bits)
    assert abs(rounded - value) * 2**bits <= abs(value)
    assert rounded == 0 or (rounded.p >> _zeros(rounded.p)).bit_length() <= bits


def _zeros(number):
    return (int(number) & -int(number)).bit_length() - 1
