"""Best kernels on a window: certificates, monotonicity, conventions for lag 0."""

from itertools import pairwise

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from made_decays import decays
from mpmath import mp, mpf

from tapx.kernels.family import LIN, LOG
from tapx.kernels.window_search import best
from tapx.kernels.windows import Decay, WindowKernel, round_up

HEAVY = Decay(LOG, 0.5)
LIGHT = Decay(LIN, 5.0)


def distance(kernel, digits=60):
    """The squared distance in another library, at high precision."""

    def decay(family, rate, lag):
        if family is LIN:
            return mp.exp(-mpf(rate) * lag)
        return mpf(lag) ** -mpf(rate) if lag else mpf(0)

    with mp.workdps(digits):
        total = mpf(0)
        for lag in range(kernel.first, kernel.last + 1):
            off = -mpf(kernel.target.at_zero)
            if lag:
                off = -decay(kernel.target.family, kernel.target.rate, lag)
            for rate, weight in zip(kernel.rates, kernel.weights, strict=True):
                off += mpf(weight) * decay(kernel.family, rate, lag)
            total += off**2
        return total


@settings(max_examples=15)
@given(
    family=st.sampled_from([LIN, LOG]),
    target=st.sampled_from([HEAVY, LIGHT, Decay(LOG, 1.5, 0.25)]),
    terms=st.lists(
        st.tuples(st.floats(0.01, 20), st.floats(-1e6, 1e6)), min_size=1, max_size=4
    ),
    first=st.sampled_from([0, 1]),
)
def test_the_enclosure_contains_the_distance(family, target, terms, first):
    rates, weights = zip(*terms, strict=True)
    kernel = WindowKernel(family, rates, weights, target, first, 12)
    truth = distance(kernel)
    error = kernel.squared_error
    before, ctx.prec = ctx.prec, 250
    try:
        assert error.overlaps(arb(mp.nstr(truth, 55)))
    finally:
        ctx.prec = before
    assert error.rad() * 1_000_000 < abs(error.mid()) or truth < mpf(2) ** -4000
    assert kernel.mse >= float(truth) * (1 - 1e-15)


def test_the_search_ends_where_float64_weights_gain_nothing():
    """From some head count on, kernels repeat: the same rates, weights halved."""
    kernel = best(HEAVY, 64, "exponential")
    distinct = len(set(kernel.rates))
    assert 16 < distinct < 64
    assert kernel.mse < 1e-26
    shorter = best(HEAVY, distinct, "exponential")
    assert set(shorter.rates) == set(kernel.rates)
    assert sum(shorter.weights) == pytest.approx(sum(kernel.weights), rel=1e-14)
    assert best(HEAVY, distinct - 1, "exponential").mse > kernel.mse
    assert max(map(abs, kernel.weights)) < 1


def test_more_heads_never_hurt():
    for target, family, first in (
        (HEAVY, "exponential", 1),
        (HEAVY, "exponential", 0),
        (LIGHT, "power", 1),
    ):
        counts = (1, 2, 3, 5, 9, 16, 30)
        kernels = [best(target, heads, family, first, 60) for heads in counts]
        errors = [kernel.mse for kernel in kernels]
        assert all(a >= b for a, b in pairwise(errors))
        assert kernels[-1].heads == 30
        assert len(kernels[-1].rates) == len(kernels[-1].weights) == 30


def test_the_best_of_one_head_beats_a_fine_grid():
    lags = np.arange(1, 1000.0)
    values = HEAVY.values(lags)
    columns = decays("lin", np.geomspace(1e-4, 1, 4000), lags)
    left = (values**2).sum() - (columns.T @ values) ** 2 / (columns**2).sum(0)
    assert best(HEAVY, 1, "exponential").mse <= left.min() * (1 + 1e-9)


def test_lag_zero():
    """Without the residual one exponential goes to lag 0, and powers never see it."""
    tail = best(HEAVY, 3, "exponential", 1).mse
    assert best(HEAVY, 4, "exponential", 0).mse == pytest.approx(tail, rel=1e-6)
    one = Decay(LIN, 5.0, 1.0)
    blind = best(one, 3, "power", 0)
    assert blind.mse >= 1.0
    assert blind.mse - 1.0 < 1e-12
    assert blind.values(np.array([0]))[0] == 0.0


def test_values_agree_with_the_formula():
    kernel = best(HEAVY, 3, "exponential")
    lags = np.array([0, 1, 10, 999])
    direct = decays("lin", kernel.rates, lags) @ kernel.weights
    assert kernel.values(lags) == pytest.approx(direct, rel=1e-12)


def test_round_up():
    assert round_up(arb(0.1)) > 0.1
    assert round_up(arb(0)) > 0.0
