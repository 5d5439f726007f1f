import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapx.kernels import search
from tapx.kernels.balls import upper
from tapx.kernels.kernel import Delta, Kernel
from tapx.limits.recall import recall_floor
from tapx.network import positions


def test_one_slow_head_recalls_nothing():
    # By hand: y = 1 at lag 0 needs the rest to sum to 1: z/(1-z) >= 1 from z = 1/2 on.
    assert recall_floor([np.log(2) * 0.99], 0, 400).l1_error == pytest.approx(1)
    fast = recall_floor([np.log(4)], 0, 200)
    assert fast.l1_error == pytest.approx(1 / 3, rel=1e-6)  # (1 - z)/z = 3


@settings(max_examples=8)
@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 99))
def test_no_weights_do_better(heads, lag, seed):
    draws = np.random.default_rng(seed)
    rates = np.cumsum(0.2 + draws.random(heads))
    floor = recall_floor(rates, lag, 128)
    assert floor.values[lag] == 1
    lags = np.arange(128)
    assert np.abs(floor.values @ np.exp(-np.outer(lags, rates))).max() < 1e-9
    for weights in draws.normal(size=(3, heads)):
        kernel = Kernel.of("exponential", rates, weights, Delta(lag))
        assert upper(kernel.l1_error) >= floor.l1_error


def test_close_to_what_a_search_finds():
    kernel = search.best_delta(1, 2, "exponential", 53)
    floor = recall_floor(kernel.float_rates, 1, 256)
    assert 0.2 * upper(kernel.l1_error) < floor.l1_error <= upper(kernel.l1_error)


def test_eight_heads_with_the_slopes_of_alibi():
    assert recall_floor(positions.alibi_slopes(8).numpy(), 0).largest < 1
