"""Sums of decaying terms in float64: closed forms, any order, inputs of any length."""

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from tapx.kernels import balls
from tapx.kernels.family import LIN, LOG
from tapx.theorems.float_sums import (
    LONGEST,
    UNIT,
    check_length,
    decay_sums,
    head_by_head,
    lost,
)


@pytest.mark.parametrize("length", [5, 100, 5000, 10**6, LONGEST])
@pytest.mark.parametrize("rate", [0.01, 0.3, 1.1, 7.0])
def test_sums_of_exponentials_over_the_closed_form(rate, length):
    plain, weighted = (float(x[0]) for x in decay_sums(np.array([rate]), LIN, length))
    with balls.precision(128):
        r = arb(rate)
        q, last = (-r).exp(), (-r * length).exp()
        first = (1 - last) / (1 - q)  # sum of q^s; below, of s q^s, times r
        second = r * (q * first - length * last) / (1 - q)
        assert first <= plain and second <= weighted + 1e-300
    assert plain == pytest.approx(float(first.mid()), rel=1e-9)
    assert weighted == pytest.approx(float(second.mid()), rel=1e-6, abs=1e-290)


@pytest.mark.parametrize("rate", [1.01, 1.5, 3.0, 12.0])
def test_sums_of_powers_over_zeta(rate):
    plain, weighted = decay_sums(np.array([rate]), LOG, LONGEST)
    with balls.precision(128):
        step = arb(2) ** -40
        zeta = arb(rate).zeta()
        slope = (arb(rate).zeta() - (arb(rate) + step).zeta()) / step
    # All lags that there are, and at most what the integral adds to them.
    assert float(plain[0]) <= float(zeta) * (1 + 1e-3)
    assert float(weighted[0]) <= rate * float(slope) * (1 + 1e-3)
    lags = np.arange(1, 10**6, dtype=float)
    assert (lags**-rate).sum() <= plain[0]
    assert (rate * np.log(lags) * lags**-rate).sum() <= weighted[0]


def random_tree(terms, draws):
    """The terms summed in float64, two neighbours of a random order at a time."""
    terms = list(terms[draws.permutation(len(terms))])
    while len(terms) > 1:
        i = int(draws.integers(len(terms) - 1))
        terms[i : i + 2] = [terms[i] + terms[i + 1]]
    return terms[0]


@given(st.integers(0, 10**6), st.integers(2, 400), st.floats(0.02, 3))
def test_no_order_of_summation_loses_more(seed, length, rate):
    draws = np.random.default_rng(seed)
    signs = draws.choice([-1.0, 1.0], length) * draws.uniform(0.5, 1, length)
    terms = np.exp(-rate * np.arange(length)) * signs
    sizes = np.abs(terms)
    bound = lost(length, float(sizes.sum()), lambda n: float(sizes[n:].sum()))
    exact = math.fsum(terms.tolist())
    for found in (
        random_tree(terms, draws),
        float(np.cumsum(terms)[-1]),
        float(np.cumsum(terms[::-1])[-1]),
        float(terms.sum()),
    ):
        assert abs(found - exact) <= bound
    assert bound <= length * UNIT * sizes.sum()


def test_the_bound_of_a_decaying_sum_does_not_grow_with_its_length():
    def of(length):
        rates, weights = np.array([0.2, 1.0]), np.array([3.0, 1.0])
        return head_by_head(
            *(weights, rates, LIN, length),
            units=8,
            phi_units=3,
            evaluation="last",
        )

    lengths = [1, 10, 100, 1000, 10**4, 10**6, LONGEST]
    bounds = [of(length) for length in lengths]
    assert bounds == sorted(bounds)
    assert bounds[-1] < 1.1 * bounds[3] < 1e-12
    # A constant kernel is another matter: each token counts.
    assert lost(LONGEST, 1.0, lambda n: 1.0) == pytest.approx(LONGEST * UNIT)


def test_input_without_end_counts_as_the_longest():
    assert check_length(math.inf) == LONGEST
