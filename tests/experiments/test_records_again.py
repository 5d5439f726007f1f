"""Runs of one cell of each stored record, trained anew to their last iteration.

A *run* of a record is a row; runs that differ in the seed alone are a *cell*. Trained
anew is the run in the middle of its cell, or all of them, and then their medians count.
It has to pass the cell's guard: its last number lies between the least and the largest
of the cell's seeds, and so do the numbers on the way, with some slack for rounding. The
same guard refuses the runs of all other cells. So a wrong target, rate or number of
heads is found, and the rounding of another machine is not. `Row` counts what a guard
cannot tell apart: the last number alone (``alike``), the whole guard (``taken``).

Left out are the records of default runs: `make test` repeats these in full. Every other
record has a row in `ROWS`; a record without one fails, with the cells that may be
chosen. Each row is a full training, 10 to 50 seconds on one core; no record is without
a cell that is so cheap. Of experiment 1a the models on pieces are dearer, and
`test_sizes.py` repeats their beginning.
"""

import math
from functools import cache
from statistics import median

import pytest
from trained_anew import ROWS, Row, signs_anew

from tapx.chapters import notebooks, records

LAST, WAY = ("mse", "loss", "error"), ("history", "curve")
NO_KEY = {"seed", "parameters", *LAST, *WAY}
FOLDER = notebooks.book_directory() / "records"
STORED = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in FOLDER.glob("*/*.json")
    if path.parent.name != "default"
)
WITH_ROW = [name for name in STORED if name in ROWS]


@cache
def record(name):
    """A stored record."""
    profile, chapter = name.split("/")
    return records.read(chapter, profile)


def last_of(row):
    """The number of a run that tables show; infinite where it diverged."""
    number = next(row[name] for name in LAST if name in row)
    return math.inf if number is None else number


def way_of(row):
    """The numbers of a run by iteration; infinite where it had diverged."""
    pairs = next((row[name] for name in WAY if name in row), [])
    return {step: math.inf if one is None else one for step, one in pairs}


def cells_of(name):
    """The rows of each cell of a record."""
    found = {}
    for row in record(name)["results"]:
        key = tuple((k, v) for k, v in sorted(row.items()) if k not in NO_KEY)
        found.setdefault(key, []).append(row)
    return found


def chosen(name, wanted):
    """The cell that these values select, and all others."""
    cells = cells_of(name)
    keys = [key for key in cells if wanted.items() <= dict(key).items()]
    assert len(keys) == 1, f"{wanted} selects {len(keys)} cells of {name}"
    return cells.pop(keys[0]), cells


def ends(rows):
    """The least and the largest last number."""
    numbers = [last_of(row) for row in rows]
    return min(numbers), max(numbers)


def refusal(rows, row, asked):
    """Why a run is not one of the cell of these rows; "" where it may be."""
    low, high = ends(rows)
    low, high = low / asked.scatter, high * asked.scatter
    if not low <= last_of(row) <= high:
        return f"ends at {last_of(row):.4g}, and the cell from {low:.4g} to {high:.4g}"
    ways, own = [way_of(one) for one in rows], way_of(row)
    steps = sorted(set().union(*ways))
    for step in steps:
        apart = asked.scatter if step == steps[-1] else 1.0
        low = min(way.get(step, math.inf) for way in ways) * (1 - asked.slack) / apart
        high = max(way.get(step, math.inf) for way in ways) * (1 + asked.slack) * apart
        if not low <= own.get(step, math.inf) <= high:
            return f"after {step}: {own.get(step)}, not {low:.4g} to {high:.4g}"
    return ""


def alike(rows, others):
    """How many other cells have a median that the last numbers take for the cell's."""
    low, high = ends(rows)
    return sum(low <= median(map(last_of, one)) <= high for one in others.values())


def middle_of(rows):
    """One run with the medians of some."""
    ways = [way_of(row) for row in rows]
    path = [[step, median(way[step] for way in ways)] for step in ways[0]]
    return {"error": median(map(last_of, rows)), "history": path}


def strangers(rows, others, asked):
    """The runs of other cells that the guard of a cell takes for its own."""
    every = [row for one in others.values() for row in one]
    return [row for row in every if not refusal(rows, row, asked)]


def choices(name):
    """The cells of a record that a row may choose, with the medians alike."""
    cells = cells_of(name)
    found = []
    for key, rows in cells.items():
        others = {other: own for other, own in cells.items() if other != key}
        guard = Row(signs_anew, dict(key))
        counts = len(strangers(rows, others, guard)), alike(rows, others)
        if len(rows) > 1 and counts[0] < len(rows):
            found.append((*counts, f"taken={counts[0]}, alike={counts[1]}: {key}"))
    return "\n".join(words for *_, words in sorted(found))


@pytest.mark.parametrize("name", STORED)
def test_every_record_has_a_row(name):
    assert name in ROWS, f"add a row for {name}, of one of\n{choices(name)}"


@pytest.mark.parametrize("name", WITH_ROW)
def test_a_guard_refuses_every_other_run(name):
    row = ROWS[name]
    rows, others = chosen(name, row.cell)
    assert len(rows) >= 3 and others
    assert not any(refusal(rows, one, row) for one in rows)
    assert len(strangers(rows, others, row)) == row.taken
    assert alike(rows, others) == row.alike


@pytest.mark.parametrize("name", WITH_ROW)
def test_a_run_trained_anew_ends_among_its_seeds(name):
    """All iterations, of the run in the middle of its cell or of all seeds."""
    row = ROWS[name]
    rows, _ = chosen(name, row.cell)
    wanted = rows if row.whole else [sorted(rows, key=last_of)[len(rows) // 2]]
    given = record(name)["parameters"]
    found = [as_kept(name, one) for one in row.anew(name.split("/")[1], given, wanted)]
    assert all(list(way_of(one)) == list(way_of(rows[0])) for one in found)
    assert not refusal(rows, middle_of(found), row)


def as_kept(name, row):
    """Where a record's numbers are the last errors and no means, a row's are, too."""
    own = record(name)["results"]
    if all(last_of(one) == [*way_of(one).values()][-1] for one in own):
        return {"error": row[next(k for k in WAY if k in row)][-1][1]} | {
            "history": [list(pair) for pair in way_of(row).items()]
        }
    return row
