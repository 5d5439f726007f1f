"""Outcomes of trained cells: what a record keeps of one, what tables show of many.

A *cell* is a frozen dataclass of plain values, one of them the seed. A place in a table
stands for several seeds and is shown by their median with the least and the largest. A
run that diverged counts as infinite; it is never left out. What two cells differ by is
compared seed by seed, so what a seed does to both drops out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from statistics import median
from typing import Any

from tapx.checks import one_of
from tapx.show.tables import digits, number

COLUMNS = ("mse", "history")
"""What a row calls the loss and its history, unless the cell has `columns` itself."""

Setting = tuple[Any, ...]
"""Values of some keys of a cell."""


@dataclass(frozen=True)
class Outcome:
    """The result of one trained cell.

    Attributes:
        cell: what was trained.
        loss: mean squared error, or nats a token; None if training diverged.
        history: (iterations, loss) pairs.
        facts: what else a record keeps of it, by name.
        model: the trained model, float32; None when read from a record.
        kernel: (lags,) float64, its response to each lag, where it has one kernel.
    """

    cell: Any
    loss: float | None
    history: tuple[tuple[int, float | None], ...] = field(default=(), repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)
    model: Any = field(default=None, repr=False, compare=False)
    kernel: Any = field(default=None, repr=False, compare=False)

    @property
    def error(self) -> float:
        """The loss, infinite if training diverged."""
        return math.inf if self.loss is None else self.loss

    def plain(self, **facts: Any) -> Outcome:
        """The same without its model, with these facts before its own."""
        return Outcome(self.cell, self.loss, self.history, {**facts, **self.facts})

    def get(self, key: str) -> Any:
        """A value of the cell, or a fact; None if it has neither."""
        return getattr(self.cell, key, self.facts.get(key))

    def row(self) -> dict[str, Any]:
        """Plain JSON data: a record's row."""
        loss, history = _columns(self.cell)
        pairs = [list(pair) for pair in self.history]
        return {**asdict(self.cell), **self.facts, loss: self.loss, history: pairs}

    @classmethod
    def of_row(cls, kind: type, row: Mapping[str, Any]) -> Outcome:
        """Read what `row` wrote of a cell of this kind."""
        rest = dict(row)
        own = {name: rest.pop(name) for name in _names(kind) if name in rest}
        loss, history = map(rest.pop, _columns(kind))
        pairs = tuple((int(step), value) for step, value in history)
        return cls(kind(**own), loss, pairs, rest)


def _columns(cell: Any) -> tuple[str, str]:
    return getattr(cell, "columns", COLUMNS)


def _names(cell: Any) -> list[str]:
    return [one.name for one in fields(cell)]


