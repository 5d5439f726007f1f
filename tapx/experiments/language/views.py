"""How the language experiments show their outcomes: a table and two figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.outcomes import Outcomes
from tapx.show import figures
from tapx.show.tables import Table, number

SUMMARY = ("parameters", "loss", "over seeds")


def loss_table(
    outcomes: Outcomes,
    both: Mapping[str, Sequence[LanguageCell]],
    tokens: str,
    caption: str,
    with_gains: bool = False,
) -> Table:
    """A row for each cell of both arms: sizes, median loss, range over seeds.

    With gains there is a column with the median gain. It is for records: a gain close
    to zero has not even the same sign on every machine.
    """
    rows = []
    outcomes = outcomes.where(tokens=tokens)
    for arm, cells in both.items():
        for cell in cells:
            gain = "–"
            if cell != cells[0]:
                gain = number(outcomes.gains(cells[0], cell).median, "+.3f")
            row = [arm, cell.layers, cell.heads, *summary(outcomes.of(cell)), gain]
            rows.append(row if with_gains else row[:-1])
    head = ["arm", "layers", "heads", *SUMMARY, *["gain"] * with_gains]
    return Table(head, rows, caption)


def summary(own: Outcomes) -> tuple[str, str, str]:
    """What tables say of one cell, under the heads `SUMMARY`."""
    losses = own.spread()
    return f"{own[0].get('parameters'):,}", number(losses.median), losses.ends()


def _panels(
    titles: Iterable[str], kind: str, xlabel: str, ylabel: str
) -> tuple[Figure, list[Any]]:
    """Axes side by side that share what they show upwards."""
    titles = list(titles)
    figure, axes = pyplot.subplots(
        1, len(titles), figsize=figures.size(kind), sharey=True, squeeze=False
    )
    for panel, title in zip(axes[0], titles, strict=True):
        panel.set(xlabel=xlabel, title=title)
    axes[0, 0].set_ylabel(ylabel)
    return figure, list(axes[0])


def draw_losses(
    panels: Mapping[str, Mapping[str, Outcomes]],
    tokens_a_step: int,
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """Learning curves side by side: median over seeds, and their range as a band.

    Args:
        panels: by title, then by label, the outcomes of one cell.
        tokens_a_step: batch times context.
        lines: losses to mark by horizontal lines, by label.
    """
    figure, axes = _panels(
        panels, "pair", "training tokens (thousands)", "validation loss (nats a token)"
    )
    aside = {"ha": "right", "va": "bottom", "fontsize": 8, "color": "0.3"}
    for panel, groups in zip(axes, panels.values(), strict=True):
        for label, value in (lines or {}).items():
            panel.axhline(value, color="0.4", linestyle=":", linewidth=1)
            where = ("axes fraction", "data")
            panel.annotate(label, (1, value), xycoords=where, **aside)
        for index, (label, own) in enumerate(groups.items()):
            _draw_curve(panel, index, label, own, tokens_a_step)
        panel.legend()
    return figure


def _draw_curve(
    axes: Any, index: int, label: str, own: Outcomes, tokens_a_step: int
) -> None:
    """One group of `draw_losses`; a diverged run counts up to where it stops."""
    by_step: dict[int, list[Any]] = {}
    for step, loss in sorted(pair for one in own for pair in one.history if pair[0]):
        by_step.setdefault(step, []).append(loss)
    columns = by_step.values()
    look = figures.series(index)
    lost = own.spread().diverged
    if lost:
        label = f"{label} ({lost} diverged)"
    tokens = [step * tokens_a_step / 1000 for step in by_step]
    axes.plot(tokens, [median(c) for c in columns], **look, label=label, markersize=4)
    band = {"color": look["color"], "alpha": 0.15, "linewidth": 0}
    axes.fill_between(tokens, [*map(min, columns)], [*map(max, columns)], **band)


def draw_gains(
    outcomes: Outcomes,
    panels: Mapping[str, tuple[str, Mapping[str, Sequence[LanguageCell]]]],
    words: Mapping[str, str],
) -> Figure:
    """Gain against parameters, one line an arm, one mark a seed.

    Args:
        outcomes: of all cells.
        panels: by title, what tokens are, and both arms.
        words: an arm's label.
    """
    kind = "pair" if len(panels) > 1 else "wide"
    figure, axes = _panels(
        panels, kind, "parameters (thousands)", "gain (nats a token)"
    )
    for panel, (tokens, both) in zip(axes, panels.values(), strict=True):
        panel.axhline(0, color="0.4", linewidth=1)
        own = outcomes.where(tokens=tokens)
        for index, (arm, (base, *others)) in enumerate(both.items()):
            look = figures.series(index)
            marks = figures.series(index, linestyle="", fillstyle="none")
            middle = {own.of(base)[0].get("parameters") / 1000: 0.0}
            for cell in others:
                gain = own.gains(base, cell)
                count = own.of(cell)[0].get("parameters") / 1000
                finite = [one for one in gain.all if math.isfinite(one)]
                panel.plot([count] * len(finite), finite, **marks)
                if math.isfinite(gain.median):
                    middle[count] = gain.median
            panel.plot([*middle], [*middle.values()], **look, label=words[arm])
        panel.legend()
    return figure


def draw_text(texts: Mapping[str, str]) -> Figure:
    """Texts as a picture, one below the other, each under its title.

    A picture since sampled text is not the same on every machine: one rounding may
    change a draw, and with it all that follows.
    """
    blocks = {
        title: textwrap.wrap(" ".join(text.split()), 84) or [""]
        for title, text in texts.items()
    }
    lines = sum(len(block) + 2 for block in blocks.values())
    width, _ = figures.size("wide")
    figure, axes = pyplot.subplots(figsize=(width, max(1.0, 0.25 * round(0.8 * lines))))
    axes.axis("off")
    row = 0
    top: dict[str, Any] = {"va": "top", "transform": axes.transAxes}
    letters: dict[str, Any] = {**top, "family": "monospace", "fontsize": 8.5}
    for title, block in blocks.items():
        place = 1 - row / lines
        axes.text(0, place, title, weight="bold", **top)
        axes.text(0, place - 1 / lines, "\n".join(block), parse_math=False, **letters)
        row += len(block) + 2
    return figure


def draw_parts(models: Mapping[str, Mapping[str, int]]) -> Figure:
    """`LanguageModel.parameter_counts` of each model, by label, as one bar."""
    figure, axes = pyplot.subplots(figsize=figures.size("wide"))
    left = np.zeros(len(models))
    hatches = {"embedding": "", "attention": "///", "feed_forward": "..."}
    for colour, (part, hatch) in zip(figures.COLOURS, hatches.items(), strict=False):
        sizes = np.array([one[part] / 1000 for one in models.values()])
        label = part.replace("_", "-")
        bars = axes.barh(list(models), sizes, left=left, color=colour, label=label)
        pyplot.setp(bars, alpha=0.75, hatch=hatch, edgecolor="white")
        left = left + sizes
    axes.invert_yaxis()
    axes.set(xlabel="parameters (thousands)")
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
