"""Tables and figures of experiments 4a and 4b."""

from tapx.experiments.memory import views
from tapx.experiments.memory.training import MemoryCell
from tapx.experiments.outcomes import Outcome, Outcomes


def outcome(mse, seed=0, rate=0.01, slopes="equal", position="lin", heads=64):
    cell = MemoryCell(position, heads, rate, slopes, seed)
    return Outcome(cell, mse, ((100, 1.0), (200, mse)))


def test_a_diverged_cell_is_the_worst_and_is_named():
    rows = Outcomes([outcome(None), outcome(1.0, rate=0.1)])
    assert "diverged" in repr(views.best_trained_published("4a", rows))
    assert views.draw_by_heads("4a", rows, [1, 64]) is not None


def test_tables():
    rows = Outcomes([outcome(1e-3), outcome(2e-3, position="log", heads=1)])
    text = repr(views.best_trained_published("4a", rows))
    assert "0.19" in text
    assert "< 1e-05" in text
    few = Outcomes([outcome(1e-3, heads=8)])
    assert "not available" in repr(views.best_trained_published("4a", few))
    assert "0.01, equal" in repr(views.settings_table(rows))
    best = repr(views.best_table("4a", [1, 8]))
    assert "3.95e-08" in best
    assert "1.64e-09" in best


def test_the_figure_says_what_it_shows():
    figure = views.draw_by_heads(
        "4b", Outcomes([outcome(1e-6)]), [1, 64], baseline=(4.5e-5, "no attention")
    )
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"best possible", "published", "no attention"} <= labels
