"""Tables and figures of experiments 4a and 4b."""

import pytest

from tapx.experiments.memory import views
from tapx.experiments.memory.tables import Outcome


def outcome(mse, seed=0, rate=0.01, slopes="equal", position="lin", heads=64):
    return Outcome(position, heads, rate, slopes, seed, mse, ((100, 1.0), (200, mse)))


@pytest.mark.parametrize("value", [1.234e-7, 9.999e-3, 1.0, 5e-324, 7.48])
def test_rounding_keeps_the_side(value):
    assert float(views.rounded_down(value)) <= value
    assert value <= float(views.rounded_up(value)) <= max(value * 1.011, 1e-320)


def test_no_bound_is_a_dash():
    assert views.rounded_down(0.0) == "–"


def test_counts_in_words():
    assert views.count("lin", 1) == "1 lin head"
    assert views.count("log", 64) == "64 log heads"


def test_tables():
    rows = [outcome(1e-3), outcome(2e-3, position="log", heads=1)]
    text = repr(views.three_columns("4a", rows))
    assert "0.19" in text
    assert "< 1e-05" in text
    assert "not available" in repr(views.three_columns("4a", [outcome(1e-3, heads=8)]))
    assert "0.01, equal" in repr(views.settings_table(rows))
    best = repr(views.best_table("4a", [1, 8], ["lin"]))
    assert "3.95e-08" in best
    assert "1.64e-09" in best


def test_the_figure_says_what_it_shows():
    from matplotlib import pyplot

    figure = views.draw_errors(
        "4b", [outcome(1e-6)], [1, 64], baseline=(4.5e-5, "no attention")
    )
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"best possible", "published", "no attention"} <= labels
    pyplot.close(figure)
