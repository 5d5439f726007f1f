"""A drawing of a graph without circles: rows of boxes, and curves between them.

A box stands one row below the lowest of what it rests on. Curves that pass a row get a
place of their own in it, so that they run between the boxes. The order within a row is
found by moving each place under the middle of its neighbours, a few times up and down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT, GAP, ROW = 96, 34, 8, 84
"""Of a box, between boxes, and from row to row, in pixels."""
THREAD = 12
"""Width of the place of a curve that passes a row."""
SWEEPS = 12

Place = str | tuple[str, str, int]
"""A box, or where a curve from one box to another passes a row."""


@dataclass(frozen=True)
class Drawing:
    """Where the middle of each box is, and the points of each curve, from above."""

    boxes: Mapping[str, tuple[float, float]]
    curves: Mapping[tuple[str, str], Sequence[tuple[float, float]]]
    width: float
    height: float


def draw(uses: Mapping[str, Sequence[str]], level: Mapping[str, int]) -> Drawing:
    """Place every box in the row that `level` says, counted from above."""
    rows: list[list[Place]] = [[] for _ in range(max(level.values()) + 1)]
    for box in uses:
        rows[level[box]].append(box)
    routes: dict[tuple[str, str], list[Place]] = {}
    for box, below in uses.items():
        for other in below:
            between = range(level[other] + 1, level[box])
            passing: list[Place] = [(other, box, row) for row in between]
            for row, place in zip(between, passing, strict=True):
                rows[row].append(place)
            routes[other, box] = [other, *passing, box]
    _sort(rows, routes)
    wide = [sum(map(_width, row)) + GAP * (len(row) - 1) for row in rows]
    at: dict[Place, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        x = (max(wide) - wide[number]) / 2 + GAP
        for place in row:
            at[place] = x + _width(place) / 2, GAP + HEIGHT / 2 + ROW * number
            x += _width(place) + GAP
    return Drawing(
        boxes={box: at[box] for box in uses},
        curves={ends: [at[place] for place in route] for ends, route in routes.items()},
        width=max(wide) + 2 * GAP,
        height=ROW * (len(rows) - 1) + HEIGHT + 2 * GAP,
    )


def _width(place: Place) -> int:
    return WIDTH if isinstance(place, str) else THREAD


def _sort(
    rows: list[list[Place]], routes: Mapping[tuple[str, str], list[Place]]
) -> None:
    """Order each row by the middle of the neighbours above, then below, and again."""
    above: dict[Place, list[Place]] = {}
    below: dict[Place, list[Place]] = {}
    for route in routes.values():
        for one, other in pairwise(route):
            above.setdefault(other, []).append(one)
            below.setdefault(one, []).append(other)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        near = above if down else below
        order = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in order:
            _under(rows[number], rows[number + (-1 if down else 1)], near)


def _under(
    row: list[Place], fixed: list[Place], near: Mapping[Place, list[Place]]
) -> None:
    """Sort a row by the middle of the neighbours in another; shares count."""
    share = {place: (i + 0.5) / len(fixed) for i, place in enumerate(fixed)}
    own = {place: (i + 0.5) / len(row) for i, place in enumerate(row)}

    def middle(place: Place) -> float:
        found = [share[one] for one in near.get(place, ())]
        return sum(found) / len(found) if found else own[place]

    row.sort(key=middle)
