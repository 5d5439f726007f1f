"""Where a descent begins."""

import numpy as np
import pytest
import torch

from tapx.experiments.memory import starts, tables
from tapx.experiments.memory.descent import copied
from tapx.experiments.memory.training import exact_errors
from tapx.experiments.stacks import Stack

LAGS = 200
EXPERIMENT = tables.experiment("4a")
RHO = EXPERIMENT.target.values(np.arange(LAGS))
BEST = EXPERIMENT.best("lin", 4, LAGS)


def test_a_model_at_the_kernel_has_its_error():
    made = starts.at_kernel(BEST.rates, BEST.weights, LAGS)
    errors = exact_errors(Stack([made], LAGS), RHO)
    assert errors == pytest.approx(BEST.mse, rel=1e-9)
    tokens = torch.eye(LAGS, dtype=torch.float64)[:, :, None]
    kernel = made(tokens, "last").detach().numpy()[::-1]
    assert kernel[0] == pytest.approx(0, abs=1e-12)
    assert np.allclose(kernel[1:], BEST.values(np.arange(1, LAGS)))
    single = copied(made, torch.float32)
    errors = exact_errors(Stack([single], LAGS), RHO)
    assert errors == pytest.approx(BEST.mse, rel=1e-3)


def test_a_model_at_a_sum_of_powers():
    light = tables.experiment("4b")
    kernel = light.best("log", 1, LAGS)
    made = starts.at_kernel(kernel.rates, kernel.weights, LAGS, "log")
    values = light.target.values(np.arange(LAGS)) * (np.arange(LAGS) > 0)
    errors = exact_errors(Stack([made], LAGS), values)
    assert errors == pytest.approx(kernel.mse, rel=1e-6)


def test_initial_rates():
    window = starts.initial_rates("window", 4, 1000)
    assert window == pytest.approx([0.001, 0.01, 0.1, 1.0])
    assert starts.initial_rates("equal", 3, 10).tolist() == [1, 1, 1]
    assert starts.initial_rates("geometric", 2, 10).tolist() == [2**-4, 2**-8]
    draws = [starts.initial_rates("random", 50, 1000, seed) for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert draws[0].min() >= 1e-3 and draws[0].max() <= 1


def test_models_are_drawn_from_their_seeds():
    first, again, other = starts.models("window", 3, LAGS, (1, 1, 2))
    assert torch.equal(first.readout, again.readout)
    assert not torch.equal(first.readout, other.readout)
    slopes = first.attentions[0].slopes.detach().numpy()
    assert slopes == pytest.approx(np.geomspace(1 / LAGS, 1, 3))
