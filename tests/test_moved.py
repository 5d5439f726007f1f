"""Imports of an earlier version fail, and say where the thing is now."""

from pkgutil import resolve_name

import pytest

import tapx
from tapx.moved import MOVED

OLD = [
    ("from tapx import bounds", "tapx.theorems.lemmas"),
    ("import tapx.bounds", "tapx.theorems.lemmas"),
    ("from tapx.bounds import lemma_f1", "tapx.theorems.lemmas.recall_bound"),
    ("from tapx.bounds import heads_to_recall", "tapx.kernels.family.heads_to_recall"),
    ("from tapx import choices, checks", "tapx.checks"),
    ("import tapx.toy_training as toy", "tapx.experiments.signs.training"),
    ("from tapx import barron_sup", "tapx.readouts.sup"),
    ("from tapx.records import load_record", "tapx.chapters.records"),
    ("from tapx.enclosures import upper", "tapx.kernels.balls.upper"),
    ("from tapx.windows import best", "tapx.kernels.window_search.best"),
    ("import tapx.constructions", "tapx.theorems"),
    ("from tapx.constructions import fixed", "tapx.theorems.theorem_3_1.construct"),
    ("from tapx.constructions.adaptive import tmx", "proposition_4_3.construct"),
    ("import tapx.constructions.essential_kernels", "tapx.kernels.nearest"),
    # Flat modules whose names are wings today.
    ("from tapx.kernels import Kernel", "tapx.kernels.kernel.Kernel"),
    ("from tapx.kernels import search, exact", "tapx.kernels.balls.exact"),
    ("from tapx.readouts import parity", "tapx.readouts.exact_nets.parity"),
    ("from tapx.targets import FixedMemory", "tapx.targets.memories.FixedMemory"),
]


@pytest.mark.parametrize(("old", "new"), OLD, ids=[old for old, _ in OLD])
def test_an_old_import_names_the_new_place(old, new):
    with pytest.raises(ModuleNotFoundError, match=rf"is now \S*{new}(\n|$)"):
        exec(old, {})


def test_a_wing_names_the_new_place_of_what_its_flat_module_held():
    with pytest.raises(AttributeError, match=r"is now tapx\.kernels\.kernel\.Kernel$"):
        exec("from tapx import kernels; kernels.Kernel", {})
    with pytest.raises(AttributeError, match=r"'tapx\.targets' .* no attribute 'any'"):
        exec("from tapx import targets; targets.any", {})


@pytest.mark.parametrize("code", ["import tapx.bound", "from tapx.kernels import best"])
def test_a_name_that_never_was_fails_as_ever(code):
    with pytest.raises(ImportError, match=r"No module named|cannot import name"):
        exec(code, {})


def test_every_new_place_exists_and_no_old_one():
    for old, new in MOVED.items():
        resolve_name(f"tapx.{new}")
        if old in tapx.__all__:  # offered again, by the face
            continue
        with pytest.raises((ImportError, AttributeError)):
            resolve_name(f"tapx.{old}")
