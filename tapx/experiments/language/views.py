"""How the language experiments show their outcomes: a table and two figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.figure import Figure

from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.outcomes import Outcomes
from tapx.show import figures
from tapx.show.tables import Table, number


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
    for arm, (base, *others) in both.items():
        for cell in [base, *others]:
            own = outcomes.of(cell)
            losses, gain = own.spread(), "–"
            if cell != base:
                gain = number(outcomes.gains(base, cell).median, "+.3f")
            rows.append(
                [
                    *(arm, cell.layers, cell.heads, f"{own[0].get('parameters'):,}"),
                    *(number(losses.median), losses.ends(), gain),
                ]
            )
    head = ["arm", "layers", "heads", "parameters", "loss", "over seeds", "gain"]
    if not with_gains:
        head, rows = head[:-1], [row[:-1] for row in rows]
    return Table(head, rows, caption)


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
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, len(panels), figsize=figures.size("pair"), sharey=True, squeeze=False
    )
    for panel, (title, groups) in zip(axes[0], panels.items(), strict=True):
        for label, value in (lines or {}).items():
            panel.axhline(value, color="0.4", linestyle=":", linewidth=1)
            panel.annotate(
                label,
                (1, value),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                fontsize=8,
                color="0.3",
            )
        for index, (label, own) in enumerate(groups.items()):
            _draw_curve(panel, index, label, own, tokens_a_step)
        panel.set(xlabel="training tokens (thousands)", title=title)
        panel.legend()
    axes[0, 0].set_ylabel("validation loss (nats a token)")
    return figure


def _draw_curve(
    axes: Any,
    index: int,
    label: str,
    own: Outcomes,
    tokens_a_step: int,
) -> None:
    """One group of `draw_losses`; a diverged run counts up to where it stops."""
    steps = sorted({step for one in own for step, _ in one.history if step})
    tables: list[dict[int, Any]] = [dict(one.history) for one in own]
    columns = [[t[step] for t in tables if step in t] for step in steps]
    look = figures.series(index)
    lost = own.spread().diverged
    if lost:
        label = f"{label} ({lost} diverged)"
    tokens = [step * tokens_a_step / 1000 for step in steps]
    axes.plot(tokens, [median(c) for c in columns], **look, label=label, markersize=4)
    axes.fill_between(
        tokens,
        [min(c) for c in columns],
        [max(c) for c in columns],
        color=look["color"],
        alpha=0.15,
        linewidth=0,
    )


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
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1,
        len(panels),
        figsize=figures.size("pair" if len(panels) > 1 else "wide"),
        sharey=True,
        squeeze=False,
    )
    for panel, (title, (tokens, both)) in zip(axes[0], panels.items(), strict=True):
        panel.axhline(0, color="0.4", linewidth=1)
        own = outcomes.where(tokens=tokens)
        for index, (arm, (base, *others)) in enumerate(both.items()):
            look = figures.series(index)
            first = own.of(base)[0].get("parameters")
            sizes, middle = [first / 1000], [0.0]
            for cell in others:
                gain = own.gains(base, cell)
                count = own.of(cell)[0].get("parameters") / 1000
                finite = [one for one in gain.all if math.isfinite(one)]
                style = {"marker": look["marker"], "color": look["color"], "ls": ""}
                panel.plot([count] * len(finite), finite, fillstyle="none", **style)
                if math.isfinite(gain.median):
                    sizes.append(count)
                    middle.append(gain.median)
            panel.plot(sizes, middle, **look, label=words[arm])
        panel.set(xlabel="parameters (thousands)", title=title)
        panel.legend()
    axes[0, 0].set_ylabel("gain (nats a token)")
    return figure


def draw_text(texts: Mapping[str, str], columns: int = 84) -> Figure:
    """Texts as a picture, one below the other, each under its title.

    A picture since sampled text is not the same on every machine: one rounding may
    change a draw, and with it all that follows.
    """
    import textwrap

    from matplotlib import pyplot

    blocks = {
        title: textwrap.wrap(" ".join(text.split()), columns) or [""]
        for title, text in texts.items()
    }
    lines = sum(len(block) + 2 for block in blocks.values())
    width, _ = figures.size("wide")
    figure, axes = pyplot.subplots(figsize=(width, max(1.0, 0.25 * round(0.8 * lines))))
    axes.axis("off")
    row = 0
    for title, block in blocks.items():
        place = 1 - row / lines
        axes.text(0, place, title, weight="bold", va="top", transform=axes.transAxes)
        axes.text(
            *(0, place - 1 / lines, "\n".join(block)),
            family="monospace",
            fontsize=8.5,
            va="top",
            parse_math=False,
            transform=axes.transAxes,
        )
        row += len(block) + 2
    return figure


def draw_parts(models: Mapping[str, Mapping[str, int]]) -> Figure:
    """Parameters of each model as one bar, by part.

    Args:
        models: by label, what `LanguageModel.parameter_counts` returns.
    """
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=figures.size("wide"))
    labels = list(models)
    left = [0.0] * len(labels)
    hatches = {"embedding": "", "attention": "///", "feed_forward": "..."}
    for index, (part, hatch) in enumerate(hatches.items()):
        sizes = [models[label][part] / 1000 for label in labels]
        axes.barh(
            labels,
            sizes,
            left=left,
            color=figures.COLOURS[index],
            alpha=0.75,
            hatch=hatch,
            edgecolor="white",
            label=part.replace("_", "-"),
        )
        left = [a + b for a, b in zip(left, sizes, strict=True)]
    axes.invert_yaxis()
    axes.set(xlabel="parameters (thousands)")
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
