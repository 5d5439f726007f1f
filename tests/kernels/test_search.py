"""The search for the best rates."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from tapx.kernels import search
from tapx.kernels.balls import exact, round_to_bits, upper
from tapx.kernels.family import LIN, LOG


@pytest.mark.parametrize("family", [LIN, LOG], ids=str)
def test_gradient_against_finite_differences(family):
    problem = search._WeightedSquares(search._lag_window(3, 4, family), 4, family, 40)
    problem.scale = np.linspace(1, 2, len(problem.scale))
    steps = np.log([1.4, 1.5, 1.3, 1.7])
    value, gradient = problem(steps)
    numeric = approx_fprime(steps, lambda x: problem(x)[0], 1e-6)
    assert np.isfinite(value)
    assert gradient == pytest.approx(numeric, rel=1e-3, abs=1e-5)


def test_more_bits_and_more_heads_give_less_error():
    errors = [
        upper(search.best_delta(2, heads, "exponential", bits).l1_error)
        for heads, bits in ((3, 30), (3, 60), (4, 60))
    ]
    assert errors[0] > errors[1] > errors[2]


def test_weights_have_the_bits_asked_for():
    kernel = search.best_delta(2, 4, "power", 24)
    assert kernel.weights == tuple(round_to_bits(w, 24) for w in kernel.weights)
    assert kernel.rates == tuple(exact(r) for r in kernel.float_rates)
