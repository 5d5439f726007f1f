"""Outcomes: plain numbers, gains seed by seed, and runs that diverged."""

import json
import math
from dataclasses import replace

import pytest

from tapx.experiments.language import outcomes as outcomes
from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.language.outcomes import LanguageOutcome

BASE = LanguageCell(dimension=8, width=16)
DEEP = replace(BASE, layers=2)


def row(cell, seed, loss, tokens="bpe"):
    curve = ((0, 4.0), (10, 3.5)) if loss is None else ((0, 4.0), (20, loss))
    return LanguageOutcome(replace(cell, seed=seed), tokens, 99, loss, curve)


ROWS = [
    row(BASE, 1, 3.1),
    row(BASE, 0, 3.0),
    row(DEEP, 0, 2.5),
    row(DEEP, 1, 2.8),
    row(BASE, 0, 1.5, "characters"),
]


def test_survive_json():
    for one in [*ROWS, row(DEEP, 2, None)]:
        assert LanguageOutcome.from_dict(json.loads(json.dumps(one.as_dict()))) == one


def test_gains_compare_the_same_seed():
    assert [one.cell.seed for one in outcomes.of_cell(ROWS, BASE, "bpe")] == [0, 1]
    assert outcomes.gains(ROWS, BASE, DEEP, "bpe") == pytest.approx([0.5, 0.3])
    deeper = replace(BASE, layers=3)
    more = [*ROWS, row(deeper, 0, 2.9), row(deeper, 1, 2.9)]
    cells = [BASE, DEEP, deeper]
    assert outcomes.best_gains(more, cells, "bpe") == pytest.approx([0.5, 0.3])


def test_diverged_runs_are_counted():
    some = [*ROWS, row(DEEP, 2, None), row(BASE, 2, 3.0)]
    assert outcomes.gains(some, BASE, DEEP, "bpe")[2] == -math.inf
    own = outcomes.of_cell(some, DEEP, "bpe")
    assert outcomes.spread(own) == "2.500 to 2.800, 1 diverged"
    assert outcomes.spread(own[2:]) == "1 diverged"
    assert outcomes.number(math.inf) == "diverged"
    assert outcomes.number(0.25, "+.2f") == "+0.25"


def test_refuses():
    with pytest.raises(ValueError, match="no outcome of"):
        outcomes.of_cell(ROWS, replace(BASE, layers=9), "bpe")
    lost = [*ROWS, row(BASE, 2, None), row(DEEP, 2, 2.0)]
    with pytest.raises(ValueError, match="no base to compare with for seed 2"):
        outcomes.gains(lost, BASE, DEEP, "bpe")
