"""One cell of each stored record, trained anew to its last iteration.

A *run* of a record is a row; runs that differ in the seed alone are a *cell*. The run
trained anew is the one in the middle of its cell. It has to pass the cell's guard: its
last number lies between the least and the largest of the cell's seeds, and so do the
numbers on the way, up to `SLACK`. The same guard refuses every other run of the record.
So a wrong target, rate or number of heads is found, and the rounding of another machine
is not. Where the last number alone tells the cell from all others by their medians, as
it does for most records, ``alike`` is 0.

Left out are the records of default runs: `make test` repeats these in full. Every other
record has a row in `ROWS`; a record without one fails, with the cells that may be
chosen. A row costs what one run costs alone, here in seconds of one core; no record is
without a run that is cheap enough.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
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
from tapx.experiments.memory import tables
from tapx.experiments.memory.training import MemoryCell, train_memory
from tapx.experiments.outcomes import Outcome
from tapx.experiments.signs.training import SignCell, train_signs
from tapx.experiments.training import Recipe
from tapx.targets.adaptive import boolean_example
from tapx.targets.signs import target

LAST, WAY = ("mse", "loss", "error"), ("history", "curve")
NO_KEY = {"seed", "parameters", *LAST, *WAY}
FOLDER = notebooks.book_directory() / "records"


# How a row of a record is trained anew -----------------------------------------------


def recipe_of(chapter, given, row, **more):
    """The recipe of a row; what rows do not say stands among the parameters."""
    schedule = row.get("schedule", given.get("schedule", "constant"))
    names = {"batch", "dimension", "weight_decay"} & given.keys()
    own = {name: given[name] for name in names}
    return Recipe(given["iterations"], schedule=schedule, **own, **more)


def signs_anew(chapter, given, row):
    """Experiments 1b, 2a, 2b and 3a."""
    where = row.get("end", given["end"])
    turned = "last" if given["end"] == "first" else "first"
    end, levels = turned if where == "other" else where, row.get("token_values", 2)
    task = target(chapter.removeprefix("exp-"), end, levels=levels)
    cell = Outcome.of_row(SignCell, learning_rate_of(given) | row).cell
    return train_signs([cell], task, recipe_of(chapter, given, row))[0]


def learning_rate_of(given):
    """Where all rows had one learning rate, they may not repeat it."""
    return {name: given[name] for name in ("learning_rate",) if name in given}


def memory_anew(chapter, given, row):
    """Experiments 4a and 4b."""
    goal = tables.experiment(chapter.removeprefix("exp-")).target
    cell = Outcome.of_row(MemoryCell, row).cell
    recipe = recipe_of(chapter, given, row)
    return train_memory([cell], goal.values(np.arange(recipe.length)), recipe)[0]


def adaptive_anew(chapter, given, row):
    """The experiment on adaptive memories."""
    goal = {"switch": sign_switch, "nested": boolean_example}[row["target"]]()
    cell = Outcome.of_row(AdaptiveCell, row).cell
    recipe = recipe_of(chapter, given, row, length=16)
    slopes = row.get("initial_slopes", given["initial_slopes"])
    sized = {"heads": given["heads"], "width": given["width"]}
    return train_adaptive([cell], goal, recipe, **sized, initial_slopes=slopes)[0]


def sizes_anew(chapter, given, row):
    """Experiment 1a."""
    scale = sizes.size_named(given["size"], given["steps"])
    text = corpus.load_corpus(row["tokens"], scale.vocabulary)
    cell = Outcome.of_row(LanguageCell, row).cell
    return train_language(cell, text, scale.recipe)


def dot_products_anew(chapter, given, row):
    """Experiment 3b."""
    text = corpus.load_corpus(given["tokens"], 512)
    steps = given["iterations"]
    points = min(20, max(2, steps // 50))
    given = steps, given["batch"], given["context"], 0.01
    cell = Outcome.of_row(LanguageCell, row).cell
    return train_language(cell, text, LanguageRecipe(*given, points=points))


# Which cell of which record ----------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """The cell of a record that is trained anew.

    Attributes:
        anew: trains a row, of a chapter, at its parameters.
        cell: values that select the cell.
        slack: part by which numbers on the way may leave the spread, for rounding.
        alike: how many other cells have a median among the cell's last numbers.
    """

    anew: Callable[[str, dict[str, Any], dict[str, Any]], Outcome]
    cell: dict[str, Any] = field(default_factory=dict)
    slack: float = 0.1
    alike: int = 0


FREE = {"rpe": "free", "dot_product": False}
ROWS = {
    "paper/exp-1b": Row(signs_anew, FREE | {"heads": 4, "width": 16, "end": "first"}),
    # All that find the token of 2a end in the noise of one constant step.
    "paper/exp-2a": Row(signs_anew, FREE | {"heads": 1, "width": 256}, alike=6),
    "paper/exp-2b": Row(signs_anew, FREE | {"heads": 1, "width": 256}),
    "paper/exp-3a": Row(signs_anew, FREE | {"heads": 4, "width": 16, "end": "first"}),
    "paper/exp-4a": Row(
        memory_anew,
        {
            "position": "lin",
            "heads": 4,
            "learning_rate": 0.001,
            "initial_slopes": "equal",
        },
    ),
    "paper/exp-4b": Row(
        memory_anew,
        {
            "position": "lin",
            "heads": 2,
            "learning_rate": 0.001,
            "initial_slopes": "geometric",
        },
    ),
    "settings/exp-4a": Row(
        memory_anew,
        {
            "position": "lin",
            "heads": 1,
            "learning_rate": 0.00173205080757,
            "initial_slopes": "geometric",
            "schedule": "cosine",
        },
    ),
    "settings/exp-4b": Row(
        memory_anew,
        {
            "position": "log",
            "heads": 64,
            "learning_rate": 0.000669432950082,
            "initial_slopes": "equal",
            "schedule": "constant",
        },
        slack=0.03,
        alike=1,
    ),
    "paper-small/exp-1a": Row(
        sizes_anew, {"layers": 1, "heads": 4, "tokens": "characters"}, slack=0.01
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


def refusal(rows, row, slack):
    """Why a run is not one of the cell of these rows; "" where it may be."""
    low, high = ends(rows)
    if not low <= last_of(row) <= high:
        return f"ends at {last_of(row):.4g}, and the cell from {low:.4g} to {high:.4g}"
    ways, own = [way_of(one) for one in rows], way_of(row)
    for step in sorted(set().union(*ways)):
        low = min(way.get(step, math.inf) for way in ways) * (1 - slack)
        high = max(way.get(step, math.inf) for way in ways) * (1 + slack)
        if not low <= own.get(step, math.inf) <= high:
            return f"after {step}: {own.get(step)}, not {low:.4g} to {high:.4g}"
    return ""


def alike(rows, others):
    """How many other cells have a median that the last numbers take for the cell's."""
    low, high = ends(rows)
    return sum(low <= median(map(last_of, one)) <= high for one in others.values())


