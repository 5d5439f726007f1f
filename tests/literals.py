"""Which claims of a notebook enter a number that nobody computed, by its code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# Of constants, these make another constant and compute nothing.
PLAIN = {
    "abs", "bool", "dict", "enumerate", "float", "Fraction", "int", "len", "list",
    "max", "min", "range", "round", "set", "sorted", "sum", "tuple", "zip",
}  # fmt: skip
# What these give is not looked into.
OPEN = (
    *(ast.Attribute, ast.Lambda, ast.JoinedStr),
    *(ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp),
)


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
            value = given(call, 1, "measured")
            if value is not None and bound.literal(value):
                found.append(ast.unparse(call.args[0] if call.args else call))
    return found


def called(call: ast.Call) -> str:
    """The name of what is called, without the module."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def given(call: ast.Call, place: int, name: str) -> ast.expr | None:
    """The argument of a call that stands at this place, or has this name."""
    if len(call.args) > place:
        return call.args[place]
    return next((word.value for word in call.keywords if word.arg == name), None)


class Bindings:
    """What each name of a notebook is bound to, wherever it is."""

    def __init__(self, trees: Iterable[ast.AST], parameters: Iterable[str]) -> None:
        self.values: dict[str, list[ast.expr | None]]
        self.values = {name: [None] for name in parameters}
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
        for part in ast.walk(node):
            if isinstance(part, OPEN):
                return False
            if isinstance(part, ast.Call) and called(part) not in PLAIN:
                return False
            if isinstance(part, ast.Name):
                plain = part.id in PLAIN and part.id not in self.values
                if part.id in seen or plain:
                    continue
                values = self.values.get(part.id, [None])
                if not all(
                    one and self.literal(one, seen | {part.id}) for one in values
                ):
                    return False
        return True


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from ((node.func.value, part) for part in node.args)  # found.append(x)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, None
