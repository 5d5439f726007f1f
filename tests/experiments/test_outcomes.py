"""Outcomes of cells: rows of records, selections, spreads over seeds, gains."""

import json
import math
from dataclasses import replace

import pytest
from made_outcomes import BASE, DEEP, language
from made_outcomes import signs as outcome

from tapx.experiments.memory.training import MemoryCell
from tapx.experiments.outcomes import Outcome, Outcomes, Spread
from tapx.experiments.signs.training import SignCell

SEEDS = Outcomes(outcome(mse, seed=seed) for seed, mse in enumerate((3.0, 1.0, 2.0)))
LOST = Outcomes([outcome(None, seed=3), outcome(None, seed=4)])
LANGUAGE = Outcomes(
    [
        language(BASE, 1, 3.1),
        language(BASE, 0, 3.0),
        language(DEEP, 0, 2.5),
        language(DEEP, 1, 2.75),
        language(BASE, 0, 1.5, "characters"),
    ]
)
PIECES = LANGUAGE.where(tokens="bpe")


@pytest.mark.parametrize(
    ("one", "columns"),
    [
        (
            Outcome(
                MemoryCell("lin", 64, 0.01, "equal", 2), None, ((100, 1.0), (200, None))
            ),
            "position heads learning_rate initial_slopes seed mse history",
        ),
        (outcome(3.0), "rpe heads width learning_rate dot_product seed mse history"),
        (
            Outcome(SignCell("lin", 1, 4, 0.01), 3.0, ((100, 3.0),), {"end": "last"}),
            "rpe heads width learning_rate dot_product seed end mse history",
        ),
        (
            language(DEEP, 2, None),
            "position score layers heads dimension width seed "
            "tokens parameters loss curve",
        ),
    ],
)
def test_rows_of_records_keep_their_form(one, columns):
    row = json.loads(json.dumps(one.row()))
    assert list(row) == columns.split()
    assert Outcomes.of_rows(type(one.cell), [row]) == (one,)


def test_what_all_rows_of_a_record_share_may_stand_among_its_parameters():
    row = outcome(3.0, heads=2).row()
    rate = row.pop("learning_rate")
    record = {"parameters": {"learning_rate": rate, "heads": [1, 2]}, "results": [row]}
    assert Outcomes.of_record(SignCell, record) == (outcome(3.0, heads=2),)
    assert Outcomes.of_record(SignCell, {}) == ()


def test_a_plain_outcome_has_no_model():
    one = Outcome(BASE, 1.0, facts={"parameters": 9}, model=object())
    assert one.plain(tokens="bpe").model is None
    assert list(one.plain(tokens="bpe").facts) == ["tokens", "parameters"]


def test_median_least_and_largest():
    one = SEEDS.spread()
    assert (one.median, one.least, one.largest, one.range) == (2.0, 1.0, 3.0, 2.0)
    assert (one.runs, one.diverged) == (3, 0)
    assert str(one) == f"{one}" == "2.0e+00 (1.0e+00 – 3.0e+00)"
    assert f"{one:+.1f}" == "+2.0 (+1.0 to +3.0)"
    assert str(Outcomes(SEEDS[:1]).spread()) == "3.0e+00"


def test_diverged_runs_count_as_infinite():
    one = Outcomes((*SEEDS, *LOST)).spread()
    assert (one.median, one.largest, one.diverged) == (3.0, math.inf, 2)
    assert one.ends() == "1.000 to 3.000, 2 diverged"
    assert math.isinf(LOST.spread().median)
    assert str(LOST.spread()) == "diverged (diverged – diverged)"
    assert LOST.spread().ends() == "2 diverged"
    assert LOST.diverged == 2
    assert math.isinf(Outcomes([SEEDS[0], LOST[0]]).spread().median)


def test_cells_are_selected_by_their_values():
    found = Outcomes([*SEEDS, outcome(9.0, heads=2), outcome(8.0, dot=True)])
    assert found.where(heads=2) == found[3:4]
    assert found.where(seed=0, dot_product=False, heads=1) == found[:1]
    assert found.where(heads=[1, 2]) == found
    assert found.values("heads") == [1, 2]
    assert not found.where(heads=32, width=256)
    assert LANGUAGE[:4] == PIECES


def test_losses_after_some_iterations():
    assert SEEDS.after(300) == [1.0, 2.0, 3.0]
    assert PIECES.after(0, layers=2) == [4.0, 4.0]
    assert PIECES.after(10, layers=2) == [2.5, 2.75], "the end, where none was noted"
    assert LOST.after(300) == [1e300, 1e300]


def test_settings_are_compared_by_the_median():
    keys = ("learning_rate", "initial_slopes")
    found = Outcomes(
        Outcome(MemoryCell("lin", 64, 0.01, slopes, seed), mse)
        for slopes, all_mse in (
            ("equal", (1e-9, 1e-2, 1e-3)),
            ("geometric", (5e-3, 5e-3, None)),
        )
        for seed, mse in enumerate(all_mse)
    )
    good, bad = found.best_and_worst(keys, position="lin", heads=64)
    assert good == ((0.01, "equal"), 1e-3)
    assert bad == ((0.01, "geometric"), 5e-3)
    assert found.medians(keys) == dict([good, bad])


def test_gains_compare_the_same_seed():
    assert [one.cell.seed for one in PIECES.of(BASE)] == [0, 1]
    assert PIECES.gains(BASE, DEEP) == Spread.of([3.0 - 2.5, 3.1 - 2.75])
    deeper = replace(BASE, layers=3)
    more = Outcomes((*PIECES, language(deeper, 0, 2.9), language(deeper, 1, 2.9)))
    assert more.best_gains([BASE, DEEP, deeper]) == PIECES.gains(BASE, DEEP)
    some = Outcomes((*PIECES, language(DEEP, 2, None), language(BASE, 2, 3.0)))
    assert some.gains(BASE, DEEP).least == -math.inf
