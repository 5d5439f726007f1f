"""How experiments 1b, 2a, 2b and 3a show their numbers: tables and three pictures.

Medians over seeds come with the least and the largest error. A run that diverged is
named, and drawn at the upper edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tapx.checks import one_of
from tapx.experiments.outcomes import Outcomes, Spread
from tapx.show import figures
from tapx.show.tables import Table, counted, rounded_up

NOT_AVAILABLE = "not available"
"""What stands for a published figure that is not known."""

_WORDS = {"heads": "head", "width": "neuron"}
RPES = {
    "lin": "lin, one slope a head",
    "log": "log, one slope a head",
    "free": "free, one number a lag",
}

_BY = ("rpe", *_WORDS, "dot_product")
"""What the lines of a picture may differ in."""


class Level(NamedTuple):
    """A horizontal line in a picture of errors, to compare with.

    Its role is that of `figures.role`, or "" for a plain grey line.
    """

    mse: float
    label: str
    role: str = ""


def errors_table(outcomes: Outcomes, caption: str, rpe: str) -> Table:
    """Median error, least and largest, for each number of heads and each width.

    Of cells without dot products and with this relative position; the kinds are never
    mixed in one table.
    """
    own = outcomes.where(rpe=rpe, dot_product=False)
    widths = own.values("width")
    rows = []
    for heads in own.values("heads"):
        cells = [own.where(heads=heads, width=width) for width in widths]
        rows.append([heads, *(cell.spread() if cell else "–" for cell in cells)])
    return Table(["heads", *(counted(m, "neuron") for m in widths)], rows, caption)


class Line(NamedTuple):
    """One line of `three_columns`.

    Best is an upper bound on the best possible error, or a text.
    """

    what: str
    best: float | str
    trained: Spread
    published: str = NOT_AVAILABLE


def three_columns(lines: Sequence[Line], caption: str) -> Table:
    """Best possible, trained and published error, side by side."""
    rows = [
        [what, best if isinstance(best, str) else rounded_up(best), trained, published]
        for what, best, trained, published in lines
    ]
    head = ["model", "best possible ≤", "trained: median (spread)", "published"]
    return Table(head, rows, caption)


def _draw_errors(
    axes: Axes, outcomes: Outcomes, along: str, by: str, levels: Sequence[Level]
) -> None:
    """One panel of `draw_effects`: a line for each value of `by`."""
    _draw_levels(axes, levels)
    top = _ceiling(outcomes, levels)
    for i, value in enumerate(outcomes.values(by)):
        own = outcomes.where(**{by: value})
        places = own.values(along)
        spreads = [own.spread(**{along: place}) for place in places]
        look = figures.series(i)
        nudged = np.array(places) * 1.04**i  # so that bars do not cover each other
        told = [(one.median, one.least, one.largest) for one in spreads]
        middle, low, high = np.minimum(told, top).T
        axes.plot(nudged, middle, label=_name(by, value), **look)
        axes.vlines(nudged, low, high, color=look["color"])
        for place, one in zip(nudged, spreads, strict=True):
            if one.diverged:
                text = f"{one.diverged} of {one.runs} diverged"
                axes.annotate(text, (place, top), rotation=90, va="top", fontsize=8)
    ticks = outcomes.values(along)
    label = "heads" if along == "heads" else "width (neurons)"
    axes.set(xscale="log", yscale="log", xlabel=label)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()


def draw_effects(outcomes: Outcomes, levels: Sequence[Level] = ()) -> Figure:
    """Error against heads at fixed widths, and against width at fixed heads.

    Medians as lines, bars from least to largest, all axes logarithmic.

    Args:
        outcomes: cells of one rpe, all with dot products or all without.
        levels: horizontal lines in both panels.

    Raises:
        ValueError: cells that differ otherwise.
    """
    from matplotlib import pyplot

    figure, pair = pyplot.subplots(1, 2, figsize=figures.size("tall"), sharey=True)
    for axes, along, by in zip(pair, _WORDS, reversed(_WORDS), strict=True):
        _draw_errors(axes, outcomes, along, by, levels)
        axes.set_title(f"effect of {along}")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
    pair[0].set_ylabel("mean squared error")
    return figure


def draw_curves(
    axes: Axes, outcomes: Outcomes, by: str, levels: Sequence[Level] = ()
) -> None:
    """Error against iterations: a line for each value, thin ones for its seeds.

    Args:
        axes: where to draw, both axes logarithmic.
        outcomes: cells that differ only in `by` and the seed.
        by: "rpe", "heads", "width" or "dot_product".
        levels: horizontal lines.

    Raises:
        ValueError: an unknown name, or cells that differ otherwise.
    """
    one_of(by, _BY, "by")
    _draw_levels(axes, levels)
    for i, value in enumerate(outcomes.values(by)):
        own = outcomes.where(**{by: value})
        lost = own.spread().diverged
        steps = [step for step, _ in own[0].history]
        # A loss of None is no number.
        notes = np.array([[mse for _, mse in one.history] for one in own], float)
        label = _name(by, value) + (f", {lost} of {len(own)} diverged" if lost else "")
        # A line ends where the median run has diverged.
        middle = np.median(np.where(np.isnan(notes), np.inf, notes), 0)
        middle = np.where(np.isinf(middle), np.nan, middle)
        axes.plot(steps, middle, label=label, **figures.series(i))
        axes.plot(steps, notes.T, **figures.series(i, marker="", linewidth=0.6))
    axes.set(
        xscale="log", yscale="log", xlabel="iterations", ylabel="mean squared error"
    )


def _name(by: str, value: Any) -> str:
    """A line's name in a legend."""
    if by == "rpe":
        return RPES[value]
    if by == "dot_product":
        return "with dot products" if value else "without dot products"
    return counted(value, _WORDS[by])


def _ceiling(outcomes: Outcomes, levels: Sequence[Level]) -> float:
    """Where a diverged run is drawn: above all others."""
    finite = [one.error for one in outcomes if math.isfinite(one.error)]
    return 3 * max([*finite, *(level.mse for level in levels)], default=1.0)


def _draw_levels(axes: Axes, levels: Sequence[Level]) -> None:
    """Horizontal lines, thin, without markers, each with a dash pattern of its own."""
    dashes = (":", (0, (7, 2)), (0, (2, 1, 0.5, 1)), (0, (1, 4)))
    for i, level in enumerate(levels):
        colour = figures.role(level.role)["color"] if level.role else "0.4"
        look: dict[str, Any] = {"color": colour, "linestyle": dashes[i % len(dashes)]}
        axes.axhline(level.mse, label=level.label, linewidth=1.2, **look)
