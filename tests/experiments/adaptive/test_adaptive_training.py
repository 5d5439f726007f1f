"""Training on adaptive memories: repeatable, and exact where it is affine."""

from dataclasses import replace

import pytest
import torch

from tapx import theorem_4_1
from tapx.experiments.adaptive.affine import affine_part, sign_switch
from tapx.experiments.adaptive.starts import StartCell, train_from
from tapx.experiments.adaptive.training import (
    ARMS,
    AdaptiveCell,
    adaptive_cells,
    train_adaptive,
)
from tapx.experiments.training import Recipe, signs, stream

SWITCH = sign_switch()
RECIPE = Recipe(iterations=20, batch=4, length=8, dimension=4)


def train(cells, recipe=RECIPE):
    return train_adaptive(cells, SWITCH, recipe, heads=2, width=4)


def test_one_outcome_a_cell_and_the_same_again():
    cells = adaptive_cells(ARMS, ["lin", "log"], [1], [0.01], [0])
    found = train(cells)
    assert [one.cell for one in found] == cells
    again = train(cells)
    assert [one.history for one in again] == [one.history for one in found]
    for one in found:
        assert [step for step, _ in one.history] == [0, 20]


def test_company_changes_rounding_only():
    slow = AdaptiveCell("dot", "lin", 2, True, 0.003)
    (alone,) = train([slow])
    together = train([slow, replace(slow, seed=1)])
    assert together[0].error == pytest.approx(alone.error, rel=1e-3)
    assert together[1].error != together[0].error


@pytest.mark.parametrize("layers", [1, 2])
def test_an_affine_error_is_exact_and_above_the_floor(layers):
    (one,) = train(
        [AdaptiveCell("none", "log", layers, False)], replace(RECIPE, schedule="cosine")
    )
    assert one.error >= float(affine_part(SWITCH).error)
    tokens = signs(stream(9), 20_000, RECIPE.length)
    with torch.no_grad():
        answers = one.model(tokens[..., None])[:, SWITCH.reach :]
    wanted = SWITCH(tokens.double()[..., None], last_only=False)
    assert one.error == pytest.approx(float(((answers - wanted) ** 2).mean()), rel=0.05)


def test_a_built_network_answers_before_the_first_step():
    built = theorem_4_1.construct(SWITCH, 3, "lin", length=8)
    cells = [StartCell("built", size) for size in (0.0, 0.5)]
    still, shaken = train_from(cells, {"built": built.model}, SWITCH, RECIPE)
    assert still.history[0][1] < 1e-6 < shaken.history[0][1]
