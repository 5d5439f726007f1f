"""What is said of the same cells at several settings."""

import math

import matplotlib.pyplot as plt
import pytest

from tapx.experiments.memory.training import MemoryCell
from tapx.experiments.outcomes import Outcome, Outcomes
from tapx.experiments.settings import Asked, Settings

LIN = {"position": "lin", "heads": 64}
LOG = {"position": "log", "heads": 1}
# Medians of three seeds at three settings; None is a run that diverged.
ENDS = {
    (0.001, "constant", "equal"): {"lin": (0.1, 0.12, 9.0), "log": (1e-7,) * 3},
    (0.001, "cosine", "equal"): {"lin": (0.01, 0.02, 0.03), "log": (1e-4,) * 3},
    (0.01, "cosine", "equal"): {"lin": (0.3, None, 0.4), "log": (None,) * 3},
}
MADE = Settings(
    Outcomes(
        Outcome(
            MemoryCell(position, heads, rate, slopes, seed),
            loss,
            ((100, loss),),
            {"schedule": schedule},
        )
        for (rate, schedule, slopes), ends in ENDS.items()
        for position, heads in (("lin", 64), ("log", 1))
        for seed, loss in enumerate(ends[position])
    )
)
FIRST, SECOND, THIRD = ENDS
LIN_64 = Asked("64 lin heads", LIN, 0.19, best=1e-9)
LOG_1 = Asked("1 log head", LOG, 1e-5, below=True)


def test_medians_by_setting():
    assert MADE.axes == ("learning_rate", "schedule", "initial_slopes")
    assert MADE.medians(**LIN) == {FIRST: 0.12, SECOND: 0.02, THIRD: 0.4}
    assert MADE.medians(**LOG)[THIRD] == math.inf


def test_each_at_its_best_and_all_at_one():
    assert MADE.best(**LIN) == (SECOND, 0.02)
    assert MADE.best(**LOG) == (FIRST, 1e-7)
    assert MADE.equal([LIN, LOG]) == FIRST
    assert MADE.equal([LIN]) == SECOND


def test_a_setting_at_which_one_model_diverges_is_no_equal_setting():
    lost = Settings(MADE.outcomes.where(learning_rate=0.01))
    with pytest.raises(ValueError, match="no setting at which all of these cells"):
        lost.equal([LIN, LOG])


def test_figures_are_met_within_a_factor_of_two():
    assert MADE.meeting(LIN_64) == [FIRST]
    assert MADE.meeting(LOG_1) == [FIRST]
    assert MADE.meeting(LIN_64, LOG_1) == [FIRST]
    assert MADE.meeting(Asked("", LIN, 0.03), LOG_1) == []
    assert MADE.nearest(LIN_64) == (FIRST, 0.12)
    ends = [Asked("", LIN, 0.19).met(0.19 * part) for part in (0.49, 0.51, 1.99, 2.01)]
    assert ends == [False, True, True, False]
    assert not LOG_1.met(1e-5)


def test_a_model_without_a_figure_is_in_the_table_and_never_met():
    plain = Asked("64 lin heads", LIN)
    assert repr(MADE.table([plain], "errors")).endswith("not available")
    assert MADE.meeting(plain) == []
    with pytest.raises(ValueError, match="no figure is published for 64 lin heads"):
        MADE.nearest(plain)


def test_the_share_of_settings_at_which_one_cell_is_ahead():
    assert MADE.ahead(LOG, LIN) == 2 / 3  # it diverged at the third
    assert MADE.ahead(LIN, LOG) == 1 / 3


def test_what_was_tried_in_words():
    assert MADE.tried == (
        "2 learning rates from 1.0e-03 to 1.0e-02, constant and cosine, equal, 3 seeds"
    )


def test_tables_keep_the_four_kinds_apart(monkeypatch):
    text = repr(MADE.table([LIN_64, LOG_1], "errors"))
    assert "all at 0.001, constant, equal" in text
    lin, log = text.splitlines()[1:]
    assert lin.split()[:4] == ["64", "lin", "heads", "1.00e-09"]
    assert "1.2e-01" in lin and "2.0e-02 at 0.001, cosine, equal" in lin
    assert lin.endswith("0.19") and log.endswith("< 1e-05")
    assert "–" in log
    met = repr(MADE.meetings([LIN_64, LOG_1], "met"))
    assert met.count("1 of 3") == 3
    often = Asked("any", LIN, 99.0, below=True)
    monkeypatch.setattr("tapx.experiments.settings.FEW", 2)
    assert repr(MADE.meetings([often], "met")).count("from 0.001 to 0.01") == 2
    assert "0 of 3" in repr(MADE.meetings([Asked("x", LIN, 99.0)], "met"))


def test_the_picture_names_runs_that_diverged():
    figure = MADE.draw([LIN_64, LOG_1])
    axes, second = figure.axes
    assert (axes.get_ylabel(), second.get_ylabel()) == ("mean squared error", "")
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["constant, equal", "cosine, equal", "published 0.19"]
    assert [one.get_text() for one in axes.texts] == ["↑"]
    plt.close(figure)
