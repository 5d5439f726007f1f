"""Tables and pictures of the toy experiments."""

import pytest
from made_outcomes import signs as outcome
from matplotlib import pyplot

from tapx.experiments.outcomes import Outcomes
from tapx.experiments.signs import views

LEAST = {(1, 4): 5, (1, 8): 4, (2, 4): 3, (2, 8): 0.1}
OUTCOMES = Outcomes(
    outcome(mse * 10**seed, heads, width, seed=seed)
    for (heads, width), mse in LEAST.items()
    for seed in range(3)
)


@pytest.fixture
def axes():
    return pyplot.subplots()[1]


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def test_the_table_of_heads_and_widths():
    table = views.errors_table(OUTCOMES, "caption", "free")
    assert table.head == ["heads", "4 neurons", "8 neurons"]
    assert table.rows[1] == [
        "2",
        "3.0e+01 (3.0e+00 – 3.0e+02)",
        "1.0e+00 (1.0e-01 – 1.0e+01)",
    ]
    some = Outcomes((*OUTCOMES[:3], *OUTCOMES[-3:]))
    missing = views.errors_table(some, "caption", "free")
    assert missing.rows[0][2] == missing.rows[1][1] == "–"
    assert views.errors_table(OUTCOMES, "caption", "lin").rows == []


def test_a_diverged_run_is_named_everywhere(axes):
    lost = (outcome(None, 2, 8, seed=seed) for seed in range(3, 7))
    some = Outcomes((*OUTCOMES, *lost))
    table = views.errors_table(some, "caption", "free")
    assert table.rows[1][2] == "diverged (1.0e-01 – diverged)"
    panel = views.draw_effects(some).axes[0]
    assert [text.get_text() for text in panel.texts] == ["4 of 7 diverged"]
    views.draw_curves(axes, some.where(heads=2), "width")
    assert labels(axes) == ["4 neurons", "8 neurons, 4 of 7 diverged"]


def test_three_columns_round_bounds_up():
    lines = [
        views.Line("a", 1.2341e-5, OUTCOMES.spread(heads=1, width=4)),
        views.Line("b", "not known", OUTCOMES.spread(heads=2, width=4), "0.002"),
    ]
    table = views.three_columns(lines, "caption")
    spread = "5.0e+01 (5.0e+00 – 5.0e+02)"
    assert table.rows[0][1:] == ["1.24e-05", spread, "not available"]
    assert table.rows[1][1] == "not known" and table.rows[1][3] == "0.002"


def test_errors_are_drawn_with_levels():
    levels = [views.Level(52.0, "constant"), views.Level(0.5, "bound", "bound")]
    axes = views.draw_effects(OUTCOMES, levels).axes[1]
    assert labels(axes) == ["constant", "bound", "1 head", "2 heads"]
    line = axes.lines[2]
    assert list(line.get_ydata()) == [50.0, 40.0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["4", "8"]


def test_effects_have_two_panels_on_one_scale():
    figure = views.draw_effects(OUTCOMES, [views.Level(52.0, "constant")])
    left, right = figure.axes
    assert labels(left)[1:] == ["4 neurons", "8 neurons"]
    assert labels(right)[1:] == ["1 head", "2 heads"]
    assert left.get_ylim() == right.get_ylim()


def test_curves_name_what_they_compare(axes):
    own = OUTCOMES.where(heads=1, width=4)
    slopes = outcome(52.0, rpe="lin")
    views.draw_curves(axes, Outcomes((*own, slopes)), "rpe")
    assert labels(axes) == [views.RPES["free"], views.RPES["lin"]]
    axes.clear()
    views.draw_curves(axes, Outcomes([*own, outcome(1.0, dot=True)]), "dot_product")
    assert labels(axes) == ["without dot products", "with dot products"]