def strangers(rows, others, slack):
    """The runs of other cells that the guard of a cell takes for its own."""
    every = [row for one in others.values() for row in one]
    return [row for row in every if not refusal(rows, row, slack)]


def choices(name, slack=0.1):
    """The cells of a record that a row may choose, with the medians alike."""
    cells = cells_of(name)
    found = []
    for key, rows in cells.items():
        others = {other: own for other, own in cells.items() if other != key}
        if len(rows) > 1 and not strangers(rows, others, slack):
            found.append(f"{alike(rows, others)} alike: {dict(key)}")
    return "\n".join(sorted(found))


@pytest.mark.parametrize("name", STORED)
def test_every_record_has_a_row(name):
    assert name in ROWS, f"add a row for {name}, of one of\n{choices(name)}"


@pytest.mark.parametrize("name", WITH_ROW)
def test_a_guard_refuses_every_other_run(name):
    row = ROWS[name]
    rows, others = chosen(name, row.cell)
    assert len(rows) >= 3 and others
    assert not any(refusal(rows, one, row.slack) for one in rows)
    assert not strangers(rows, others, row.slack)
    assert alike(rows, others) == row.alike


@pytest.mark.parametrize("name", WITH_ROW)
def test_a_run_trained_anew_ends_among_its_seeds(name):
    """The one in the middle of its cell, all iterations."""
    row = ROWS[name]
    rows, _ = chosen(name, row.cell)
    middle = sorted(rows, key=last_of)[len(rows) // 2]
    found = row.anew(name.split("/")[1], record(name)["parameters"], middle)
    assert list(way_of(found.row())) == list(way_of(middle))
    assert not refusal(rows, as_kept(name, found), row.slack)


def as_kept(name, found):
    """What a record keeps of an outcome: older ones keep the last error, not a mean."""
    own = record(name)["results"]
    if all(last_of(row) == [*way_of(row).values()][-1] for row in own):
        found = Outcome(found.cell, found.history[-1][1], found.history)
    return found.row()
