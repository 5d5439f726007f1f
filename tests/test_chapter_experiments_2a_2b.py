"""What chapters exp-2a and exp-2b claim of trained models, trained again, shorter.

The inputs have 104 tokens instead of 1000, and the lags shrink with them.
"""

from dataclasses import replace
from functools import cache

import pytest
from made_outcomes import recorded

from tapx.experiments.signs import floors
from tapx.experiments.signs.networks import free_network
from tapx.experiments.signs.training import SignCell, sign_cells, train_signs
from tapx.experiments.training import Recipe
from tapx.targets.signs import target

LENGTH = 104
RECIPE = Recipe(iterations=400, batch=50, length=LENGTH, dimension=4)
STEP = 0.01


@cache
def trained(name):
    cells = sign_cells(["free"], [1, 16], [4, 64], [STEP], range(3))
    cells += sign_cells(["lin", "log"], [16], [64], [STEP], range(3))
    return train_signs(cells, target(name, length=LENGTH), RECIPE)


@pytest.mark.parametrize("name", ["2a", "2b"])
def test_one_slope_a_head_learns_little(name):
    """The variance is 3 in 2b; one token of 2a is nearly as faint."""
    scalar = [one.error for one in trained(name) if one.cell.rpe != "free"]
    assert min(scalar) > 0.5 * target(name, length=LENGTH).variance


def test_many_free_heads_are_below_the_floors():
    task = target("2b", length=LENGTH)
    worst = trained("2b").spread(rpe="free", heads=16, width=64).largest
    assert worst < floors.nearly_equal(task, "lin", 16).mse / 3
    assert worst < floors.least(task, "lin", 4)


@pytest.mark.parametrize("name", ["2a", "2b"])
def test_heads_bring_a_gain(name):
    """The worst seed of many heads is below a tenth of the best seed of one."""
    one, many = (
        trained(name).spread(rpe="free", width=64, heads=heads) for heads in (1, 16)
    )
    assert many.largest < one.least / 10


def test_width_keeps_sums_from_getting_stuck():
    few, many = (
        sum(one.error > 0.5 for one in trained("2b").where(rpe="free", width=m))
        for m in (4, 64)
    )
    assert few > many


def test_width_finds_a_token_sooner():
    """The worst seed of many neurons is below a third of the best seed of few."""
    cells = sign_cells(["free"], [4], [4, 256], [STEP], range(3))
    brief = replace(RECIPE, iterations=300)
    outcomes = train_signs(cells, target("2a", length=LENGTH), brief)
    few, wide = (outcomes.spread(width=m) for m in (4, 256))
    assert wide.largest < few.least / 3


@pytest.mark.parametrize("name", ["2a", "2b"])
def test_the_recorded_full_grid(name):
    """The record is complete."""
    given, seeds, rows = recorded(f"exp-{name}", SignCell)
    assert {1, 32} <= set(given["heads"]) and {4, 256} <= set(given["width"])
    assert given["iterations"] == 10_000 and given["repeats"] >= 3
    axes = (given[name] for name in ("rpe", "heads", "width"))
    cells = sign_cells(*axes, [given["learning_rate"]], seeds)
    assert [row.cell for row in rows] == cells


def test_no_recorded_error_is_below_what_is_possible():
    """The certificate of the construction stands below every trained model."""
    for name in ("2a", "2b"):
        least = min(one.error for one in recorded(f"exp-{name}", SignCell)[2])
        assert free_network(target(name)).mse < least
