"""The same cells at every setting: what holds at all of them, at one, or at none.

A *setting* is what may be chosen where a paper does not say what was: a learning rate,
its schedule, the initial slopes. The paper has one setting for all models of a task.
So there are two ways to look at outcomes over settings: all models *at equal settings*,
and each *at its best setting*. Neither is what is best possible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tapx.experiments.outcomes import Outcomes, Setting
from tapx.show import figures
from tapx.show.tables import Table, digits, rounded_up

AXES = ("learning_rate", "schedule", "initial_slopes")
"""What a setting may consist of."""
FACTOR = 2.0
"""A figure is met where the median over the seeds is within this factor of it."""

FEW = 4
"""How many settings a table names one by one."""


@dataclass(frozen=True)
class Asked:
    """A model, and the mean squared error that is published for it.

    Attributes:
        name: of the model, in words.
        cell: values that name the model's cell.
        mse: what is published; None where that is not available.
        below: whether less is published as well ("< 1e-5").
        best: upper bound on what is possible.
    """

    name: str
    cell: Mapping[str, Any]
    mse: float | None = None
    below: bool = False
    best: float = math.nan

    def met(self, median: float) -> bool:
        """Whether a trained median gives this figure, within `FACTOR`; never None."""
        if self.mse is None:
            return False
        if self.below:
            return median < self.mse
        return self.mse / FACTOR <= median <= self.mse * FACTOR

    def __str__(self) -> str:
        """As printed."""
        if self.mse is None:
            return "not available"
        return f"< {self.mse:g}" if self.below else f"{self.mse:g}"


class Settings:
    """Outcomes of the same cells at several settings.

    Args:
        outcomes: with `AXES` among their cells' values and facts, as far as they vary.

    Attributes:
        axes: those of `AXES` that the outcomes have.
    """

    def __init__(self, outcomes: Outcomes) -> None:
        """Nothing is computed yet."""
        self.outcomes = outcomes
        self.axes = tuple(
            a for a in AXES if outcomes and outcomes[0].get(a) is not None
        )

    def medians(self, **cell: Any) -> dict[Setting, float]:
        """Median over the seeds at each setting, infinite where half diverged.

        Raises:
            ValueError: these values name no cell, or several.
        """
        return self.outcomes.medians(self.axes, **cell)

    def best(self, **cell: Any) -> tuple[Setting, float]:
        """The setting at which a cell's median is least, and this median."""
        return min(self.medians(**cell).items(), key=lambda pair: pair[1])

    def equal(self, cells: Sequence[Mapping[str, Any]]) -> Setting:
        """The one setting that suits several cells best: least product of medians.

        Raises:
            ValueError: no setting at which all of them ended well.
        """
        found = [self.medians(**cell) for cell in cells]
        shared = [
            s for s in found[0] if all(math.isfinite(m.get(s, math.inf)) for m in found)
        ]
        if not shared:
            raise ValueError("no setting at which all of these cells ended well")
        return min(shared, key=lambda s: sum(math.log(m[s]) for m in found))

    def nearest(self, asked: Asked) -> tuple[Setting, float]:
        """The setting whose median is nearest to a figure in logarithm, and the median.

        Raises:
            ValueError: as `medians`, or a model for which nothing is published.
        """
        if asked.mse is None:
            raise ValueError(f"no figure is published for {asked.name}")
        wanted = math.log(asked.mse)
        medians = self.medians(**asked.cell).items()
        return min(medians, key=lambda pair: abs(math.log(pair[1]) - wanted))

    def ahead(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        """The share of all settings at which one cell ends below another.

        A cell that diverged is above every other.
        """
        others = self.medians(**other)
        own = self.medians(**one).items()
        return sum(median < others[setting] for setting, median in own) / len(others)

    @property
    def tried(self) -> str:
        """The settings in words, for a claim that says under which ones it holds."""
        words = []
        for axis in self.axes:
            values = self.outcomes.values(axis)
            if axis == "learning_rate":
                span = f"{values[0]:.1e} to {values[-1]:.1e}"
                words.append(f"{len(values)} learning rates from {span}")
            else:
                words.append(" and ".join(values))
        return ", ".join([*words, f"{len(self.outcomes.values('seed'))} seeds"])

    def meeting(self, *wanted: Asked) -> list[Setting]:
        """The settings at which all of these figures are met, ascending."""
        found = [(self.medians(**one.cell), one) for one in wanted]
        first = found[0][0]
        return sorted(
            setting
            for setting in first
            if all(one.met(medians.get(setting, math.inf)) for medians, one in found)
        )

    def named(self, setting: Setting) -> str:
        """A setting in few words."""
        return ", ".join(
            f"{v:.2g}" if isinstance(v, float) else str(v) for v in setting
        )

    def table(self, wanted: Sequence[Asked], caption: str) -> Table:
        """Best possible, at equal settings, each at its best setting, published.

        The equal setting is `equal` of all these models.
        """
        equal = self.equal([one.cell for one in wanted])
        rows = []
        for one in wanted:
            setting, least = self.best(**one.cell)
            shared = self.medians(**one.cell)[equal]
            best = "–" if math.isnan(one.best) else rounded_up(one.best)
            own = f"{digits(least)} at {self.named(setting)}"
            rows.append([one.name, best, digits(shared), own, one])
        head = ["model", "best possible ≤", f"trained, all at {self.named(equal)}"]
        return Table([*head, "each at its best setting", "published"], rows, caption)

    def meetings(self, wanted: Sequence[Asked], caption: str) -> Table:
        """For each figure where it is met, and where all of them are together."""
        count = len(self.medians(**wanted[0].cell))
        rows = []
        for name, group in [*((one.name, (one,)) for one in wanted), ("all", wanted)]:
            met = self.meeting(*group)
            said = "; ".join(map(self.named, met)) or "none"
            if len(met) > FEW:
                rates = [setting[0] for setting in met]
                said = f"learning rates from {min(rates):.2g} to {max(rates):.2g}"
            rows.append([name, f"{len(met)} of {count}", said])
        return Table(["figure of", "met at", "settings"], rows, caption)

    def draw(self, wanted: Sequence[Asked]) -> Figure:
        """A panel for each model: medians at all settings, and what is published."""
        from matplotlib import pyplot

        drawn, panels = pyplot.subplots(
            1, len(wanted), figsize=figures.size("pair"), sharey=True, squeeze=False
        )
        for axes, one in zip(panels[0], wanted, strict=True):
            self._draw_one(axes, one)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25))
        for axes in panels[0][1:]:
            axes.set_ylabel("")
        return drawn

    def _draw_one(self, axes: Axes, asked: Asked) -> None:
        """Medians of a cell against the learning rate, a line for each other choice.

        Thin bars go from least to largest seed; a run that diverged is left out of its
        bar and named by an arrow at the upper edge.
        """
        own = self.outcomes.where(**asked.cell)
        others = sorted({tuple(map(one.get, self.axes[1:])) for one in own})
        for i, choice in enumerate(others):
            line = own.where(**dict(zip(self.axes[1:], choice, strict=True)))
            rates = line.values("learning_rate")
            spreads = [line.spread(learning_rate=rate) for rate in rates]
            look = figures.series(i)
            places = np.array(rates) * 1.05 ** (i - (len(others) - 1) / 2)
            told = [(s.median, s.least, s.largest) for s in spreads]
            middle, low, high = np.where(np.isfinite(told), told, np.nan).T
            axes.plot(places, middle, label=", ".join(map(str, choice)), **look)
            axes.vlines(places, low, high, color=look["color"], linewidth=1)
            lost = [p for p, s in zip(places, spreads, strict=True) if s.diverged]
            for place in lost:
                edge = axes.get_xaxis_transform()
                axes.text(place, 1, "↑", color=look["color"], va="top", transform=edge)
        if asked.mse is not None:
            axes.axhline(asked.mse, color="0.4", label=f"published {asked}")
        axes.set(xscale="log", yscale="log", xlabel="learning rate")
        axes.set(ylabel="mean squared error", title=asked.name)
