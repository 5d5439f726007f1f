"""How experiments 4a and 4b show their numbers: tables and one kind of figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tapx.experiments.memory.tables import FAMILY, SETTING, experiment
from tapx.experiments.outcomes import Outcomes
from tapx.show import figures
from tapx.show.tables import Table, digits, rounded_down, rounded_up


def setting_name(setting: tuple[float, str]) -> str:
    """A learning rate and initial slopes in few words."""
    return f"{setting[0]:g}, {setting[1]}"


def best_table(
    name: str, head_counts: Iterable[int], positions: Sequence[str] = ("lin", "log")
) -> Table:
    """Proved lower bound and certified best kernel, for each cell of the table."""
    chosen = experiment(name)
    rows = []
    for position in positions:
        for heads in head_counts:
            kernel = chosen.best(position, heads)
            rows.append(
                [
                    position,
                    heads,
                    rounded_down(chosen.bound(position, heads)),
                    rounded_up(kernel.mse),
                    f"{max(map(abs, kernel.weights)):.1e}",
                ]
            )
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
            good, bad = own.best_and_worst(SETTING, heads=heads)
            rows.append(
                [
                    position,
                    heads,
                    rounded_up(chosen.best_error(position, heads)),
                    digits(good[1]),
                    digits(bad[1]),
                    chosen.figure(position, heads),
                ]
            )
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
    good, bad = outcomes.best_and_worst(SETTING, position=position, heads=heads)
    errors = min(good[1], 1e300), min(bad[1], 1e300)
    for word, error in zip(("best", "worst"), errors, strict=True):
        name = f"{position}{heads}-{word}"
        report(name, error, ".0e", kind="trained")
    return errors


def draw_by_heads(
    name: str,
    outcomes: Outcomes,
    head_counts: Sequence[int],
    baseline: tuple[float, str] | None = None,
) -> Figure:
    """Best possible, trained and published error against heads, a panel a position.

    Args:
        name: the experiment.
        outcomes: trained cells; where a number of heads has several settings, a bar
            spans their medians.
        head_counts: heads of the best kernels.
        baseline: an error to mark by a horizontal line, and its label.

    Returns:
        The figure, with one legend below both panels. Errors below 1e-32 are drawn
        there.
    """
    from matplotlib import pyplot

    trained = {one.cell.position for one in outcomes}
    shown = [*FAMILY, *(trained - set(FAMILY))]
    figure, panels = pyplot.subplots(
        1, len(shown), figsize=figures.size("tall"), sharey=True
    )
    for axes, position in zip(panels, shown, strict=True):
        if baseline is not None:
            axes.axhline(baseline[0], color="0.4", linestyle=":", label=baseline[1])
        _draw_position(axes, name, position, outcomes, head_counts)
    panels[0].set_ylabel("mean squared error")
    legend: dict[str, Any] = {}
    for axes in panels:
        legend.update(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        list(legend.values()), list(legend), loc="outside lower center", ncols=3
    )
    return figure


def _draw_position(
    axes: Any,
    name: str,
    position: str,
    outcomes: Outcomes,
    head_counts: Sequence[int],
) -> None:
    """One panel of `draw_by_heads`."""
    chosen = experiment(name)
    lowest = [max(chosen.best_error(position, heads), 1e-32) for heads in head_counts]
    axes.plot(head_counts, lowest, label="best possible", **figures.role("best"))
    own = outcomes.where(position=position)
    heads = own.values("heads")
    pairs = [own.best_and_worst(SETTING, heads=number) for number in heads]
    low = np.array([good[1] for good, _ in pairs])
    high = np.array([min(bad[1], 1e3) for _, bad in pairs])
    style = figures.role("trained")
    axes.vlines(heads, low, high, color=style["color"])
    axes.plot(
        heads, low, style["marker"], color=style["color"], label="trained, best setting"
    )
    axes.plot(
        heads,
        high,
        style["marker"],
        color=style["color"],
        fillstyle="none",
        label="trained, worst setting",
    )
    look = figures.role("published")
    for (where, number), figure in chosen.published.items():
        if where == position:
            below = figure.relation == "<"
            axes.plot(
                [number],
                [figure.mse],
                "v" if below else look["marker"],
                color=look["color"],
                markersize=9,
                label="published, at most" if below else "published",
            )
    axes.set(xscale="log", yscale="log", xlabel="heads")
    axes.set_xticks(list(head_counts), [str(number) for number in head_counts])
    axes.minorticks_off()
    is_function = position in FAMILY
    words = f"{FAMILY[position]}s of the lag" if is_function else "one number a lag"
    axes.set_title(f"{position} heads ({words})")
