"""One claim on trial: what is behind it, changed bit by bit, its value taken again."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from probe_changes import Change, perturbed
from probe_parts import (
    Late,
    globals_of,
    limit,
    module_of,
    number_of,
    numbers_only,
    reads,
    same,
)

DEFINITION = 0.5  # processor seconds: what takes longer is not run again
EVALUATION = 2.0  # processor seconds for the measured value of a changed object
MIXED = range(9)  # orders of larger and smaller, see `Change`
CODE = (
    *(type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType),
    *(types.MethodType, functools.partial, functools._lru_cache_wrapper),
)
BROKEN = (TypeError, AttributeError, NameError, KeyError, IndexError, AssertionError)


Place = tuple[int, int, int]  # cell, line and column


@dataclass(frozen=True)
class Definition:
    """A statement that binds names, and where it stands."""

    place: Place
    targets: frozenset[str]
    reads: frozenset[str]
    code: Any
    iterated: bool  # `targets` are those of a loop, `code` gives what it goes through
    target: Any = None


class Trial:
    """One claim, in a process of its own."""

    def __init__(self, book: Any, node: ast.expr, place: Place, value: Any) -> None:
        self.space, self.book, self.value = book.namespace, book, value
        self.code = compile(ast.Expression(node), "<measured>", "eval")
        self.saved = dict(self.space)
        self.chain: list[Callable[[], None]] = []
        self.package: set[str] = set()  # names of its functions, classes and modules
        self.roots = self._data(reads(node))
        direct = self.roots
        found, self.roots = self._behind(place)
        self.chain = [run for _, run in sorted(found, key=lambda one: one[0])]
        if not self._same_again():
            self.chain, self.roots = [], direct

    def outcome(self) -> tuple[str, str]:
        """What the value does, and the object that moves it (or all that do not)."""
        late, tried = False, []
        for mixed, whole in (*((m, False) for m in MIXED), (MIXED[-1], True)):
            for name in self.roots:
                before = self.saved[name]
                after, moved = perturbed(before, Change(mixed, whole))
                if not moved:
                    continue
                tried.append(name)
                try:
                    with limit(EVALUATION):
                        self.space[name] = after
                        if number_of(self._value()) != number_of(self.value):
                            return "follows", name
                except Late:
                    late = True
                except BROKEN:
                    pass
                except Exception:
                    if not whole:  # one more of something may not fit the rest
                        return "follows", name
                finally:
                    self._restore()
        if not tried:
            computed = ", ".join(sorted(self.package))
            return ("closed" if computed else "constant"), computed
        return ("late" if late else "stays"), ", ".join(dict.fromkeys(tried))

    def _value(self) -> Any:
        for run in self.chain:
            run()
        return eval(self.code, self.space)

    def _restore(self) -> None:
        self.space.clear()
        self.space.update(self.saved)

    def _same_again(self) -> bool:
        try:
            with limit(EVALUATION):
                return number_of(self._value()) == number_of(self.value)
        except (Late, Exception):
            return False
        finally:
            self._restore()

    def _data(self, names: Iterable[str]) -> list[str]:
        """Which of these names are data, or data that a notebook's function reads."""
        data, seen, todo = [], set(), sorted(names)
        while todo:
            name = todo.pop(0)
            if name in seen or name not in self.saved or name.startswith("__"):
                continue
            seen.add(name)
            value = self.saved[name]
            plain = getattr(value, "__wrapped__", value)  # of a cached function
            if isinstance(plain, types.FunctionType):
                if plain.__globals__ is self.space:
                    todo += sorted(globals_of(plain.__code__))
            elif not isinstance(value, CODE):
                data.append(name)
            if isinstance(value, CODE) and module_of(value).split(".")[0] == "tapx":
                self.package.add(name)
        return data

    def _behind(
        self, place: Place
    ) -> tuple[list[tuple[Place, Callable[[], None]]], list[str]]:
        """Statements to run again, in order, and the objects that they start from."""
        chain: list[tuple[Place, Callable[[], None]]] = []
        roots: list[str] = []
        todo, done = [(name, place) for name in self.roots], set()
        while todo:
            name, before = todo.pop(0)
            if name in done or name in roots:
                continue
            found = self._definition(name, before)
            if found is None:
                roots.append(name)
                continue
            definition, run = found
            done |= definition.targets
            chain.append((definition.place, run))
            todo += [(n, definition.place) for n in self._data(definition.reads)]
        return chain, roots

    def _definition(
        self, name: str, before: Place
    ) -> tuple[Definition, Callable[[], None]] | None:
        if name in self.book.parameters or not numbers_only(self.saved[name]):
            return None
        places = [
            one
            for one in self.book.definitions
            if name in one.targets and one.place <= before
        ]
        if not places:
            return None
        definition = max(places, key=lambda one: one.place)
        run = functools.partial(exec, definition.code, self.space)
        try:
            with limit(DEFINITION):
                if definition.iterated:
                    run = self._item(definition)
                run()
                agrees = all(
                    same(self.space.get(target), self.saved.get(target))
                    for target in definition.targets
                )
        except (Late, Exception):
            return None
        finally:
            self._restore()
        return (definition, run) if agrees else None

    def _item(self, loop: Definition) -> Callable[[], None]:
        """Binds the targets of a loop to the item that they are bound to now."""

        def at(place: int) -> None:
            items = list(eval(loop.code, self.space))
            self.space["_item"] = items[place]
            exec(bind, self.space)

        value = ast.Name("_item", ast.Load())
        tree = ast.Module([ast.Assign([loop.target], value)], [])
        bind = compile(ast.fix_missing_locations(tree), "<item>", "exec")
        for place in range(len(list(eval(loop.code, self.space)))):
            at(place)
            if all(same(self.space[n], self.saved.get(n)) for n in loop.targets):
                return functools.partial(at, place)
        raise LookupError("the loop does not come here again")
