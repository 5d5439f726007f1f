"""What a result of the paper answers: the same questions for each of them.

A row holds a statement, what it rests on, and functions of the number of heads (or of
neurons, or of layers) on a *default target*, which the row names. What a result has no
answer to is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tapx.checks import fewest

ORDERS = range(1, 21)
"""Orders of smoothness tried where a bound may choose its own."""
MOST = 10**12
"""Where `Result.useful_from` gives up."""


def exponent(
    sizes: Iterable[float], values: Iterable[float], otherwise: float = 0.0
) -> float:
    """The power of the sizes that the values follow: a line through their logarithms.

    Args:
        sizes: positive.
        values: positive, one for each size.
        otherwise: the answer where there are fewer than two different sizes.
    """
    import numpy as np

    points = list(sizes)
    if len(set(points)) < 2:
        return otherwise
    return float(np.polyfit(np.log(points), np.log(list(values)), 1)[0])


@dataclass(frozen=True)
class Result:
    """A theorem, proposition, lemma or experiment of the paper.

    Attributes:
        id: short, such as "thm-3.1"; of the chapter too, if it has one of its own.
        name: as the paper calls it.
        statement: in one sentence.
        uses: ids of the results that it rests on.
        chapter: id of the chapter that treats it.
        target: the default target, in words.
        size: what the numbers below are functions of.
        default: how many of these the default network has.
        construct: ``size -> network or kernel`` of the proof, for the default target.
        error: ``what was constructed -> its certified error``.
        bound_at: ``(size, order) -> explicit bound``; ``inf`` where it says nothing.
        best_at: ``size -> error of the best that is known``.
        floor_at: ``size -> proved floor under every error``.
        rivals: which models `best_at` and `floor_at` speak of, where these are others
            than what is constructed.
        no_memory: the error of doing nothing.
        published: the figure that the paper prints, as text.

    Raises:
        ValueError: from `construct`, where the size is too small.

    Example:
        >>> row = tapx.results["lemma-F.4"]
        >>> row.name, row.chapter
        ('Lemma F.4', 'kernels')
        >>> row.bound(10**5) < row.no_memory < row.bound(100)
        True
    """

    id: str
    name: str
    statement: str
    uses: tuple[str, ...] = ()
    chapter: str | None = None
    target: str | None = None
    size: str = "heads"
    default: int | None = None
    construct: Callable[[int], Any] | None = None
    error: Callable[[Any], float] | None = None
    bound_at: Callable[[int, int], float] | None = None
    best_at: Callable[[int], float] | None = None
    floor_at: Callable[[int], float] | None = None
    rivals: str | None = None
    no_memory: float | None = None
    published: str | None = None

    def bound(self, size: int, order: int | None = None) -> float | None:
        """The explicit bound; at the order that makes it least if none is given."""
        if self.bound_at is None:
            return None
        if order is not None:
            return self.bound_at(size, order)
        return min(self.bound_at(size, n) for n in ORDERS if n <= size)

    def certified(self, size: int | None = None) -> float | None:
        """The certified error of what the proof builds, at the default size if None."""
        size = self.default if size is None else size
        if self.construct is None or self.error is None or size is None:
            return None
        return self.error(self.construct(size))

    @property
    def useful_from(self) -> int | None:
        """The least size at which the bound beats doing nothing; None if not known."""
        bound, idle = self.bound, self.no_memory
        if self.bound_at is None or idle is None:
            return None
        return fewest(lambda size: (bound(size) or 0.0) < idle, MOST)

    def as_plain_data(self) -> dict[str, Any]:
        """The row at its default size, for tables and pages: words and numbers."""
        size = self.default
        known = {
            "bound": self.bound(size) if size else None,
            "certified": self.certified(),
            "best known": self.best_at(size) if self.best_at and size else None,
            "floor": self.floor_at(size) if self.floor_at and size else None,
            "without memory": self.no_memory,
            "useful from": self.useful_from,
        }
        words = ("id", "name", "statement", "chapter", "target", "size", "default")
        return {
            **{name: getattr(self, name) for name in words},
            "uses": list(self.uses),
            "published": self.published,
            "rivals": self.rivals,
            # An infinite bound says nothing, and is no JSON.
            **{k: None if v is None or math.isinf(v) else v for k, v in known.items()},
        }

    def as_text(self) -> str:
        """The row in a few lines."""
        row = self.as_plain_data()
        lines = [f"{self.id:12}{self.name}: {self.statement}"]
        if self.uses:
            lines.append(f"uses {', '.join(self.uses)}")
        lines += [f"{key}: {row[key]}" for key in ("target", "published") if row[key]]
        numbers = ("bound", "certified", "best known", "floor", "without memory")
        shown = [f"{key} {row[key]:.3g}" for key in numbers if row[key] is not None]
        if shown:
            size = f"{self.default} {self.size}: " if self.default else ""
            lines.append(size + ", ".join(shown))
        if self.rivals:
            lines.append(f"best known and floor: {self.rivals}")
        if row["useful from"]:
            lines.append(
                f"the bound says something from {row['useful from']:,} {self.size} on"
            )
        return f"\n{'':12}".join(lines)
