"""Medians over seeds, with the least and the largest error."""

import math

import pytest

from tapx.experiments.signs import spreads
from tapx.experiments.signs.training import ToyCell, ToyOutcome


def outcome(mse, heads=1, width=4, dot=False, seed=0):
    cell = ToyCell("free", heads, width, dot, seed)
    return ToyOutcome(cell, mse, ((100, mse),))


SEEDS = [outcome(mse, seed=seed) for seed, mse in enumerate((3.0, 1.0, 2.0))]


def test_median_least_and_largest():
    one = spreads.spread(SEEDS)
    assert (one.median, one.least, one.largest) == (2.0, 1.0, 3.0)
    assert (one.runs, one.diverged) == (3, 0)
    assert str(one) == "2.0e+00 (1.0e+00 – 3.0e+00)"
    assert str(spreads.spread(SEEDS[:1])) == "3.0e+00"


def test_diverged_runs_count_as_infinite():
    lost = [outcome(None, seed=3), outcome(None, seed=4)]
    one = spreads.spread(SEEDS + lost)
    assert (one.median, one.largest, one.diverged) == (3.0, math.inf, 2)
    assert math.isinf(spreads.spread(lost).median)
    assert str(spreads.spread(lost)) == "diverged (diverged – diverged)"
    half = spreads.spread([SEEDS[0], *lost[:1]])
    assert math.isinf(half.median)


def test_cells_are_selected_by_their_values():
    found = [*SEEDS, outcome(9.0, heads=2), outcome(8.0, dot=True)]
    assert spreads.select(found, heads=2) == found[3:4]
    assert spreads.select(found, seed=0, dot_product=False, heads=1) == found[:1]
    assert spreads.values(found, "heads") == [1, 2]
    assert spreads.has(found, dot_product=True)
    assert not spreads.has(found, heads=32, width=256)


def test_counts_in_words():
    assert spreads.count("heads", 1) == "1 head"
    assert spreads.count("width", 256) == "256 neurons"


def test_wrong_requests_are_refused():
    with pytest.raises(ValueError, match=r"heads=7.*'free', 1, 4"):
        spreads.spread(SEEDS, heads=7)
    with pytest.raises(ValueError, match="2 cells"):
        spreads.spread([*SEEDS, outcome(1.0, heads=2)], width=4)
    with pytest.raises(ValueError, match="heads"):
        spreads.select(SEEDS, head=1)
    with pytest.raises(ValueError, match="width"):
        spreads.values(SEEDS, "widths")
    with pytest.raises(ValueError, match="heads"):
        spreads.count("rpe", 1)
