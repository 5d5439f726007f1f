"""Lower bounds: below every kernel, tight against a plain computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_decays import decays, residues

from tapx.kernels.family import LIN, LOG
from tapx.kernels.window_search import best
from tapx.kernels.windows import Decay
from tapx.limits.rank import _index_sets, _scale, lower_bound

HEAVY = Decay(LOG, 0.5)
LIGHT = Decay(LIN, 5.0, 1.0)


@pytest.mark.parametrize("family", [LIN, LOG], ids=str)
@pytest.mark.parametrize("last", [9, 40, 101])
def test_each_lag_has_total_scale_at_most_one(family, last):
    """What the proof needs: the scales of all entries of one lag sum to one or less."""
    first = 1
    rows, columns, lags = _index_sets(family, first, last)
    left = np.array([float(_scale(int(i), family)) for i in rows])
    right = np.array([float(_scale(int(j), family)) for j in columns])
    weights = np.outer(left**2, right**2)
    totals = np.array([weights[lags == lag].sum() for lag in range(first, last + 1)])
    assert (totals <= 1 + 1e-12).all()
    assert first <= lags.min() <= lags.max() <= last
    # Nothing is cut off for short lags: there the sum is one.
    assert totals[:2] == pytest.approx(1.0)


@settings(max_examples=25)
@given(
    family=st.sampled_from([LIN, LOG]),
    target=st.sampled_from([HEAVY, LIGHT, Decay(LOG, 2.0)]),
    rates=st.lists(st.floats(0.001, 8.0), min_size=1, max_size=4),
)
def test_below_every_kernel(family, target, rates):
    """Least squares with any rates stays above the bound."""
    lags = np.arange(1, 61)
    error = (residues(decays(family, rates, lags), target.values(lags)) ** 2).sum()
    bound = lower_bound(target, len(rates), family, 1, 60)
    assert bound <= error * (1 + 1e-9) + 1e-28


def test_against_plain_singular_values():
    indices = np.arange(500)
    ratios = np.cumprod(np.append(1.0, 1 - 0.5 / indices[1:]))
    scales = np.sqrt(ratios)
    matrix = np.outer(scales, scales) / np.sqrt(1 + indices[:, None] + indices)
    sigma = np.linalg.svd(matrix, compute_uv=False)
    full = (sigma[1:] ** 2).sum()
    bound = lower_bound(HEAVY, 1, "exponential")
    assert bound <= full
    assert bound == pytest.approx(full, rel=1e-3)


def test_lag_zero_is_lost_for_powers():
    assert 1 - 1e-12 < lower_bound(LIGHT, 3, "power", 0) <= 1 + 1e-12
    assert 1 - 1e-12 < lower_bound(LIGHT, 10**6, "power", 0) <= 1
    assert lower_bound(LIGHT, 1, "power", 1) < 1e-13


def test_nothing_is_claimed_below_the_precision():
    assert lower_bound(HEAVY, 40, "exponential") == 0.0
    assert lower_bound(HEAVY, 1, "power") <= best(HEAVY, 1, "power").mse