@dataclass(frozen=True)
class Spread:
    """Losses or gains of one cell over its seeds.

    Attributes:
        all: ascending, at least one; infinite where a run diverged.
    """

    all: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of numbers in any order."""
        return cls(tuple(sorted(values)))

    @property
    def median(self) -> float:
        """Infinite where half of the runs diverged."""
        return median(self.all)

    @property
    def least(self) -> float:
        """The smallest."""
        return self.all[0]

    @property
    def largest(self) -> float:
        """The largest."""
        return self.all[-1]

    @property
    def range(self) -> float:
        """Largest minus smallest."""
        return self.largest - self.least

    @property
    def runs(self) -> int:
        """Number of seeds."""
        return len(self.all)

    @property
    def diverged(self) -> int:
        """How many runs diverged."""
        return sum(map(math.isinf, self.all))

    def __str__(self) -> str:
        """Median and, for several seeds, the least and largest error."""
        if self.runs == 1:
            return digits(self.median)
        return f"{digits(self.median)} ({digits(self.least)} – {digits(self.largest)})"

    def __format__(self, form: str) -> str:
        """As `str`, or with each number in a form and the ends always."""
        if not form:
            return str(self)
        told = self.median, self.least, self.largest
        return "{} ({} to {})".format(*(number(one, form) for one in told))

    def ends(self) -> str:
        """Least and largest of what ended well; how many diverged, where any did."""
        ended = [one for one in self.all if math.isfinite(one)]
        parts = [f"{ended[0]:.3f} to {ended[-1]:.3f}"] if ended else []
        return ", ".join(parts + [f"{self.diverged} diverged"] * (self.diverged > 0))


class Outcomes(tuple[Outcome, ...]):
    """Outcomes of cells of one kind, in the order of training: a tuple that selects.

    Raises:
        ValueError: from `spread`, where nothing is left to summarise.

    Example:
        >>> rows = [{"position": "lin", "heads": heads, "learning_rate": 0.01,
        ...          "initial_slopes": "equal", "seed": 0, "mse": 1 / heads,
        ...          "history": []} for heads in (1, 2)]
        >>> outcomes = tapx.Outcomes.of_rows(tapx.MemoryCell, rows)
        >>> [one.error for one in outcomes.where(heads=2)]
        [0.5]
    """

    __slots__ = ()

    @classmethod
    def of_rows(cls, kind: type, rows: Iterable[Mapping[str, Any]]) -> Outcomes:
        """Read a record's rows; `kind` is the class of their cells."""
        return cls(Outcome.of_row(kind, row) for row in rows)

    @classmethod
    def of_record(cls, kind: type, record: Mapping[str, Any]) -> Outcomes:
        """Read the rows of a stored record; none of a record that is empty.

        A value that all cells shared may stand among the record's parameters alone.
        """
        given = record.get("parameters", {})
        shared = {name: given[name] for name in _names(kind) if name in given}
        return cls.of_rows(kind, (shared | row for row in record.get("results", ())))

    def rows(self) -> list[dict[str, Any]]:
        """Plain JSON data, a row each."""
        return [one.row() for one in self]

    def where(self, **wanted: Any) -> Outcomes:
        """Those whose cells and facts have these values; perhaps none.

        Args:
            wanted: by name of a cell's value or of a fact. A list stands for any of
                its elements.

        Raises:
            ValueError: a name that they do not have.
        """
        found = self
        for name, value in wanted.items():
            self._known(name)
            allowed = value if isinstance(value, list) else [value]
            found = Outcomes(one for one in found if one.get(name) in allowed)
        return found

    def values(self, key: str) -> list[Any]:
        """The different values of a key, ascending."""
        self._known(key)
        return sorted({one.get(key) for one in self})

    def of(self, cell: Any) -> Outcomes:
        """Those of a cell, whatever the seed, by seed.

        Raises:
            ValueError: no such outcome, or several for a seed.
        """
        own = [one for one in self if replace(one.cell, seed=cell.seed) == cell]
        if not own:
            raise ValueError(f"no outcome of {cell}")
        if len({one.cell.seed for one in own}) < len(own):
            raise ValueError(f"several outcomes of {cell} for one seed: choose before")
        return Outcomes(sorted(own, key=lambda one: one.cell.seed))

    def spread(self, **wanted: Any) -> Spread:
        """The losses of one cell over its seeds.

        Args:
            wanted: as in `where`; what remains must be one cell but for the seed.

        Raises:
            ValueError: no such cell was trained, or several were.
        """
        found = self._some(wanted)
        kinds = {replace(one.cell, seed=0) for one in found}
        if len(kinds) > 1:
            keys = tuple(key for key in _names(found[0].cell) if key != "seed")
            asked = f"{_asked(wanted)} names {len(kinds)} cells"
            raise ValueError(f"{asked}; give one of {keys} more")
        return Spread.of(one.error for one in found)

    def after(self, step: int, **wanted: Any) -> list[float]:
        """Losses after so many iterations, or at the end, of some cells; ascending.

        Args:
            step: where a loss was noted; at others the one at the end is taken.
            wanted: as in `where`.

        Returns:
            One number a run, 1e300 where it had diverged, as claims take it.
        """
        losses = [dict(one.history).get(step, one.loss) for one in self.where(**wanted)]
        return sorted(1e300 if loss is None else loss for loss in losses)

    def medians(self, keys: Sequence[str], **wanted: Any) -> dict[Setting, float]:
        """Median loss over the seeds for each setting of these keys.

        Raises:
            ValueError: as `spread`, for any of the settings.
        """
        found = self._some(wanted)
        settings = (tuple(map(one.get, keys)) for one in found)
        return {
            setting: found.spread(**dict(zip(keys, setting, strict=True))).median
            for setting in dict.fromkeys(settings)
        }

    def best_and_worst(
        self, keys: Sequence[str], **wanted: Any
    ) -> tuple[tuple[Setting, float], tuple[Setting, float]]:
        """Best and worst setting of these keys by the median, each with its median.

        Raises:
            ValueError: as `medians`.
        """
        found = sorted(self.medians(keys, **wanted).items(), key=lambda pair: pair[1])
        return found[0], found[-1]

    @property
    def diverged(self) -> int:
        """Number of runs that diverged."""
        return sum(one.loss is None for one in self)

    def gains(self, base: Any, other: Any) -> Spread:
        """Loss of a base cell minus loss of the other, seed by seed.

        Minus infinity where the other diverged, NaN never.

        Raises:
            ValueError: an outcome is missing, or the base diverged.
        """
        firsts = {one.cell.seed: one.error for one in self.of(base)}
        own = self.of(other)
        for seed in (one.cell.seed for one in own):
            if not math.isfinite(firsts.get(seed, math.inf)):
                raise ValueError(f"no base to compare with for seed {seed}")
        return Spread.of(firsts[one.cell.seed] - one.error for one in own)

    def best_gains(self, cells: Sequence[Any]) -> Spread:
        """Gains of the cell whose median gain is largest; the base stands first."""
        gains = (self.gains(cells[0], other) for other in cells[1:])
        return max(gains, key=lambda gain: gain.median)

    def _known(self, name: str) -> None:
        """Refuse a name that the outcomes do not have, if there are any."""
        if self:
            one_of(name, (*_names(self[0].cell), *self[0].facts), "key")

    def _some(self, wanted: Mapping[str, Any]) -> Outcomes:
        """As `where`, refused if there are none."""
        found = self.where(**wanted)
        if not found:
            cells = ", ".join(sorted({str(replace(one.cell, seed=0)) for one in self}))
            raise ValueError(f"no trained cell has {_asked(wanted)}; there are {cells}")
        return found


def _asked(wanted: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in wanted.items()) or "this"
