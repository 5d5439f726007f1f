"""What the probe of claims is made of: names in code, numbers."""

from __future__ import annotations

import ast
import math
import numbers
import signal
import types
from collections.abc import Iterator
from typing import Any

import numpy as np


class Late(BaseException):
    pass


class limit:
    """Raises `Late` when the block has used so many processor seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        def late(*_: Any) -> None:
            raise Late

        signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, self.seconds)

    def __exit__(self, *_: Any) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)


def notebook_level(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements of a cell, those in its loops and branches too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from notebook_level(node)


def plain_target(target: ast.expr) -> bool:
    """Whether a target is a name, or names in tuples and lists."""
    kinds = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.Store)
    return all(isinstance(node, kinds) for node in ast.walk(target))


def reads(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def globals_of(code: types.CodeType) -> set[str]:
    """Names that code, and the code inside it, looks up outside (or as attributes)."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= globals_of(constant)
    return names


def module_of(code: Any) -> str:
    return str(getattr(code, "__module__", None) or getattr(code, "__name__", ""))


def numbers_only(value: Any) -> bool:
    """Whether this is a number, or a container of numbers and words alone."""
    if isinstance(value, (list, tuple, set)):
        return all(map(numbers_only, value))
    if isinstance(value, dict):
        return all(map(numbers_only, value.values()))
    if isinstance(value, (str, bool, type(None), numbers.Number)):
        return True
    if getattr(value, "shape", None) == ():
        return True
    return type(value).__module__.startswith("flint") and not hasattr(value, "ncols")


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    return a is b or repr(a) == repr(b)


def real(value: Any) -> bool:
    """A count rightly stays, and 1 % of a difference that is zero is zero."""
    return not isinstance(value, (numbers.Integral, np.bool_)) and float(value) != 0


def number_of(value: Any) -> float:
    """As it enters the ledger; not a number is no value."""
    number = float(value)
    if math.isnan(number):
        raise ValueError("not a number")
    return number
