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
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import pytest

from tapx.chapters import notebooks, records
from tapx.experiments.adaptive.affine import sign_switch
from tapx.experiments.adaptive.training import AdaptiveCell, train_adaptive
from tapx.experiments.language import corpus, sizes
from tapx.experiments.language.cells import LanguageCell, LanguageRecipe
from tapx.experiments.language.training import train_language
from tapx.experiments.memory import projected, starts, tables
from tapx.experiments.memory.training import MemoryCell, train_memory
from tapx.experiments.outcomes import Outcome
from tapx.experiments.signs.training import SignCell, train_signs
from tapx.experiments.training import Recipe
from tapx.targets.adaptive import boolean_example
from tapx.targets.signs import target

LAST, WAY = ("mse", "loss", "error"), ("history", "curve")
NO_KEY = {"seed", "parameters", *LAST, *WAY}
FOLDER = notebooks.book_directory() / "records"


def recipe_of(given, row, **more):
    """The recipe of a row; what rows do not say stands among the parameters."""
    schedule = row.get("schedule", given.get("schedule", "constant"))
    names = {"batch", "dimension", "weight_decay"} & given.keys()
    own = {name: given[name] for name in names}
    return Recipe(given["iterations"], schedule=schedule, **own, **more)


def cells_like(kind, given, rows):
    """The cells of rows, which need not repeat the one learning rate of all."""
    rate = {name: given[name] for name in ("learning_rate",) if name in given}
    return [Outcome.of_row(kind, rate | row).cell for row in rows]


def signs_anew(chapter, given, rows):
    """Experiments 1b, 2a, 2b and 3a."""
    where = rows[0].get("end", given["end"])
    turned = "last" if given["end"] == "first" else "first"
    levels = rows[0].get("token_values", 2)
    end = turned if where == "other" else where
    task = target(chapter.removeprefix("exp-"), end, levels=levels)
    cells = cells_like(SignCell, given, rows)
    return train_signs(cells, task, recipe_of(given, rows[0])).rows()


def memory_anew(chapter, given, rows):
    """Experiments 4a and 4b."""
    goal = tables.experiment(chapter.removeprefix("exp-")).target
    cells, recipe = cells_like(MemoryCell, given, rows), recipe_of(given, rows[0])
    return train_memory(cells, goal.values(np.arange(recipe.length)), recipe).rows()


def adaptive_anew(chapter, given, rows):
    """The experiment on adaptive memories."""
    goal = {"switch": sign_switch, "nested": boolean_example}[rows[0]["target"]]()
    cells = cells_like(AdaptiveCell, given, rows)
    recipe = recipe_of(given, rows[0], length=16)
    slopes = rows[0].get("initial_slopes", given["initial_slopes"])
    sized = {"heads": given["heads"], "width": given["width"]}
    return train_adaptive(cells, goal, recipe, **sized, initial_slopes=slopes).rows()


def sizes_anew(chapter, given, rows):
    """Experiment 1a."""
    scale = sizes.size_named(given["size"], given["steps"])
    text = corpus.load_corpus(rows[0]["tokens"], scale.vocabulary)
    cells = cells_like(LanguageCell, given, rows)
    return [train_language(cell, text, scale.recipe).row() for cell in cells]


