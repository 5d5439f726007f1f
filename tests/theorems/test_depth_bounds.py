"""Proposition 4.5's bound and counts, beside Theorem 4.1's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapx.readouts.memory_functions import tolerance
from tapx.theorems import adaptive_errors, proposition_4_5

POSITIONS = st.sampled_from(["lin", "log"])
LAGS = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def test_a_layer_each_is_as_wide_as_the_widest_function(position):
    """Theorem 4.1's shared layer has the sum."""
    found = proposition_4_5.widths([2.0, 3.0], (2, 3), 1, position)
    each = [
        adaptive_errors.sampling_width(norm, 1, tolerance(lag, position))
        for norm, lag in ((2.0, 2), (3.0, 3))
    ]
    assert found == (max(each), sum(each))


@given(LAGS, POSITIONS, st.floats(1e-3, 10))
def test_attention_heads_are_the_fewest(lags, position, error):
    for depth in (0, len(lags)):
        heads = proposition_4_5.attention_heads(lags, depth, error, 2, position)
        here, before = (
            adaptive_errors.layered_error(lags, depth, count, 2, position)
            for count in (heads, heads - 1)
        )
        assert here <= error < before


@given(LAGS, st.integers(1, 3), POSITIONS, st.floats(0.01, 0.5))
@settings(max_examples=15)
def test_heads_fall_with_depth(lags, order, position, error):
    """No layer more asks for more heads, and all save no more than the memories."""
    counts = [
        proposition_4_5.attention_heads(lags, depth, error, order, position)
        for depth in range(len(lags) + 1)
    ]
    assert counts == sorted(counts, reverse=True)
    # Shares are rounded down: up to a head a memory may be lost.
    assert counts[0] <= len(lags) * (counts[-1] + 1)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_ratio_of_heads_is_one_of_norms(order):
    """The formula r_n of the chapter on Proposition 4.5, and M for equal lags."""

    def ratio(lags):
        two, deep = (
            proposition_4_5.attention_heads(lags, depth, 0.05, order, "lin")
            for depth in (0, len(lags))
        )
        return two / deep

    c = np.exp(0.01 * np.array([300, 150, 1]))
    high = np.linalg.norm(c, 2 * order + 2) ** (order + 1)
    wanted = c.sum() * (np.linalg.norm(c) / high) ** (1 / order)
    assert ratio((300, 150, 1)) == pytest.approx(wanted, rel=0.01)
    assert ratio((3, 3, 3)) == 3
