"""Which claims of a notebook follow the object behind them when it changes by 1 %.

The notebook runs cell by cell, in a forked process. At each claim that is made at
notebook level (in a loop too, in a function not) a process is forked, in which the
claim's measured value is computed again, from other data, and which then ends: nothing
of it is left for the rest of the notebook.

What counts as the object behind a claim. The names in the expression that is entered
as measured are its data, and so are those that a function of the notebook reads when
the expression calls it. A name bound to a number, or to numbers in lists, tuples and
dicts, is no object if the notebook assigns it by a statement that can be run again:
then the names on the right of that statement stand in its place, and so on. (It can if
it takes at most `DEFINITION` processor seconds and gives the same numbers again.) What
is left are the objects: networks, kernels, outcomes of training, records, arrays,
parameters of the chapter, numbers that are dear to compute, and numbers that are
typed, in which nothing is behind the claim.

Each object is changed by 1 %, one at a time: real numbers, those in arrays, containers
and attributes, parameters of modules. What is kept in caches of an object is forgotten.
First all its numbers grow; if that changes no claim, some grow and some fall, since a
ratio of two of them may be claimed; at last its whole numbers grow by 1, too.
A claim follows if the measured value is another float, or if its computation refuses
the changed object. An error that means that the change made no object of the same
shape (`BROKEN`) does not count, nor does one that comes from running out of time.
"""

from __future__ import annotations

import ast
import copy
import math
import resource
import time
from dataclasses import dataclass
from typing import Any

import literals
import parameter_use
from probe_parts import notebook_level, plain_target, reads, real
from probe_trial import Definition, Place, Trial

ALL = 12  # processor seconds for one claim
LEAST = 3  # claims of a sample


@dataclass(frozen=True)
class Probed:
    """What became of one claim.

    Attributes:
        id: of the claim.
        outcome: "follows", "stays", "constant" (there is nothing behind it), "closed"
            (the package computes it, of constants) or "late" (it stays under the
            changes for which there was time).
        real: whether the measured value is a real number and no count, and not zero.
        by: the object whose change it follows; else those that were tried.
    """

    id: str
    outcome: str
    real: bool
    by: str = ""


def sample(found: list[Probed], most: int = 8) -> list[Probed]:
    """Claims that are asked to follow, spread evenly over the notebook.

    Those whose measured value is real where there are `LEAST` of them, otherwise all.
    A claim for which there was no time is not asked, nor one of constants.
    """
    found = [one for one in found if one.outcome not in ("late", "closed")]
    real = [one for one in found if one.real]
    chosen = real if len(real) >= LEAST else found
    count = min(most, len(chosen))
    return [chosen[k * len(chosen) // count] for k in range(count)]


def probe(sources: list[str], values: dict[str, Any]) -> tuple[list[Probed], str]:
    """Run a notebook's cells with these parameters, and change what is behind claims.

    Returns:
        One entry for each claim at notebook level, and the error of a cell, or "".
    """
    return parameter_use.forked(_probe, sources, values)


def _probe(sources: list[str], values: dict[str, Any]) -> tuple[list[Probed], str]:
    book = _Book(sources, set(values))
    cells = parameter_use.Cells(book.sources, {**values, "_probed": book.probed})
    book.namespace = cells.namespace
    for place in range(len(sources)):
        cells.run(place)
        if cells.error:
            break
    return list(book.found.values()), cells.error


class _Book:
    """The sources with their claims watched, and the statements that bind names."""

    def __init__(self, sources: list[str], parameters: set[str]) -> None:
        self.namespace: dict[str, Any] = {}
        self.parameters = parameters
        self.found: dict[str, Probed] = {}
        self.measured: list[tuple[ast.expr, Place]] = []
        self.definitions: list[Definition] = []
        self.sources = []
        for cell, source in enumerate(sources):
            tree = ast.parse(source)
            for node in notebook_level(tree):
                self._define(node, cell)
            tree = _Watch(self, cell).visit(tree)
            self.sources.append(ast.unparse(ast.fix_missing_locations(tree)))

    def _define(self, node: ast.AST, cell: int) -> None:
        iterated = isinstance(node, ast.For)
        if isinstance(node, ast.Assign):
            targets: list[Any] = node.targets
        elif iterated or (isinstance(node, ast.AnnAssign) and node.value):
            targets = [node.target]
        else:
            return
        if not all(map(plain_target, targets)):
            return  # it sets an item or an attribute of something
        what = ast.Expression(node.iter) if iterated else ast.Module([node], [])
        self.definitions.append(
            Definition(
                (cell, node.lineno, node.col_offset),
                frozenset().union(*map(reads, targets)),
                frozenset(reads(node.iter if iterated else node.value)),
                compile(what, "<definition>", "eval" if iterated else "exec"),
                iterated,
                targets[0] if iterated else None,
            )
        )

    def probed(self, number: int, id: str, value: Any) -> Any:
        """Called where a claim enters its measured value; returns that value."""
        if id not in self.found:
            node, place = self.measured[number]
            found = parameter_use.forked(self._inspect, id, node, place, value)
            self.found[id] = found or Probed(id, "late", real(value), "?")
        return value

    def _inspect(self, id: str, node: ast.expr, place: Place, value: Any) -> Probed:
        resource.setrlimit(
            resource.RLIMIT_CPU, (math.ceil(time.process_time()) + ALL,) * 2
        )
        try:
            outcome, by = Trial(self, node, place, value).outcome()
        except Exception as problem:
            outcome, by = "late", f"{type(problem).__name__}: {problem}"
        return Probed(id, outcome, real(value), by)


class _Watch(ast.NodeTransformer):
    """Wraps what is entered as measured in claims at notebook level."""

    def __init__(self, book: _Book, cell: int) -> None:
        self.book, self.cell = book, cell

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        value = literals.given(node, 1, "measured")
        if literals.called(node) != "claim" or value is None:
            return node
        self.book.measured.append(
            (copy.deepcopy(value), (self.cell, node.lineno, node.col_offset))
        )
        number = ast.Constant(len(self.book.measured) - 1)
        words = [number, literals.given(node, 0, "id"), value]
        call = ast.Call(ast.Name("_probed", ast.Load()), words, [])
        if len(node.args) > 1:
            node.args[1] = call
        else:
            next(word for word in node.keywords if word.arg == "measured").value = call
        return node
