"""Outcomes of trained language models as plain numbers, and gains between them.

Outcomes are compared seed by seed: a *gain* is the loss of the base model minus that of
the other with the same seed, so what a seed does to both drops out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.language.training import TrainedLanguage


@dataclass(frozen=True)
class LanguageOutcome:
    """The result of one trained cell, as plain numbers: what a record keeps.

    Attributes:
        cell: what was trained.
        tokens: "characters", "bpe" or another word for what a token is.
        parameters: trainable numbers, all of them.
        loss: validation loss in nats a token; None if training diverged.
        curve: (step, validation loss) pairs.
    """

    cell: LanguageCell
    tokens: str
    parameters: int
    loss: float | None
    curve: tuple[tuple[int, float], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, trained: TrainedLanguage, tokens: str) -> LanguageOutcome:
        """The plain numbers of a trained cell."""
        total = trained.model.parameter_counts()["total"]
        return cls(trained.cell, tokens, total, trained.loss, trained.curve)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LanguageOutcome:
        """Read what `as_dict` wrote."""
        values = dict(data)
        own = {name: values.pop(name) for name in ("tokens", "parameters", "loss")}
        curve = tuple((int(step), loss) for step, loss in values.pop("curve"))
        return cls(LanguageCell(**values), curve=curve, **own)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        own = {"tokens": self.tokens, "parameters": self.parameters, "loss": self.loss}
        return {**asdict(self.cell), **own, "curve": [list(one) for one in self.curve]}

    @property
    def error(self) -> float:
        """The loss, infinite if training diverged."""
        return math.inf if self.loss is None else self.loss


def of_cell(
    outcomes: Iterable[LanguageOutcome], cell: LanguageCell, tokens: str
) -> list[LanguageOutcome]:
    """The outcomes of a cell, whatever the seed, by seed.

    Raises:
        ValueError: no such outcome.
    """
    own = [
        one
        for one in outcomes
        if one.tokens == tokens and replace(one.cell, seed=cell.seed) == cell
    ]
    if not own:
        raise ValueError(f"no outcome of {cell} on {tokens!r}")
    return sorted(own, key=lambda one: one.cell.seed)


def gains(
    outcomes: Iterable[LanguageOutcome],
    base: LanguageCell,
    other: LanguageCell,
    tokens: str,
) -> list[float]:
    """Loss of the base minus loss of the other, seed by seed.

    Minus infinity where the other diverged, NaN never: a diverged base is refused.

    Raises:
        ValueError: an outcome is missing, or the base diverged.
    """
    outcomes = list(outcomes)
    firsts = {one.cell.seed: one for one in of_cell(outcomes, base, tokens)}
    found = []
    for one in of_cell(outcomes, other, tokens):
        first = firsts.get(one.cell.seed)
        if first is None or first.loss is None:
            raise ValueError(f"no base to compare with for seed {one.cell.seed}")
        found.append(first.loss - one.error)
    return found


def best_gains(
    outcomes: Iterable[LanguageOutcome], cells: Sequence[LanguageCell], tokens: str
) -> list[float]:
    """Gains of the arm's cell whose median gain is largest; the base stands first."""
    base, *others = cells
    outcomes = list(outcomes)
    return max((gains(outcomes, base, one, tokens) for one in others), key=median)


def spread(own: Sequence[LanguageOutcome]) -> str:
    """Least and largest loss; how many diverged, where any did."""
    losses = [one.loss for one in own if one.loss is not None]
    lost = len(own) - len(losses)
    ends = f"{min(losses):.3f} to {max(losses):.3f}" if losses else ""
    return ", ".join(
        part for part in (ends, f"{lost} diverged" if lost else "") if part
    )


def number(value: float, form: str = ".3f") -> str:
    """A loss or gain as tables print it."""
    return format(value, form) if math.isfinite(value) else "diverged"
