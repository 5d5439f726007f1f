"""The kernels of the proofs of Lemmas F.3 and F.6."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from tapx.kernels.balls import lower, upper
from tapx.kernels.decaying import MEAN, bumps, profile
from tapx.kernels.kernel import Kernel
from tapx.kernels.proofs import chebyshev_points, node
from tapx.theorems import lemmas, proof_spacing

LIGHT = Kernel.of("exponential", [1, 3], [1, -0.5])
HEAVY = Kernel.of("power", [3], [1])


def test_mean_is_the_area_of_a_bump():
    area = quad(lambda u: np.exp(1 - 1 / (1 - u * u)), -1, 1)[0]
    assert pytest.approx(area, rel=1e-9) == MEAN


@pytest.mark.parametrize(
    ("family", "target"),
    [("exponential", LIGHT), ("power", HEAVY), ("power", LIGHT)],
)
def test_profile_passes_through_all_values(family, target):
    lags = np.arange(1, 12)
    nodes = np.array([node(int(s), family, 0.25) for s in lags])
    x = np.sort(np.append(chebyshev_points(8), nodes))[::-1]
    heights = profile(x, target, family, 0.25, 0.2)[np.searchsorted(-x, -nodes)]
    height = np.exp(0.2 * lags) if family == "exponential" else lags**1.2
    np.testing.assert_allclose(heights, height * target.values(lags), atol=1e-12)


def test_profile_of_one_lag_is_one_bump():
    x = chebyshev_points(8)
    one = profile(x, LIGHT, "exponential", 0.25, 0.2, first=3)
    two = profile(x, LIGHT, "exponential", 0.25, 0.2, first=4)
    around = (x > node(4, "exponential", 0.25)) & (x < node(2, "exponential", 0.25))
    assert np.all((one - two)[~around] == 0)
    assert (one - two).max() == pytest.approx(
        np.exp(0.6) * LIGHT.values([3])[0], rel=1e-4
    )


@given(heads=st.integers(4, 40), rate=st.floats(0.5, 3), order=st.integers(1, 2))
def test_certified_error_is_within_lemma_f3(heads, rate, order):
    target = Kernel.of("exponential", [rate], [1])
    spacing = rate / (order + 1) * 0.999
    kernel = bumps(target, heads, "exponential", spacing, spacing)
    bound = lemmas.decay_bound("lin", 1, rate, heads, order, spacing, spacing)
    assert upper(kernel.l1_error) <= bound


@pytest.mark.parametrize("heads", [4, 10])
def test_certified_error_is_within_lemma_f6(heads):
    alpha, gamma = proof_spacing.decay_spacing("power", 3, 1)
    kernel = bumps(HEAVY, heads, "power", alpha, gamma)
    assert upper(kernel.l1_error) <= lemmas.decay_bound(
        "log", 1, 3, heads, 1, alpha, gamma
    )


def test_more_heads_come_nearer():
    errors = [
        upper(bumps(LIGHT, heads, "exponential", 0.2, 0.2).l1_error)
        for heads in (8, 32, 128)
    ]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_sums_from_lag_one_lose_lag_zero():
    kernel = bumps(LIGHT, 64, "exponential", 0.2, 0.2, first=1)
    assert lower(kernel.l1_error) > 0.99 * LIGHT.values([0])[0]
