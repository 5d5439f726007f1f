"""Floors for every linear recurrence: proved, and close to what is found."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_decays import residues
from scipy.special import zeta

from tapx.kernels import shortest
from tapx.limits.hankel_rank import fewest, lower_bound


def section(power, size=500):
    places = np.arange(size)
    return (1.0 + places[:, None] + places) ** -power


@pytest.mark.parametrize("power", [1.5, 2.0, 3.0])
def test_the_floor_is_a_singular_value(power):
    """Against a finite section that holds all the blocks, and a little more."""
    values = np.linalg.svd(section(power), compute_uv=False)
    for heads in range(5):
        floor = lower_bound(power, heads, 400)
        assert floor <= values[heads] + 1e-12
        assert floor > 0.9 * values[heads]


@given(
    seed=st.integers(0, 1000), states=st.integers(1, 5), power=st.sampled_from([1.5, 2])
)
def test_no_recurrence_beats_the_floor(seed, states, power):
    """Random complex decays, weights by least squares, summed over many lags."""
    rng = np.random.default_rng(seed)
    lags = np.arange(1, 3000)
    decays = rng.uniform(0.1, 0.999, states) * np.exp(1j * rng.uniform(-3, 3, states))
    left = residues(decays ** lags[:, None], lags.astype(complex) ** -power)
    assert np.abs(left).sum() >= lower_bound(power, states, 1e4)


def test_without_states_the_floor_is_below_the_power_itself():
    assert 0.5 * zeta(2) < lower_bound(2.0, 0) <= zeta(2)


def test_more_states_and_less_reach_lower_the_floor():
    floors = [lower_bound(2.0, heads) for heads in range(12)]
    assert all(a > b > 0 for a, b in pairwise(floors))
    assert lower_bound(2.0, 8, 1e3) <= lower_bound(2.0, 8, 1e8) * (1 + 1e-9)
    assert lower_bound(2.0, 10_000) == 0.0


def test_fewest_is_consistent():
    states = fewest(2.0, 1e-6)
    assert lower_bound(2.0, states - 1) > 1e-6 >= lower_bound(2.0, states)
    assert 1 < states <= shortest.fewest(2.0, 1e-6)
    assert fewest(2.0, 10.0) == 0