def dot_products_anew(chapter, given, rows):
    """Experiment 3b."""
    text = corpus.load_corpus(given["tokens"], 512)
    steps = given["iterations"]
    sized = steps, given["batch"], given["context"], 0.01
    recipe = LanguageRecipe(*sized, points=min(20, max(2, steps // 50)))
    cells = cells_like(LanguageCell, given, rows)
    return [train_language(cell, text, recipe).row() for cell in cells]


def projected_anew(chapter, given, rows):
    """The chapter on training: rates by Adam's steps on batches, weights solved."""
    rho = tables.experiment(rows[0]["target"]).target.values(np.arange(1000))
    start = starts.initial_rates("geometric", given["heads"], 1000)
    steps = [step for step, _ in rows[0]["history"]]
    seeds = [row["seed"] for row in rows]
    how = given["iterations"], "adam", given["batch"]
    found = projected.descend_rates(start, rho, *how, seeds=seeds, notes=steps)
    return [
        {"history": [[n, float(found.history[n][i])] for n in steps], "error": error}
        for i, error in enumerate(found.errors.tolist())
    ]


@dataclass(frozen=True)
class Row:
    """The cell of a record that is trained anew.

    Attributes:
        anew: trains rows of one cell of a chapter, at its parameters.
        cell: values that select the cell.
        slack: part by which numbers on the way may leave the spread, for rounding.
        alike: how many other cells have a median among the cell's last numbers.
        taken: how many runs of other cells the whole guard takes for the cell's own.
        whole: whether all seeds are trained, and their medians looked at.
        scatter: factor by which the last number may leave the spread, where it is one
            iterate of a constant step: another rounding draws another one.
    """

    anew: Callable[[str, dict[str, Any], list[dict[str, Any]]], list[dict[str, Any]]]
    cell: dict[str, Any]
    slack: float = 0.1
    alike: int = 0
    taken: int = 0
    whole: bool = False
    scatter: float = 1.0


FREE = {"rpe": "free", "dot_product": False}


def memory(position, heads, rate, slopes, **more):
    """The values of a cell of experiments 4a and 4b."""
    names = ("position", "heads", "learning_rate", "initial_slopes")
    return dict(zip(names, (position, heads, rate, slopes), strict=True)) | more


ROWS = {
    "paper/exp-1b": Row(signs_anew, FREE | {"heads": 4, "width": 16, "end": "first"}),
    # All that find the token of 2a end in the noise of a constant step, in which one
    # run may well leave the spread of three: the path tells them apart.
    "paper/exp-2a": Row(
        signs_anew, FREE | {"heads": 1, "width": 256}, alike=6, whole=True
    ),
    # The six runs of one head that find all tokens end from 5.4e-5 to 3.0e-4.
    "paper/exp-2b": Row(signs_anew, FREE | {"heads": 1, "width": 256}, scatter=5.5),
    "paper/exp-3a": Row(signs_anew, FREE | {"heads": 4, "width": 16, "end": "first"}),
    "paper/exp-4a": Row(memory_anew, memory("lin", 4, 0.001, "equal")),
    "paper/exp-4b": Row(memory_anew, memory("lin", 2, 0.001, "geometric")),
    "paper/trainable": Row(
        projected_anew, {"way": "projected, Adam, batches", "target": "4a"}
    ),
    # One slow head goes the same way at learning rates that are neighbours.
    "settings/exp-4a": Row(
        memory_anew,
        memory("lin", 1, 0.000258734023677, "geometric", schedule="cosine"),
        alike=2,
    ),
    # It goes the same way as a lin head, too: one run of these is not refused.
    "settings/exp-4b": Row(
        memory_anew,
        memory("log", 1, 0.000258734023677, "geometric", schedule="constant"),
        alike=1,
        taken=1,
    ),
    "settings/exp-2b": Row(
        signs_anew,
        FREE | {"heads": 1, "learning_rate": 0.0002, "schedule": "constant"},
    ),
    "settings/exp-1b": Row(
        signs_anew,
        FREE | {"heads": 1, "learning_rate": 0.000669432950082, "schedule": "cosine"},
        alike=3,
        taken=1,
    ),
    # A run of four neurons at the next rate goes the same way.
    "settings/exp-2a": Row(
        signs_anew,
        FREE
        | {"width": 4, "token_values": 2}
        | {"learning_rate": 0.00448140474656, "schedule": "constant"},
        alike=2,
        taken=1,
    ),
    # Seeds of fewer heads end within a thousandth, nearer than two roundings do.
    "paper-small/exp-1a": Row(
        sizes_anew, {"layers": 1, "heads": 25, "tokens": "characters"}, slack=0.01
    ),
    "controls/exp-1a": Row(
        sizes_anew,
        {"layers": 1, "heads": 4, "width": 256}
        | {"position": "lin", "tokens": "characters"},
        slack=0.01,
        scatter=1.002,
    ),
    "paper-small/exp-3b": Row(
        dot_products_anew, {"layers": 2, "score": "none"}, slack=0.01
    ),
}

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
