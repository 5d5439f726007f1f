"""Small Transformers trained on all windows of a finite alphabet."""

import numpy as np
import pytest
import torch

from tapx.experiments import all_windows
from tapx.targets import influence, nested_targets

SWITCH = nested_targets.switches(1)
WINDOWS = influence.all_windows(SWITCH.alphabet, SWITCH.reach + 1)
ANSWERS = SWITCH(WINDOWS)


def errors(seeds=(0,), iterations=20, layers=1):
    return all_windows.worst_errors(
        WINDOWS, ANSWERS, layers, 2, 8, 4, seeds, iterations
    )


def test_one_number_a_seed_and_the_same_again():
    found = errors((0, 1, 2))
    assert found.shape == (3,) and found.dtype == np.float64
    assert np.isfinite(found).all()
    assert np.array_equal(found, errors((0, 1, 2)))
    assert len(set(found.tolist())) == 3


def test_models_side_by_side_are_trained_as_if_alone():
    together = errors((3, 4), 30)
    alone = [errors((seed,), 30)[0] for seed in (3, 4)]
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-4)


def test_training_learns_one_switch():
    """One layer follows one switch, as its linear programme of error 0 says."""
    assert np.median(errors((0, 1, 2), 500, layers=1)) < 0.5 < errors((0,), 1)[0]


def test_long_gradients_are_shortened_for_each_model_by_itself():
    long = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    bias = torch.zeros(2, 1)
    all_windows.shorten([long, bias])
    wanted = torch.tensor([[0.6, 0.8], [0.3, 0.4]])
    assert torch.allclose(long, wanted)
