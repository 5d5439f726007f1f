"""Training of the toy experiments, on short inputs."""

import math
from dataclasses import replace

import pytest
import torch

from tapx.experiments.signs.floors import beyond_affine
from tapx.experiments.signs.training import sign_cells, train_signs
from tapx.experiments.training import Recipe, signs, spaced_tokens, stream
from tapx.targets.signs import target

LENGTH = 104
RECIPE = Recipe(iterations=400, batch=50, length=LENGTH, dimension=4)
TARGET = target("2b", "last", length=LENGTH)


@pytest.fixture(scope="module")
def outcomes():
    cells = sign_cells(["free", "lin"], [2, 4], [32], [0.01], [0, 1])
    return train_signs(cells, TARGET, RECIPE)


def test_free_numbers_learn_and_one_slope_does_not(outcomes):
    for one in outcomes:
        if one.cell.rpe == "free":
            assert one.error < 0.1 * TARGET.variance
        else:
            assert one.error > 0.5 * TARGET.variance


def test_the_models_come_back_with_their_errors(outcomes):
    tokens = signs(stream(5), 4000, LENGTH)
    for one in outcomes:
        with torch.no_grad():
            answers = one.model(tokens.flip(1)[..., None], "last")
        mse = ((answers - TARGET(tokens)) ** 2).mean().item()
        assert mse == pytest.approx(one.history[-1][1], rel=0.2)


def test_tokens_of_more_levels_are_drawn_evenly_and_answered():
    drawn = spaced_tokens(stream(3), 40, 1000, 5)
    values, counts = drawn.unique(return_counts=True)
    assert values.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert (counts - 8000).abs().max() < 400  # five standard deviations
    assert torch.equal(
        spaced_tokens(stream(3), 40, 1000, 2), signs(stream(3), 40, 1000)
    )


def test_a_kink_at_zero_is_learned_on_levels_that_show_it():
    """Below what any affine answer has, which on signs would be no bar at all."""
    task = target("2a", "last", length=LENGTH, levels=7)
    cells = sign_cells(["free"], [2], [32], [0.03], [0])
    (one,) = train_signs(cells, task, RECIPE)
    assert one.error < 0.1 * beyond_affine(task)


def test_a_constant_step_is_judged_by_its_last_tenth_and_a_cosine_by_its_end():
    cells = sign_cells(["free"], [2], [8], [0.01], [0])
    brief = replace(RECIPE, iterations=20)
    (one,) = train_signs(cells, TARGET, brief)
    (before,) = train_signs(cells, TARGET, replace(brief, iterations=19))
    last, first = dict(one.history)[20], dict(before.history)[19]
    assert last != first and one.loss == pytest.approx((last + first) / 2, rel=1e-12)
    (cooled,) = train_signs(cells, TARGET, replace(brief, schedule="cosine"))
    assert cooled.history == ((20, cooled.loss),) and cooled.loss != last


def test_the_same_seed_gives_the_same_bits(outcomes):
    again = train_signs([one.cell for one in outcomes], TARGET, RECIPE)
    assert again == outcomes


def test_company_changes_rounding_only(outcomes):
    brief = replace(RECIPE, iterations=20)
    cells = [one.cell for one in outcomes]
    for together, cell in zip(train_signs(cells, TARGET, brief), cells, strict=True):
        (alone,) = train_signs([cell], TARGET, brief)
        assert alone.loss == pytest.approx(together.loss, rel=1e-3)


def test_a_diverged_run_is_reported_as_such():
    cells = sign_cells(["free"], [2], [8], [1e20], [0])
    (one,) = train_signs(cells, TARGET, replace(RECIPE, iterations=60))
    assert one.loss is None and math.isinf(one.error)


def test_the_grid_lists_every_cell_once():
    cells = sign_cells(["lin", "free"], [1, 2], [4], [0.01], [0, 1, 2], [False, True])
    assert len(set(cells)) == len(cells) == 24
    assert [cell.seed for cell in cells[:3]] == [0, 1, 2]
