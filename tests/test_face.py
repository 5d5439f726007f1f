"""The face: every name is there, says what it is, and its example runs."""

import doctest
import inspect
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

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
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "set()\n", found.stderr


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match=r"'best_kernl'.*nearest.* 'best_kernel'"):
        getattr(tapx, "best_kernl")  # noqa: B009
    assert not hasattr(tapx, "__wrapped__")


TOKENS = torch.ones(1, 3, 1)
SUM = tapx.TwoLayerNet([1, 1], [[1, 0], [0, 1]])
WRONG = {
    "float32 tokens into a float64 Transformer": (
        lambda: tapx.Transformer(1, 2, width=2, dtype=torch.float64)(
            torch.ones(1, 3, 1)
        ),
        TypeError,
        r"torch.float32.*torch.float64.*\.to\(",
    ),
    "float64 tokens into a float32 block": (
        lambda: tapx.Attention(1, 1)(TOKENS.double()),
        TypeError,
        "torch.float64.*torch.float32",
    ),
    "a lag beyond the length": (
        lambda: tapx.theorem_3_1.construct(tapx.FixedMemory((9,), SUM), 10, length=9),
        ValueError,
        "lag 9.*at least 10",
    ),
    "a lag beyond the length of an input": (
        lambda: tapx.theorem_3_1.construct(
            tapx.FixedMemory((1,), SUM), 4
        ).adversarial_inputs(1),
        ValueError,
        "lag 1.*at least 2",
    ),
    "a family that does not exist": (
        lambda: tapx.best_kernel(tapx.Delta(7), 12, "linear"),
        ValueError,
        "'linear'.*'lin'.*log",
    ),
    "a norm that does not exist": (
        lambda: tapx.best_kernel(tapx.Delta(7), 12, "lin", norm="l3"),
        ValueError,
        "'l3'.*l1, l2",
    ),
    "a target of the other norm": (
        lambda: tapx.best_kernel(tapx.Delta(7), 12, "lin", norm="l2"),
        TypeError,
        "in l2 a Decay",
    ),
    "few bits in l2": (
        lambda: tapx.best_kernel(tapx.Decay(tapx.LIN, 1.0), 1, "log", "l2", 8),
        ValueError,
        "bits=8.*53",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_told_what_is_allowed(case):
    call, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        call()
