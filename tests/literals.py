"""Which claims of a notebook enter a number that nobody computed, by its code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# Of constants, these make another constant and compute nothing.
PLAIN = {
    "abs", "bool", "dict", "enumerate", "float", "Fraction", "int", "len", "list",
    "max", "min", "range", "round", "set", "sorted", "sum", "tuple", "zip",
}  # fmt: skip


def typed_claims(cells: Iterable[str], parameters: Iterable[str] = ()) -> list[str]:
    """The ids (or lines) of the claims whose measured number is typed, not computed.

    Args:
        cells: the code cells other than the one of the parameters.
        parameters: names of the parameters, which a user sets.
    """
    trees = [ast.parse(cell) for cell in cells]
    bound = Bindings(trees, parameters)
    found = []
    for call in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(call, ast.Call) and called(call) == "claim":
            value = measured(call)
            if value is not None and bound.literal(value):
                found.append(ast.unparse(call.args[0] if call.args else call))
    return found


def called(call: ast.Call) -> str:
    """The name of what is called, without the module."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def measured(call: ast.Call) -> ast.expr | None:
    """What a call of `claim` enters as measured."""
    if len(call.args) > 1:
        return call.args[1]
    return next((word.value for word in call.keywords if word.arg == "measured"), None)


class Bindings:
    """What each name of a notebook is bound to, wherever it is."""

    def __init__(self, trees: Iterable[ast.AST], parameters: Iterable[str]) -> None:
        self.values: dict[str, list[ast.expr | None]] = {}
        for name in parameters:
            self.values[name] = [None]
        for tree in trees:
            for node in ast.walk(tree):
                for target, value in _bindings(node):
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            self.values.setdefault(name.id, []).append(value)
                if isinstance(node, ast.arg):  # of a function: who knows
                    self.values.setdefault(node.arg, []).append(None)

    def literal(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Whether an expression is made of constants alone."""
        if isinstance(node, ast.Name):
            if node.id in seen:
                return True
            values = self.values.get(node.id, [None])
            return all(
                value is not None and self.literal(value, seen | {node.id})
                for value in values
            )
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Name) and node.func.id in PLAIN):
                return False
            parts = [*node.args, *(word.value for word in node.keywords)]
            return all(self.literal(part, seen) for part in parts)
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, (ast.Attribute, ast.Lambda, ast.JoinedStr)):
            return False
        if isinstance(
            node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)
        ):
            return False
        parts = [part for part in ast.iter_child_nodes(node) if _is_value(part)]
        return all(self.literal(part, seen) for part in parts)


def _is_value(node: ast.AST) -> bool:
    return isinstance(node, ast.expr)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from ((node.func.value, part) for part in node.args)  # found.append(x)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, None
