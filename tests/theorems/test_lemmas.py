"""Bounds: explicit constants, against direct computation and against each other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapx.kernels.balls import lower, upper
from tapx.kernels.family import Family, heads_to_recall
from tapx.kernels.kernel import Delta
from tapx.kernels.proofs import bump, bump_derivative
from tapx.kernels.solve import interpolation, projection
from tapx.limits import recall
from tapx.readouts import two_layer
from tapx.targets.memories import FixedMemory
from tapx.theorems import lemmas, proof_spacing, theorem_3_1

RATES = st.lists(st.floats(0.05, 4), min_size=1, max_size=6).filter(
    lambda rates: min(np.diff(sorted(rates)), default=1) >= 1e-3
)


def test_bump_derivatives_against_finite_differences():
    # The n-th derivative on a fine grid, by differentiating the one before.
    u = np.linspace(-0.999, 0.999, 400_001)
    values = np.exp(1 - 1 / (1 - u**2))
    for order in range(4):
        assert np.abs(values).max() == pytest.approx(
            float(bump_derivative(order)), rel=1e-3
        )
        values = np.gradient(values, u)


def test_jackson_factor_bounds_a_known_best_approximation():
    # The best polynomial with m coefficients to x^m on [0, 1] errs by 2^(1 - 2m).
    for m in range(2, 8):
        derivative = math.factorial(m)
        best = 2.0 ** (1 - 2 * m)
        assert best <= derivative * upper(lemmas.jackson(m, m))


@given(st.integers(1, 8), st.sampled_from([32, 48, 64]))
def test_bump_construction_obeys_the_lemma(lag, heads):
    # Wide spacing makes the bump smooth enough for the bound to say something.
    alpha, gamma = proof_spacing.recall_spacing("exponential", lag)
    kernel = bump(lag, heads, "exponential", alpha, gamma)
    order, bound = lemmas.recall_order("exponential", lag, heads, alpha, gamma)
    # The Chebyshev sum is within 4/pi^2 log m + 3 of the best polynomial.
    lebesgue = 4 / math.pi**2 * math.log(heads) + 3
    assert upper(kernel.l1_error) <= lebesgue * bound
    assert order <= heads


def test_powers_obey_the_lemma():
    alpha, gamma = proof_spacing.recall_spacing("power", 2)
    kernel = bump(2, 16, "power", alpha, gamma)
    bound = lemmas.recall_order("power", 2, 16, alpha, gamma)[1]
    assert upper(kernel.l1_error) <= 5 * bound


def test_nonvacuous_heads_is_the_first(family):
    heads = lemmas.nonvacuous_heads(family, 5)
    before, here = (lemmas.recall_order(family, 5, heads - one)[1] for one in (1, 0))
    assert here < 1 <= before


@given(st.integers(2, 40), st.sampled_from(["exponential", "power"]))
def test_best_spacing_beats_its_neighbours(lag, family):
    alpha, gamma = proof_spacing.recall_spacing(family, lag)
    best = lemmas.recall_bound(family, lag, 50, 3, alpha, gamma)
    for a, g in ((1.1, 1), (0.9, 1), (1, 1.1), (1, 0.9)):
        worse = lemmas.recall_bound(family, lag, 50, 3, a * alpha, g * gamma)
        assert worse >= best * (1 - 1e-9)


@given(RATES, st.integers(0, 12))
def test_l2_lower_bound_holds_for_projections(rates, lag):
    kernel = projection(rates, Delta(lag), "exponential")
    assert upper(kernel.l2_error) >= recall.l2_lower_bound(lag, len(rates))


@pytest.mark.parametrize("family", ["exponential", "power"])
@given(RATES, st.integers(0, 6))
def test_too_few_heads_recall_nothing(family, rates, extra):
    # Fewer heads than heads_to_recall: the l1 error is at least that of no head.
    lag = len(rates) + extra + Family.of(family).first_lag
    assert len(rates) < heads_to_recall(lag, family)
    kernel = projection([1 + rate for rate in rates], Delta(lag), family)
    assert lower(kernel.l1_error) >= 1 - 1e-12


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_enough_heads_recall_everything(family, lag):
    heads = heads_to_recall(lag, family)
    rates = [100 + h for h in range(heads)]
    kernel = interpolation(rates, Delta(lag), family)
    assert upper(kernel.l1_error) < 1e-6


def test_theorem_3_1_adds_its_parts():
    readout = two_layer.relu_sum([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0]])
    target = FixedMemory((3, 7), readout)
    attention = theorem_3_1.attention_error((3, 7), 40, 2, "lin")
    total = theorem_3_1.bound(target, 40, 100, 2, "lin")
    # The attention may err by more than 1, so the readout needs a larger box.
    assert attention > 1
    feed_forward = 4 * (1 + attention) * math.sqrt(4) * readout.norm / 10
    assert total == pytest.approx(feed_forward + readout.lipschitz * attention)
    many = theorem_3_1.attention_error((3, 7), 10**6, 2, "lin")
    assert many < 1
    total = theorem_3_1.bound(target, 10**6, 100, 2, "lin")
    assert total == pytest.approx(
        4 * 2 * math.sqrt(4) * readout.norm / 10 + readout.lipschitz * many
    )
    assert theorem_3_1.bound(target, 2, 100, 2, "lin") == math.inf
    # Shares: 40 e^0.03 / (e^0.03 + e^0.07) = 19.6 and 20.4, rounded down.
    parts = [lemmas.recall_bound("lin", 3, 19, 2), lemmas.recall_bound("lin", 7, 20, 2)]
    assert attention == pytest.approx(math.hypot(*parts))
    assert theorem_3_1.attention_error((3, 70), 40, 3, "log") == math.inf


def test_heads_are_shared_as_in_the_proof():
    shares = theorem_3_1.head_shares((3, 7), "log")
    assert sum(shares) == pytest.approx(1)
    assert shares[1] / shares[0] == pytest.approx((7 / 3) ** 1.01)
