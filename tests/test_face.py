"""The face: every name is there, says what it is, and its example runs."""

import doctest
import inspect
from types import ModuleType

import numpy as np
import pytest
import torch
from commands import python

import tapx
from tapx.chapters import ledger

# They are given nothing that could be wrong: results, and what takes any rows.
NEVER_RAISE = {"Built", "BuiltStages", "claims_table", "keep"}
GIVEN = {"tapx": tapx, "torch": torch, "np": np}


@pytest.mark.parametrize("name", tapx.__all__)
def test_a_name_says_what_it_is(name, monkeypatch):
    thing = getattr(tapx, name)
    text = inspect.getdoc(thing)
    if not isinstance(thing, ModuleType) and name not in NEVER_RAISE:
        assert "Raises:\n" in text
    assert "Example:\n" in text
    monkeypatch.setenv("TAPX_FOUND", "require")
    monkeypatch.setattr(ledger, "_session", {})
    example = doctest.DocTestParser().get_doctest(text, dict(GIVEN), name, None, 0)
    assert 1 <= len(example.examples) <= 6
    told = []
    doctest.DocTestRunner().run(example, out=told.append)
    assert not told, "".join(told)


def test_the_table_names_each_thing_once():
    assert len(set(tapx.FACE.values())) == len(tapx.FACE)
    assert set(tapx.__all__) <= set(dir(tapx))


def test_it_loads_nothing_heavy():
    code = "import sys, tapx; print({'numpy', 'torch', 'flint'} & set(sys.modules))"
    found = python("-c", code)
    assert found.stdout == "set()\n", found.stderr


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match=r"'best_kernl'.*nearest.* 'best_kernel'"):
        getattr(tapx, "best_kernl")  # noqa: B009
    assert not hasattr(tapx, "__wrapped__")
