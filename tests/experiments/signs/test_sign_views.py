"""Tables and pictures of the toy experiments."""

import matplotlib
import pytest
from matplotlib import pyplot

from tapx.experiments.outcomes import Outcome, Outcomes
from tapx.experiments.signs import views as views
from tapx.experiments.signs.training import SignCell


def outcome(mse, heads=1, width=4, rpe="free", dot=False, seed=0):
    cell = SignCell(rpe, heads, width, dot, seed)
    return Outcome(cell, mse, ((100, 50.0), (300, mse)))


@pytest.fixture
def outcomes():
    return Outcomes(
        outcome(mse * 10**seed, heads, width, seed=seed)
        for (heads, width), mse in {
            (1, 4): 5,
            (1, 8): 4,
            (2, 4): 3,
            (2, 8): 0.1,
        }.items()
        for seed in range(3)
    )


@pytest.fixture
def axes():
    matplotlib.use("agg")
    figure, axes = pyplot.subplots()
    yield axes
    pyplot.close(figure)


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def test_the_table_of_heads_and_widths(outcomes):
    table = views.errors_table(outcomes, "caption", "free")
    assert table.head == ["heads", "4 neurons", "8 neurons"]
    assert table.rows[1] == [
        "2",
        "3.0e+01 (3.0e+00 – 3.0e+02)",
        "1.0e+00 (1.0e-01 – 1.0e+01)",
    ]
    missing = views.errors_table(
        Outcomes((*outcomes[:3], *outcomes[-3:])), "caption", "free"
    )
    assert missing.rows[0][2] == missing.rows[1][1] == "–"
    assert views.errors_table(outcomes, "caption", "lin").rows == []


def test_a_diverged_run_is_named_everywhere(outcomes, axes):
    lost = [outcome(None, 2, 8, seed=3), outcome(None, 2, 8, seed=4)]
    lost += [outcome(None, 2, 8, seed=5), outcome(None, 2, 8, seed=6)]
    some = Outcomes((*outcomes, *lost))
    table = views.errors_table(some, "caption", "free")
    assert table.rows[1][2] == "diverged (1.0e-01 – diverged)"
    panel = views.draw_effects(some).axes[0]
    assert [text.get_text() for text in panel.texts] == ["4 of 7 diverged"]
    pyplot.close(panel.figure)
    views.draw_curves(axes, some.where(heads=2), "width")
    assert labels(axes) == ["4 neurons", "8 neurons, 4 of 7 diverged"]


def test_three_columns_round_bounds_up(outcomes):
    lines = [
        views.Line("a", 1.2341e-5, outcomes.spread(heads=1, width=4)),
        views.Line("b", "not known", outcomes.spread(heads=2, width=4), "0.002"),
    ]
    table = views.three_columns(lines, "caption")
    assert table.rows[0][1:] == [
        "1.24e-05",
        "5.0e+01 (5.0e+00 – 5.0e+02)",
        "not available",
    ]
    assert table.rows[1][1] == "not known" and table.rows[1][3] == "0.002"


def test_errors_are_drawn_with_levels(outcomes):
    levels = [views.Level(52.0, "constant"), views.Level(0.5, "bound", "bound")]
    axes = views.draw_effects(outcomes, levels).axes[1]
    pyplot.close(axes.figure)
    assert labels(axes) == ["constant", "bound", "1 head", "2 heads"]
    line = axes.lines[2]
    assert list(line.get_ydata()) == [50.0, 40.0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["4", "8"]


def test_effects_have_two_panels_on_one_scale(outcomes):
    matplotlib.use("agg")
    figure = views.draw_effects(outcomes, [views.Level(52.0, "constant")])
    left, right = figure.axes
    assert labels(left)[1:] == ["4 neurons", "8 neurons"]
    assert labels(right)[1:] == ["1 head", "2 heads"]
    assert left.get_ylim() == right.get_ylim()
    pyplot.close(figure)


def test_curves_name_what_they_compare(outcomes, axes):
    own = outcomes.where(heads=1, width=4)
    slopes = outcome(52.0, rpe="lin")
    views.draw_curves(axes, Outcomes((*own, slopes)), "rpe")
    assert labels(axes) == [views.RPES["free"], views.RPES["lin"]]
    axes.clear()
    views.draw_curves(axes, Outcomes([*own, outcome(1.0, dot=True)]), "dot_product")
    assert labels(axes) == ["without dot products", "with dot products"]
