"""How experiments 4a and 4b show their numbers: tables and one kind of figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tapx.experiments.memory.tables import SETTING, experiment
from tapx.experiments.outcomes import Outcomes
from tapx.kernels.family import LIN, LOG, Family
from tapx.show import figures
from tapx.show.tables import Table, digits, rounded_down, rounded_up


def setting_name(setting: tuple[float, str]) -> str:
    """A learning rate and initial slopes in few words."""
    return f"{setting[0]:g}, {setting[1]}"


def best_table(name: str, head_counts: Iterable[int]) -> Table:
    """Proved lower bound and certified best kernel, for each cell of the table."""
    chosen = experiment(name)
    rows = []
    for position, heads in product(("lin", "log"), head_counts):
        kernel = chosen.best(position, heads)
        bounds = rounded_down(chosen.bound(position, heads)), rounded_up(kernel.mse)
        largest = max(map(abs, kernel.weights))
        rows.append([position, heads, *bounds, f"{largest:.1e}"])
    head = ["position", "heads", "no kernel below", "found", "largest weight"]
    return Table(head, rows, f"Best possible mean squared error in {name}")


def best_values(name: str, position: str, heads: int, lags: np.ndarray) -> np.ndarray:
    """The best kernel found at these lags, same shape; free numbers hold the target."""
    chosen = experiment(name)
    if position == "free":
        return chosen.target.values(lags)
    return chosen.best(position, heads).values(lags)


def best_trained_published(name: str, outcomes: Outcomes) -> Table:
    """Best possible, trained and published error, side by side.

    Which setting is best may differ between machines; :func:`settings_table` has all.
    """
    chosen = experiment(name)
    rows = []
    for position in dict.fromkeys(one.cell.position for one in outcomes):
        own = outcomes.where(position=position)
        for heads in own.values("heads"):
            trained = own.best_and_worst(SETTING, heads=heads)
            possible = rounded_up(chosen.best_error(position, heads))
            shown = [digits(error) for _, error in trained]
            published = chosen.figure(position, heads)
            rows.append([position, heads, possible, *shown, published])
    head = ["position", "heads", "best possible ≤", "trained, best setting"]
    head += ["trained, worst setting", "published"]
    return Table(head, rows, f"Mean squared errors of experiment {name}")


def settings_table(outcomes: Outcomes) -> Table:
    """Median error over the seeds, one column for each setting."""
    settings = sorted({tuple(map(one.get, SETTING)) for one in outcomes})
    keys = sorted({(one.cell.position, one.cell.heads) for one in outcomes})
    rows = []
    for position, heads in keys:
        found = outcomes.medians(SETTING, position=position, heads=heads)
        values = [digits(found[s]) if s in found else "–" for s in settings]
        rows.append([position, heads, *values])
    head = ["position", "heads", *map(setting_name, settings)]
    return Table(head, rows, "Median trained error for each setting")


def report_settings(
    report: Callable[..., Any], outcomes: Outcomes, position: str, heads: int
) -> tuple[float, float]:
    """Report best and worst setting for the prose, as ``lin64-best``, ``lin64-worst``.

    Returns:
        The two medians, as claims take them: a diverged setting counts as 1e300.
    """
    ends = outcomes.best_and_worst(SETTING, position=position, heads=heads)
    good, bad = (min(error, 1e300) for _, error in ends)
    for word, error in ("best", good), ("worst", bad):
        report(f"{position}{heads}-{word}", error, ".0e", kind="trained")
    return good, bad


def draw_by_heads(
    name: str,
    outcomes: Outcomes,
    head_counts: Sequence[int],
    baseline: tuple[float, str] | None = None,
) -> Figure:
    """Best possible, trained and published error against heads, a panel a position.

    Errors below 1e-32 are drawn there.

    Args:
        name: the experiment.
        outcomes: trained cells; where a number of heads has several settings, a bar
            spans their medians.
        head_counts: heads of the best kernels.
        baseline: an error to mark by a horizontal line, and its label.
    """
    from matplotlib import pyplot

    trained = {one.cell.position for one in outcomes}
    shown = ["lin", "log", *(trained - {"lin", "log"})]
    figure, panels = pyplot.subplots(
        1, len(shown), figsize=figures.size("tall"), sharey=True
    )
    for axes, position in zip(panels, shown, strict=True):
        if baseline is not None:
            axes.axhline(baseline[0], color="0.4", linestyle=":", label=baseline[1])
        own = outcomes.where(position=position)
        _draw_position(axes, name, own, position, head_counts)
    panels[0].set_ylabel("mean squared error")
    legend: dict[str, Any] = {}
    for axes in panels:
        legend.update(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        list(legend.values()), list(legend), loc="outside lower center", ncols=3
    )
    return figure


def _draw_position(
    axes: Any, name: str, own: Outcomes, position: str, head_counts: Sequence[int]
) -> None:
    """One panel of `draw_by_heads`, of the outcomes of its position."""
    chosen = experiment(name)
    lowest = [max(chosen.best_error(position, heads), 1e-32) for heads in head_counts]
    axes.plot(head_counts, lowest, label="best possible", **figures.role("best"))
    heads = own.values("heads")
    pairs = [own.best_and_worst(SETTING, heads=number) for number in heads]
    low = np.array([good[1] for good, _ in pairs])
    high = np.array([min(bad[1], 1e3) for _, bad in pairs])
    marks = figures.role("trained", linestyle="none")
    axes.vlines(heads, low, high, color=marks["color"])
    axes.plot(heads, low, **marks, label="trained, best setting")
    axes.plot(heads, high, **marks, fillstyle="none", label="trained, worst setting")
    equal = figures.role("published", linestyle="none", markersize=9, label="published")
    below = equal | {"marker": "v", "label": "published, at most"}
    for (where, number), (relation, mse) in chosen.published.items():
        if where == position:
            axes.plot([number], [mse], **(below if relation == "<" else equal))
    axes.set(xscale="log", yscale="log", xlabel="heads")
    axes.set_xticks(list(head_counts), [str(number) for number in head_counts])
    axes.minorticks_off()
    words = "one number a lag"
    if position in (LIN.name, LOG.name):
        words = f"{Family.of(position)}s of the lag"
    axes.set_title(f"{position} heads ({words})")
