"""Powers by the trapezoidal rule: the proved bounds cover what is summed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_decays import summed
from scipy.special import gamma

from tapx.kernels.balls import upper
from tapx.kernels.quadrature import Trapezoid, discretisation_error, rule

LAGS = np.arange(1.0, 200_001)


def seen(made):
    """The error over many lags, in float64: never more than over all of them."""
    return np.abs(summed(made.kernel, LAGS) - LAGS ** -float(made.power)).sum()


@pytest.mark.parametrize("power", [1.5, 2.0, 3.5])
@pytest.mark.parametrize("error", [0.1, 1e-3, 1e-6])
def test_the_rule_reaches_its_error(power, error):
    made = rule(power, error)
    assert made.l1_bound <= error
    assert seen(made) <= made.l1_bound < 60 * seen(made)


@given(
    power=st.floats(1.2, 4),
    step=st.floats(0.3, 2),
    first=st.integers(-12, 0),
    last=st.integers(1, 6),
)
def test_any_rule_is_within_its_bound(power, step, first, last):
    made = Trapezoid(power, step, first, last)
    assert made.heads == last - first + 1
    assert seen(made) <= made.l1_bound * (1 + 1e-9)


@pytest.mark.parametrize("power", [1.0, 2.0, 5.0])
def test_discretisation_error_is_the_largest_seen(power):
    """The full rule against the integral, at lags where the phase is worst."""
    step = 1.3
    nodes = step * np.arange(-200, 40)
    lags = np.exp(np.linspace(0, step, 400))
    exponents = power * nodes - lags[:, None] * np.exp(nodes)
    sums = step * np.exp(exponents).sum(1) / gamma(power)
    largest = np.abs(sums * lags**power - 1).max()
    bound = upper(discretisation_error(power, step))
    assert 0.9 * bound < largest <= bound * (1 + 1e-9)


def test_shorter_rules_for_larger_errors_and_steeper_powers():
    errors = [rule(2, 10.0**-d).heads for d in range(1, 9)]
    assert errors == sorted(errors) and errors[0] < errors[-1]
    powers = [rule(b, 1e-4).heads for b in (1.25, 1.5, 2, 4)]
    assert powers == sorted(powers, reverse=True)


def test_growth_is_that_of_the_theorem():
    logs = np.log(10) * np.arange(2, 12)
    heads = [rule(2, math.exp(-x)).heads for x in logs]
    square = np.polyfit(logs, heads, 2)[0]
    assert square * math.pi**2 == pytest.approx(1, rel=0.15)
