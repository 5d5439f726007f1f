"""The bound of rounding covers all evaluations, and a real difference exceeds it."""

import itertools

import pytest
import torch
from made_blocks import block, others
from made_draws import draw

from tapx.network.evaluation_rounding import evaluation_rounding, quotient_rounding

CASES = list(
    itertools.product(("lin", "log"), ("none", "tmx", "dot"), ("none", "infinite"))
)


def made(position, score, normalisation):
    options = {"dimension": 4, "seed": 1, "slopes": [1.1, 1.7, 2.6]}
    return block(position, normalisation, score, **options)


def tokens(length):
    drawn = draw(2, length, 4, seed=2)
    return drawn / drawn.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize(("position", "score", "normalisation"), CASES)
def test_all_evaluations_are_within_the_bound(position, score, normalisation):
    block, x = made(position, score, normalisation), tokens(200)
    with torch.no_grad():
        dense = block(x)
        found = [block(x, evaluation) for evaluation in others(position, score)]
        apart = max(float((a - dense[:, -a.shape[1] :]).abs().max()) for a in found)
    bound = evaluation_rounding(block, 200)
    assert apart <= bound
    assert bound < 1e-7 * max(1.0, float(dense.abs().max()))


def test_the_bound_is_small_enough_to_see_a_wrong_slope():
    block, x = made("lin", "none", "none"), tokens(100)
    bound = evaluation_rounding(block, 100)
    with torch.no_grad():
        right = block(x)
        block.slopes[0] *= 1 + 1e-9
        assert float((block(x) - right).abs().max()) > bound
    assert bound < 1e-11


def test_the_bound_grows_with_length_and_radius():
    block = made("lin", "tmx", "none")
    assert evaluation_rounding(block, 50) < evaluation_rounding(block, 500)
    assert evaluation_rounding(block, 50) < evaluation_rounding(block, 50, 2.0)
    assert evaluation_rounding(block, 50, 0.0) == 0


def test_a_quotient_moves_by_no_more_than_it_says():
    assert quotient_rounding([(3.0, 2.0, 0.5)]) == pytest.approx(3 / 1.5 - 3 / 2)
    assert quotient_rounding([(3.0, 0.5, 0.5)]) is None


def test_only_the_least_quotient_counts():
    steady, loose = (2.0, 1.0, 1e-6), (9.0, 1e-3, 1.0)
    assert quotient_rounding([steady, loose]) == pytest.approx(2e-6, rel=1e-3)
    # A loose one that may come below the least one moves it.
    assert quotient_rounding([steady, (1.5, 0.5, 0.5)]) == pytest.approx(0.5)
