"""Which cell of each stored record is trained anew, and how: for test_records_again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    # One head ends near the same error at all larger rates.
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
    # With dot products this setting has hardly begun, so rounding decides nothing.
    "settings/exp-3a": Row(
        signs_anew,
        {"heads": 32, "dot_product": True}
        | {"learning_rate": 0.000258734023677, "schedule": "cosine"},
        alike=1,
    ),
    # Seeds of fewer heads end within a thousandth, nearer than two roundings do.
    "paper-small/exp-1a": Row(
        sizes_anew, {"layers": 1, "heads": 25, "tokens": "characters"}, slack=0.01
    ),
    "controls/exp-1a": Row(
        sizes_anew,
        {"layers": 1, "width": 2262, "position": "log", "tokens": "characters"},
        slack=0.01,
    ),
    "paper-small/exp-3b": Row(
        dot_products_anew, {"layers": 2, "score": "none"}, slack=0.01
    ),
}
