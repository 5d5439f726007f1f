"""Experiments 1b and 3a in small: the inequalities of their trained claims.

The inputs have 104 tokens instead of 1000, and the models are smaller. Nothing here
compares digits: each inequality is that of a claim, and can fail.
"""

import pytest
from made_outcomes import recorded

from tapx.chapters import runs
from tapx.experiments.signs.training import SignCell, sign_cells, train_signs
from tapx.experiments.training import Recipe
from tapx.targets.signs import target

TASK = target("1b", length=104)
RECIPE = Recipe(iterations=1000, batch=50, length=104, dimension=4)


@pytest.fixture(scope="module")
def outcomes():
    seeds = range(3)
    cells = sign_cells(["free"], [1, 16], [128], [0.01], seeds)
    cells += sign_cells(["free"], [16], [4], [0.01], seeds)
    cells += sign_cells(["free"], [16], [128], [0.01], seeds, [True])
    cells += sign_cells(["lin", "log"], [16], [128], [0.01], seeds)
    cells += sign_cells(["lin", "log"], [16], [128], [0.01], [0], [True])
    return train_signs(cells, TASK, RECIPE)


def test_free_positions_learn_the_task_and_heads_and_width_help(outcomes):
    free = outcomes.where(rpe="free", dot_product=False)
    good = free.spread(heads=16, width=128).median
    assert good < TASK.variance / 100
    assert good < free.spread(heads=1, width=128).least / 10
    assert good < free.spread(heads=16, width=4).least / 10


def test_one_slope_a_head_does_not_learn(outcomes):
    slopes = [one for one in outcomes if one.cell.rpe != "free"]
    assert len(slopes) == 8
    assert min(one.error for one in slopes) > 0.9 * TASK.variance


def test_dot_products_gain_nothing_where_neurons_are_many(outcomes):
    cell = {"rpe": "free", "heads": 16, "width": 128}
    without, using = (outcomes.spread(**cell, dot_product=dot) for dot in (False, True))
    assert without.median / using.median < 10
    assert without.least / using.least < 10


def test_dot_products_stand_in_for_neurons():
    """With 8 neurons most models stop near the best affine answer without them."""
    cells = sign_cells(["free"], [32], [8], [0.003], range(3), [False, True])
    recipe = Recipe(iterations=3000, batch=50, length=104, dimension=4)
    found = train_signs(cells, TASK, recipe)
    without, using = (found.spread(dot_product=dot) for dot in (False, True))
    assert using.median < without.median / 3


@pytest.mark.parametrize("chapter", ["exp-1b", "exp-3a"])
def test_the_recorded_full_grid(chapter):
    """The record is complete."""
    given, _, rows = recorded(chapter, SignCell)
    assert (given["iterations"], given["repeats"]) == (10_000, 3)
    assert 32 in given["heads"] and 256 in given["width"]
    rows = rows.where(end=given["end"])
    kinds = {(o.cell.rpe, o.cell.heads, o.cell.width, o.cell.dot_product) for o in rows}
    slopes = given.get("slope_heads", given["heads"])
    dots = 2 if chapter == "exp-3a" else 1
    free = len(given["heads"]) * len(given["width"])
    assert len(kinds) == dots * (free + 2 * len(slopes))
    for rpe, heads, width, dot in kinds:
        own = rows.where(rpe=rpe, heads=heads, width=width, dot_product=dot)
        assert len(own) >= 3
        assert all(one.history[-1][0] == 10_000 for one in own)


@pytest.mark.parametrize("chapter", ["exp-1b", "exp-3a"])
def test_claims_are_made_only_where_their_models_are(chapter, tmp_path):
    """One kind of position, another number of heads: it runs, and claims less."""
    given = {"heads": [3], "rpe": ["free"], "iterations": 3}
    done = runs.run(chapter, given, profile="smoke", output=tmp_path)
    ids = {claim.id for claim in done.claims if "/recorded-" not in claim.id}
    trained = ("free-rpe", "slope-rpe", "effect", "gain")
    assert not [id for id in ids if any(word in id for word in trained)]
    assert "exp-1b/one-head-eight-neurons-mse" in ids or chapter == "exp-3a"
    assert not [claim.id for claim in done.claims if claim.verdict == "fails"]
