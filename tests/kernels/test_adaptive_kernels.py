"""Adaptive kernels: certified for every adaptive lag, against plain sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_decays import decays

from tapx.kernels import balls, search
from tapx.kernels.adaptive import AdaptiveKernel, best, bump, from_fixed
from tapx.kernels.family import heads_to_recall
from tapx.theorems import lemmas

small = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)


@pytest.mark.parametrize("family", ["exponential", "power"])
@given(data=st.data())
@settings(max_examples=20)
def test_certificates_agree_with_plain_sums(family, data):
    rates = data.draw(
        st.lists(
            st.floats(2.1, 6), min_size=1, max_size=4, unique_by=lambda r: r // 0.1
        )
    )
    weights = data.draw(st.lists(small, min_size=len(rates), max_size=len(rates)))
    memory = data.draw(st.integers(1, 4))
    kernel = AdaptiveKernel.of(family, rates, weights, (memory,))
    lags = np.arange(3000)
    # As the lemma writes it: each decay is 1 at the memory lag.
    values = decays(family, rates, lags) @ (
        weights / decays(family, rates, [memory])[0]
    )
    assert np.allclose(kernel.values(range(40), memory), values[:40], rtol=1e-9)
    direct = np.abs(values - (lags == memory)).sum()
    assert float(kernel.l1_error(memory)) == pytest.approx(direct, rel=1e-3)


def test_uniform_error_is_below_the_lemmas_bound(family):
    heads = 48 if family == "exponential" else 10  # powers have far zeros: slow
    for alpha in (0.01, 0.5):
        kernel = bump(3, heads, family, alpha, alpha)
        assert kernel.lags == (1, 2, 3)
        given = (family, 3, heads)
        least = min(lemmas.recall_bound(*given, n, alpha, alpha) for n in range(1, 9))
        assert balls.upper(kernel.uniform_error) <= least


def test_the_proofs_kernel_keeps_its_digits_with_many_heads():
    """Its weights are near 1e67 here, far above what 200 bits could hold."""
    kernel = bump(4, 96, "exponential")
    assert kernel.base.largest_weight > 1e60
    assert balls.upper(kernel.uniform_error) < 1


def test_shifted_exponentials_err_most_at_the_largest_lag():
    fixed = search.best_delta(4, 7, "exponential")
    kernel = from_fixed(fixed)
    errors = [float(kernel.l1_error(lag)) for lag in kernel.lags]
    assert errors == sorted(errors)
    assert errors[-1] == pytest.approx(float(fixed.l1_error), rel=1e-9)
    assert float(kernel.uniform_error) == errors[-1]


def test_best_recalls_every_lag(family):
    kernel = best((1, 2, 3), 6, family, 45)
    assert float(kernel.uniform_error) < 1e-3
    few = heads_to_recall(3, family) - 1
    assert float(best((1, 3), few, family).uniform_error) == 1


@pytest.mark.parametrize(("lag", "heads"), [(2, 4), (3, 5)])
def test_a_single_lag_scales_to_the_fixed_kernel(lag, heads):
    """With one adaptive lag the points are the lags: F.5 is F.4."""
    fixed = search.best_delta(lag, heads, "power")
    scaled = from_fixed(fixed, (lag,), 200)
    error = float(fixed.l1_error)
    assert float(scaled.uniform_error) == pytest.approx(error, rel=1e-9)
    # The scaled weights are rounded once more, at a price like that of the first time.
    adaptive = best((lag,), heads, "power")
    assert error / 2 < float(adaptive.uniform_error) < 2 * error
