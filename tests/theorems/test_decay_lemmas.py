"""The right-hand sides of Lemmas F.3 and F.6, and the least error of their class."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_decays import decays
from scipy.optimize import linprog
from scipy.special import zeta

from tapx.kernels.balls import upper
from tapx.kernels.decaying import profile
from tapx.kernels.kernel import Kernel
from tapx.kernels.proofs import bump_derivative
from tapx.limits.recall import alternating_floor, class_optimum
from tapx.theorems.lemmas import decay_bound, largest_order
from tapx.theorems.proof_spacing import decay_spacing


@pytest.mark.parametrize(
    ("family", "decay", "order"),
    [
        ("exponential", 1, 99),
        ("exponential", 0.345, 33),
        ("exponential", 5, 499),
        ("power", 2, 0),
        ("power", 3, 1),
        ("power", 5, 3),
    ],
)
def test_largest_order_at_the_spacing_of_the_paper(family, decay, order):
    assert largest_order(family, decay) == order


def test_orders_of_the_paper_for_powers_are_allowed():
    for decay in np.arange(1.01, 12, 0.07):
        assert math.floor(0.99 * decay) - 1 <= largest_order("power", float(decay))


@pytest.mark.parametrize("order", [1, 2])
def test_derivative_of_all_bumps_is_within_the_bound(family, order):
    """The factor in front of Jackson's, against differences of the summed bumps."""
    decay, alpha, gamma = 5, 0.4, 0.3
    target = Kernel.of(family, [decay], [1])
    x = np.linspace(1, 0.2, 200_001)
    h = profile(x, target, family, alpha, gamma)
    slopes = np.diff(h, order) / (x[0] - x[1]) ** order
    tail = 1 / (1 - math.exp(-gamma)) if family == "exponential" else zeta(1 + gamma)
    jackson = math.pi / 4 / 8 if order == 1 else (math.pi / 4) ** 2 / 56
    largest = decay_bound(family, 1, decay, 8, order, alpha, gamma) / tail / jackson
    # The bump of the first lag stands alone and reaches its share of the bound.
    first = (1 - (math.exp(-alpha) if family == "exponential" else 2**-alpha)) ** -order
    assert np.abs(slopes).max() <= largest
    assert np.abs(slopes).max() > 0.9 * upper(bump_derivative(order)) * first


def test_bounds_scale_with_amplitude_and_fall_with_heads():
    lin, log = decay_bound("lin", 1, 1, 50, 2), decay_bound("log", 1, 4, 100, 1)
    assert decay_bound("lin", 3, 1, 50, 2) == pytest.approx(3 * lin)
    assert decay_bound("log", 3, 4, 50, 1) == pytest.approx(6 * log)


def test_best_spacing_for_exponentials_is_even():
    assert decay_spacing("exponential", 1, 3) == pytest.approx((0.25, 0.25), rel=1e-3)


def test_best_spacing_beats_others(family):
    alpha, gamma = decay_spacing(family, 4, 2)
    least = decay_bound(family, 1, 4, 30, 2, alpha, gamma)
    for a, g in ((0.01, 0.01), (0.9 * alpha, gamma), (alpha, 0.9 * gamma)):
        assert least <= decay_bound(family, 1, 4, 30, 2, a, g)


@given(st.integers(1, 4), st.floats(0.3, 2), st.integers(0, 100))
def test_no_rates_beat_the_class_optimum(heads, decay, seed):
    """For random rates, the witness of the proof, found by a linear programme."""
    rates = np.random.default_rng(seed).uniform(0.1, 3, heads)
    lags = np.arange(60)
    box = np.exp(-decay * lags)
    columns = decays("lin", rates, lags).T
    scaled = columns / columns.max(1, keepdims=True)
    # A vertex of {u: |u| <= 1, u annihilates all heads}: at most `heads` of its
    # coordinates are inside, so the kernel box * sign(u) is that far from them all.
    found = linprog(-box, A_eq=scaled, b_eq=np.zeros(heads), bounds=(-1, 1))
    distance = float(np.abs(found.x) @ box)
    assert distance >= class_optimum("exponential", 1, decay, heads) - 1e-9


def test_class_optimum_is_what_the_first_lags_leave():
    assert class_optimum("power", 2, 2, 3) == pytest.approx(2 * zeta(2, 4))
    assert class_optimum("exponential", 1, 1, 0) == pytest.approx(1 / (1 - 1 / math.e))


@given(
    heads=st.integers(1, 5),
    seed=st.integers(0, 200),
    family=st.sampled_from(["exponential", "power"]),
    of_class=st.sampled_from(["exponential", "power"]),
)
def test_no_heads_come_below_the_alternating_floor(heads, seed, family, of_class):
    """Random rates, the best weights in l1 by a linear programme."""
    decay, first = (0.4, 0) if of_class == "exponential" else (1.5, 1)
    lags = np.arange(max(first, family == "power"), 60)
    sizes = np.exp(-decay * lags) if first == 0 else lags**-decay
    rates = np.random.default_rng(seed).uniform(0.05, 3, heads)
    columns = decays(family, rates, lags)
    wanted = np.where(lags % 2, -sizes, sizes)
    eye = np.eye(len(lags))
    found = linprog(
        np.concatenate([np.zeros(heads), np.ones(len(lags))]),
        A_ub=np.block([[columns, -eye], [-columns, -eye]]),
        b_ub=np.concatenate([wanted, -wanted]),
        bounds=[(None, None)] * heads + [(0, None)] * len(lags),
    )
    # What a power cannot see, lag 0, costs it the whole value there.
    unseen = 1.0 if of_class == "exponential" and family == "power" else 0.0
    beyond = (
        math.exp(-decay * 60) / (1 - math.exp(-decay)) if first == 0 else zeta(1.5, 60)
    )
    floor = alternating_floor(of_class, decay, heads)
    assert found.fun + unseen >= floor - beyond - 1e-9


def test_alternating_floor_is_half_of_the_class_optimum():
    assert alternating_floor("power", 2, 3) == pytest.approx(zeta(2, 2) / 4)
    for heads in (1, 10, 1000):
        floor = alternating_floor("power", 3, heads)
        assert floor < class_optimum("power", 1, 3, heads) <= 2 * floor
    by_hand = math.exp(-2) / (1 - math.exp(-2))
    assert alternating_floor("exponential", 1, 2) == pytest.approx(by_hand)
