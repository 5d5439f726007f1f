"""Gradient descent in many manners."""

import numpy as np
import pytest
import torch
from test_starts import LAGS, RHO

from tapx.experiments.memory import starts, training
from tapx.experiments.memory.descent import Way, descend_from
from tapx.experiments.stacks import Stack
from tapx.experiments.training import Recipe


def drawn(rates="geometric", seeds=(0, 1), heads=4):
    return starts.models(rates, heads, LAGS, seeds)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_recipe_is_that_of_training(schedule):
    cells = [training.MemoryCell("lin", 4, 0.01, "geometric", seed) for seed in (0, 1)]
    recipe = Recipe(30, 100, LAGS, schedule=schedule)
    trained = training.train_memory(cells, RHO, recipe)
    begun = [training.memory_model(cell, recipe) for cell in cells]
    way = Way("adamw", 0.01, 0.01, 100, cooling=schedule == "cosine")
    found = descend_from(begun, RHO, way, 30, notes=recipe.ends)
    ends = [found.history[step] for step in recipe.ends]
    expected = np.mean(ends, axis=0)
    assert [one.loss for one in trained] == pytest.approx(expected, rel=1e-3)
    again = descend_from(drawn(), RHO, way, 30)
    assert again.errors == pytest.approx(found.errors, rel=1e-3)


@pytest.mark.parametrize(
    "way",
    [
        Way(batch=16, weight_decay=0.1),
        Way(precision="float64", cooling=True),
        Way("sgd", 0.01),
        Way("lbfgs", 1.0),
        Way("lbfgs", 1.0, precision="float64"),
    ],
)
def test_it_goes_down_and_gives_the_same_bits_twice(way):
    begun = drawn()
    before = [model.readout.clone() for model in begun]
    first, second = (descend_from(begun, RHO, way, 25, notes=(5, 99)) for _ in "ab")
    assert np.array_equal(first.errors, second.errors)
    assert list(first.history) == [0, 5, 25]
    assert (first.errors < first.history[0]).all()
    assert all(torch.equal(a, b.readout) for a, b in zip(before, begun, strict=True)), (
        "the models handed in stay as they are"
    )
    stack = Stack(first.ends, LAGS)
    assert np.allclose(training.exact_errors(stack, RHO), first.errors, rtol=1e-6)
