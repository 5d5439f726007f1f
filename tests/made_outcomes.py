"""Outcomes of cells as if trained, for tests of what is made of them."""

from dataclasses import replace
from functools import cache

from tapx.chapters import records
from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.outcomes import Outcome, Outcomes
from tapx.experiments.signs.training import SignCell

BASE = LanguageCell(dimension=8, width=16)
DEEP = replace(BASE, layers=2)


def signs(mse, heads=1, width=4, rpe="free", dot=False, seed=0):
    cell = SignCell(rpe, heads, width, 0.01, dot, seed)
    return Outcome(cell, mse, ((100, 50.0), (300, mse)))


def language(cell, seed, loss, tokens="bpe"):
    curve = ((0, 4.0), (10, 3.5)) if loss is None else ((0, 4.0), (20, loss))
    facts = {"tokens": tokens, "parameters": 99}
    return Outcome(replace(cell, seed=seed), loss, curve, facts)


@cache
def record(chapter, profile="paper"):
    """A stored record, not to be changed."""
    return records.load_record(chapter, profile)


def recorded(chapter, kind, profile="paper"):
    """Parameters, seeds and outcomes of a stored record."""
    stored = record(chapter, profile)
    given = stored["parameters"]
    repeats = given.get("repeats", 3)  # no parameter of experiment 3b
    seeds = range(given["seed"], given["seed"] + repeats)
    return given, seeds, Outcomes.of_record(kind, stored)
