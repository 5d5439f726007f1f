"""Many trained cells of the toy experiments, summed up over their seeds.

A cell of a table stands for several seeds, and is shown by their median with the least
and the largest error. A run that diverged counts as infinite; it is never left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapx.checks import one_of
from tapx.experiments.memory.views import digits
from tapx.experiments.signs.training import ToyOutcome

KEYS = ("rpe", "heads", "width", "dot_product")
"""What tells cells apart besides the seed."""

WORDS = {"heads": "head", "width": "neuron"}


@dataclass(frozen=True)
class Spread:
    """The errors of one cell over its seeds.

    Attributes:
        median, least, largest: mean squared errors; infinite where runs diverged.
        runs: number of seeds.
        diverged: how many of them diverged.
    """

    median: float
    least: float
    largest: float
    runs: int
    diverged: int

    def __str__(self) -> str:
        """Median and, for several seeds, the least and largest error."""
        if self.runs == 1:
            return digits(self.median)
        ends = f"{digits(self.least)} – {digits(self.largest)}"
        return f"{digits(self.median)} ({ends})"


def select(outcomes: Sequence[ToyOutcome], **wanted: Any) -> list[ToyOutcome]:
    """The outcomes whose cells have these values.

    Args:
        outcomes: trained cells.
        wanted: ``rpe``, ``heads``, ``width``, ``dot_product`` or ``seed``.

    Raises:
        ValueError: another name.
    """
    for name in wanted:
        one_of(name, (*KEYS, "seed"), "key")
    return [
        one
        for one in outcomes
        if all(getattr(one.cell, name) == value for name, value in wanted.items())
    ]


def spread(outcomes: Sequence[ToyOutcome], **wanted: Any) -> Spread:
    """The errors of one cell over its seeds.

    Args:
        outcomes: trained cells.
        wanted: as in `select`; what remains must be one cell but for the seed.

    Raises:
        ValueError: no such cell was trained, or several were.
    """
    found = select(outcomes, **wanted)
    asked = ", ".join(f"{name}={value}" for name, value in wanted.items()) or "this"
    kinds = sorted({tuple(getattr(one.cell, key) for key in KEYS) for one in found})
    if len(kinds) > 1:
        raise ValueError(f"{asked} names {len(kinds)} cells; give one of {KEYS} more")
    if not kinds:
        trained = {tuple(getattr(one.cell, key) for key in KEYS) for one in outcomes}
        raise ValueError(
            f"no trained cell has {asked}; there are (rpe, heads, width, dot product) "
            f"{sorted(trained)}"
        )
    errors = sorted(one.error for one in found)
    with np.errstate(invalid="ignore"):  # the mean of two infinities
        median = float(np.median(errors))
    if math.isnan(median):
        median = math.inf
    lost = sum(map(math.isinf, errors))
    return Spread(median, errors[0], errors[-1], len(errors), lost)


def has(outcomes: Sequence[ToyOutcome], **wanted: Any) -> bool:
    """Whether a cell with these values was trained: what a claim asks first."""
    return bool(select(outcomes, **wanted))


def values(outcomes: Sequence[ToyOutcome], key: str) -> list[Any]:
    """The different values of one of `KEYS` or "seed", ascending."""
    one_of(key, (*KEYS, "seed"), "key")
    return sorted({getattr(one.cell, key) for one in outcomes})


def count(key: str, number: int) -> str:
    """A number of heads or neurons in words: "1 head", "256 neurons"."""
    return f"{number} {WORDS[one_of(key, WORDS, 'key')]}{'' if number == 1 else 's'}"
