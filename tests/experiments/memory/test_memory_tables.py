"""What 4a and 4b share: targets, cells, free heads, the recorded full grid."""

import math

import numpy as np
import pytest
import torch
from made_outcomes import recorded

from tapx.experiments.memory import tables as shared
from tapx.experiments.memory.training import MemoryCell


def test_targets_and_published_figures():
    heavy, light = shared.experiment("4a"), shared.experiment("4b")
    lags = np.arange(1000)
    energy = (heavy.target.values(lags) ** 2).sum()
    assert energy == pytest.approx((1 / lags[1:]).sum())
    assert energy == pytest.approx(7.484, abs=1e-3)
    tail = (light.target.values(lags[1:]) ** 2).sum()
    assert tail == pytest.approx(1 / (math.exp(10) - 1))
    assert light.target.values(np.array([0]))[0] == 1.0
    assert heavy.figure("lin", 64) == "0.19"
    assert heavy.figure("log", 1) == "< 1e-05"
    assert heavy.figure("lin", 8) == "not available"
    assert light.figure("log", 64) == "0.00053"


@pytest.mark.parametrize("chapter", ["exp-4a", "exp-4b"])
def test_the_recorded_full_grid(chapter):
    given, seeds, rows = recorded(chapter, MemoryCell)
    assert given["heads"] == [1, 2, 4, 8, 16, 32, 64]
    assert (given["iterations"], given["batch"]) == (10_000, 100)
    assert given["repeats"] >= 3
    axes = ("rpe", "heads", "learning_rates", "initial_slopes")
    cells = shared.memory_cells(*(given[axis] for axis in axes), seeds)
    assert [row.cell for row in rows] == cells


@pytest.mark.parametrize("name", ["4a", "4b"])
def test_one_free_head_holds_the_target(name):
    chosen = shared.experiment(name)
    for lags in (20, 1000):
        assert chosen.best_error("free", 1, lags) < 1e-24
    values = chosen.target.values(np.arange(50))
    network = shared.free_head(values)
    impulses = torch.eye(50, dtype=torch.float64)[:, :, None]
    kernel = network(impulses, "last").flip(0).detach().numpy()
    assert np.abs(kernel - values).max() < 1e-13
    assert chosen.best_error("lin", 8) == chosen.best("lin", 8).mse
