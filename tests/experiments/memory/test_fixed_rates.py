"""Gradient descent on the weights alone, solved."""

import math

import numpy as np
import pytest

from tapx.experiments.memory import fixed_rates
from tapx.experiments.memory.fixed_rates import FixedRates

LAGS = 100
RATES = np.array([0.01, 0.1, 1.0])
RHO = np.append(0.0, np.arange(1, LAGS) ** -0.5)
SHARES = fixed_rates.columns(RATES, LAGS)


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_an_actual_descent_follows_the_law(part):
    law = FixedRates(SHARES, RHO)
    step = part * law.largest_step
    weights = np.zeros(3)
    for time in range(40):
        error = ((SHARES @ weights - RHO) ** 2).sum()
        assert law.error(time, step) == pytest.approx(error, rel=1e-9)
        weights -= step * 2 * SHARES.T @ (SHARES @ weights - RHO)


def test_what_no_weights_remove():
    law = FixedRates(SHARES, RHO)
    weights = np.linalg.lstsq(SHARES, RHO, rcond=None)[0]
    assert law.rest == pytest.approx(((SHARES @ weights - RHO) ** 2).sum())
    assert law.error(1e9) == pytest.approx(law.rest)
    assert law.error(100, 1.01 * law.largest_step) > law.error(0)
    assert law.condition == pytest.approx(np.linalg.cond(SHARES))


def test_iterations_to_an_error():
    law = FixedRates(SHARES, RHO)
    time = law.iterations_to(2 * law.rest)
    assert law.error(time) <= 2 * law.rest < law.error(time * 0.998)
    assert law.iterations_to(law.error(0)) == 0
    assert law.iterations_to(law.rest) == math.inf
    assert law.iterations_to(2 * law.rest, 1e-30) == math.inf


@pytest.mark.parametrize("position", ["lin", "log"])
def test_singular_values_are_those_of_differences(position):
    rates, weights = np.array([0.6, 2.0]), np.array([0.7, -0.3])
    shares = fixed_rates.columns(rates, LAGS, position)
    assert shares.sum(0) == pytest.approx(1)
    first = np.exp(-rates) if position == "lin" else np.ones(2)
    coefficients = weights * (first / shares[1])

    def kernel(both):
        now = fixed_rates.columns(np.exp(both[2:]), LAGS, position)
        return (now @ both[:2])[1:]

    at = np.concatenate([coefficients, np.log(rates)])
    steps = 1e-6 * np.eye(4)
    joint = np.stack([kernel(at + s) - kernel(at - s) for s in steps], 1) / 2e-6
    found = fixed_rates.singular_values(rates, weights, LAGS, position)
    own, turning = joint[:, :2], joint[:, 2:]
    across = turning - own @ np.linalg.lstsq(own, turning, rcond=None)[0]
    for name, part in {"joint": joint, "weights": own, "projected": across}.items():
        wanted = np.linalg.svd(part, compute_uv=False)
        rel = 1e-4 if part is across else 1e-5
        assert found[name] == pytest.approx(wanted, rel=rel)
