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
import dataclasses
import functools
import math
import multiprocessing
import numbers
import os
import random
import resource
import signal
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import literals
import numpy as np
import parameter_use

DEFINITION = 0.5  # processor seconds: what takes longer is not run again
EVALUATION = 2.0  # processor seconds for the measured value of a changed object
ALL = 12  # processor seconds for one claim
MIXED = range(9)  # orders of larger and smaller, see `Change`
LEAST = 3  # claims of a sample
DEPTH = 6  # of attributes and containers in each other
CODE = (
    *(type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType),
    *(types.MethodType, functools.partial, functools._lru_cache_wrapper),
)
BROKEN = (TypeError, AttributeError, NameError, KeyError, IndexError, AssertionError)


Place = tuple[int, int, int]  # cell, line and column


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


class _Late(BaseException):
    pass


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


@dataclass(frozen=True)
class _Definition:
    """A statement that binds names, and where it stands."""

    place: Place
    targets: frozenset[str]
    reads: frozenset[str]
    code: Any
    iterated: bool  # `targets` are those of a loop, `code` gives what it goes through
    target: Any = None


class _Book:
    """The sources with their claims watched, and the statements that bind names."""

    def __init__(self, sources: list[str], parameters: set[str]) -> None:
        self.namespace: dict[str, Any] = {}
        self.parameters = parameters
        self.found: dict[str, Probed] = {}
        self.measured: list[tuple[ast.expr, Place]] = []
        self.definitions: list[_Definition] = []
        self.sources = []
        for cell, source in enumerate(sources):
            tree = ast.parse(source)
            for node in _notebook_level(tree):
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
        names = {
            name.id
            for target in targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        }
        plain = all(_plain(target) for target in targets)
        if not plain:  # sets an item or an attribute of something
            return
        what = ast.Expression(node.iter) if iterated else ast.Module([node], [])
        self.definitions.append(
            _Definition(
                (cell, node.lineno, node.col_offset),
                frozenset(names),
                frozenset(_reads(node.iter if iterated else node.value)),
                compile(what, "<definition>", "eval" if iterated else "exec"),
                iterated,
                targets[0] if iterated else None,
            )
        )

    def probed(self, number: int, id: str, value: Any) -> Any:
        """Called where a claim enters its measured value; returns that value."""
        if id not in self.found:
            node, place = self.measured[number]
            inspect = functools.partial(self._inspect, id, node, place, value)
            self.found[id] = _child(inspect) or Probed(id, "late", _real(value), "?")
        return value

    def _inspect(self, id: str, node: ast.expr, place: Place, value: Any) -> Probed:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(_used()) + ALL,) * 2)
        try:
            outcome, by = _Trial(self, node, place, value).outcome()
        except Exception as problem:
            outcome, by = "late", f"{type(problem).__name__}: {problem}"
        return Probed(id, outcome, _real(value), by)


class _Watch(ast.NodeTransformer):
    """Wraps what is entered as measured in claims at notebook level."""

    def __init__(self, book: _Book, cell: int) -> None:
        self.book, self.cell = book, cell

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        value = literals.measured(node)
        if literals.called(node) != "claim" or value is None:
            return node
        self.book.measured.append(
            (copy.deepcopy(value), (self.cell, node.lineno, node.col_offset))
        )
        number = ast.Constant(len(self.book.measured) - 1)
        first = node.args[0] if node.args else _keyword(node, "id")
        call = ast.Call(ast.Name("_probed", ast.Load()), [number, first, value], [])
        if len(node.args) > 1:
            node.args[1] = call
        else:
            next(word for word in node.keywords if word.arg == "measured").value = call
        return node


class _Trial:
    """One claim, in a process of its own."""

    def __init__(self, book: _Book, node: ast.expr, place: Place, value: Any) -> None:
        self.space, self.book, self.value = book.namespace, book, value
        self.code = compile(ast.Expression(node), "<measured>", "eval")
        self.saved = dict(self.space)
        self.chain: list[Callable[[], None]] = []
        self.package: set[str] = set()  # names of its functions, classes and modules
        self.roots = self._data(_reads(node))
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
                after, changed = _changed(before, Change(mixed, whole))
                if not changed:
                    continue
                tried.append(name)
                try:
                    with _limit(EVALUATION):
                        self.space[name] = after
                        if _number(self._value()) != _number(self.value):
                            return "follows", name
                except _Late:
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
            with _limit(EVALUATION):
                return _number(self._value()) == _number(self.value)
        except (_Late, Exception):
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
                    todo += sorted(_globals(plain.__code__))
            elif not isinstance(value, CODE):
                data.append(name)
            if isinstance(value, CODE) and _module(value).split(".")[0] == "tapx":
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
    ) -> tuple[_Definition, Callable[[], None]] | None:
        if name in self.book.parameters or not _numbers(self.saved[name]):
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
            with _limit(DEFINITION):
                if definition.iterated:
                    run = self._item(definition)
                run()
                same = all(
                    _same(self.space.get(target), self.saved.get(target))
                    for target in definition.targets
                )
        except (_Late, Exception):
            return None
        finally:
            self._restore()
        return (definition, run) if same else None

    def _item(self, loop: _Definition) -> Callable[[], None]:
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
            if all(_same(self.space[n], self.saved.get(n)) for n in loop.targets):
                return functools.partial(at, place)
        raise LookupError("the loop does not come here again")


class Change:
    """How an object is changed.

    Args:
        mixed: 0, all real numbers grow by 1 %; another number, about half of them fall
            by 1 %, drawn by it, so that the ratio of two of them changes under one
            number or another.
        whole: whether whole numbers grow, too, by 1.
    """

    def __init__(self, mixed: int = 0, whole: bool = False) -> None:
        self.mixed, self.whole = mixed, whole
        self.drawn = random.Random(mixed)

    def up(self) -> bool:
        """Whether the next number grows."""
        return not self.mixed or self.drawn.random() < 0.5

    def share(self) -> Fraction:
        """What the next number is multiplied by."""
        return Fraction(101, 100) if self.up() else Fraction(99, 100)


def _changed(value: Any, how: Change, depth: int = DEPTH) -> tuple[Any, bool]:
    """A copy with its real numbers changed by 1 %, and whether there was one.

    Args:
        value: any data.
        how: what is changed, and up or down.
        depth: how many containers and attributes deep numbers are looked for.
    """
    if isinstance(value, (bool, str, bytes, type(None), type, types.FunctionType)):
        return value, False
    if isinstance(value, numbers.Integral):
        return (type(value)(value + 1), True) if how.whole else (value, False)
    if isinstance(value, np.ndarray):
        return _changed_array(value, how, depth)
    for change in (_changed_number, _changed_torch):
        found = change(value, how)
        if found is not None:
            return found, True
    if depth == 0:
        return value, False
    if isinstance(value, dict):
        pairs = {k: _changed(v, how, depth - 1) for k, v in value.items()}
        new = copy.copy(value)
        new.update({k: v for k, (v, _) in pairs.items()})
        return new, any(hit for _, hit in pairs.values())
    if isinstance(value, (type({}.values()), type({}.items()))):
        value = list(value)
    if isinstance(value, (list, tuple)):
        items = [_changed(one, how, depth - 1) for one in value]
        parts = [one for one, _ in items]
        named, kind = hasattr(value, "_fields"), type(value)
        made = kind(*parts) if named else kind(parts)
        return made, any(hit for _, hit in items)
    return _changed_object(value, how, depth)


def _changed_array(value: Any, how: Change, depth: int) -> tuple[Any, bool]:
    if value.dtype.kind in "fc":
        signs = np.array([how.up() for _ in range(value.size)]).reshape(value.shape)
        return value * np.where(signs, 1.01, 0.99), bool(value.size)
    if value.dtype.kind in "iu":
        return (value + 1, bool(value.size)) if how.whole else (value, False)
    if value.dtype.kind == "O":
        new, hits = value.copy(), []
        for place, one in enumerate(value.flat):
            new.flat[place], hit = _changed(one, how, depth - 1)
            hits.append(hit)
        return new, any(hits)
    return value, False


def _changed_number(value: Any, how: Change) -> Any:
    import flint

    if isinstance(value, Fraction):
        return value * how.share()
    if isinstance(value, (flint.arb, flint.acb, flint.fmpq)):
        return value * how.share().numerator / 100
    if isinstance(value, (flint.arb_mat, flint.acb_mat, flint.fmpq_mat)):
        return value * how.share().numerator / 100
    if isinstance(value, flint.fmpz):
        return value + 1 if how.whole else None
    if isinstance(value, (numbers.Real, numbers.Complex)):
        return type(value)(value * float(how.share()))
    return None


def _changed_torch(value: Any, how: Change) -> Any:
    import torch

    if isinstance(value, torch.nn.Module):
        new = copy.deepcopy(value)
        with torch.no_grad():
            for tensor in (*new.parameters(), *new.buffers()):
                if tensor.is_floating_point():
                    tensor.mul_(_factors(tensor, how))
        return new
    if isinstance(value, torch.Tensor):
        if value.is_floating_point() or value.is_complex():
            return value.detach() * _factors(value, how)
        return value + 1 if how.whole and value.dtype != torch.bool else None
    return None


def _factors(tensor: Any, how: Change) -> Any:
    import torch

    factors = [1.01 if how.up() else 0.99 for _ in range(tensor.numel())]
    return torch.tensor(factors, dtype=tensor.real.dtype).reshape(tensor.shape)


def _changed_object(value: Any, how: Change, depth: int) -> tuple[Any, bool]:
    """A copy with changed attributes, and without what its properties had cached."""
    names = list(getattr(value, "__dict__", ()))
    for kind in type(value).__mro__:
        slots = getattr(kind, "__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)] + names
    try:
        new = copy.copy(value)
    except Exception:
        return value, False
    changed = False
    for name in dict.fromkeys(names):
        kept = getattr(type(value), name, None)
        if isinstance(kept, functools.cached_property):
            getattr(new, "__dict__", {}).pop(name, None)
        elif hasattr(value, name) and not name.startswith("__"):
            after, hit = _changed(getattr(value, name), how, depth - 1)
            if hit:
                try:
                    object.__setattr__(new, name, after)
                except (AttributeError, TypeError):
                    continue
                changed = True
    return new, changed


def _child(function: Callable[[], Probed]) -> Probed | None:
    """What it returns in a forked process, or None if that process comes to nothing."""
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            sender.send(function())
        finally:
            os._exit(0)
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        return None
    finally:
        receiver.close()
        os.waitpid(child, 0)


class _limit:
    """Raises `_Late` when the block has used so many processor seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        def late(*_: Any) -> None:
            raise _Late

        signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, self.seconds)

    def __exit__(self, *_: Any) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _used() -> float:
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


def _notebook_level(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements of a cell, those in its loops and branches too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from _notebook_level(node)


def _plain(target: ast.expr) -> bool:
    """Whether a target is a name, or names in tuples and lists."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_plain, target.elts))
    if isinstance(target, ast.Starred):
        return _plain(target.value)
    return isinstance(target, ast.Name)


def _reads(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _globals(code: types.CodeType) -> set[str]:
    """Names that code, and the code inside it, looks up outside (or as attributes)."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _globals(constant)
    return names


def _module(code: Any) -> str:
    return str(getattr(code, "__module__", None) or getattr(code, "__name__", ""))


def _keyword(call: ast.Call, name: str) -> ast.expr:
    return next(word.value for word in call.keywords if word.arg == name)


def _numbers(value: Any) -> bool:
    """Whether this is a number, or a container of numbers and words alone."""
    if isinstance(value, (list, tuple, set)):
        return all(map(_numbers, value))
    if isinstance(value, dict):
        return all(map(_numbers, value.values()))
    if isinstance(value, (str, bool, type(None), numbers.Number)):
        return True
    if getattr(value, "shape", None) == ():
        return True
    return type(value).__module__.startswith("flint") and not hasattr(value, "ncols")


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    return a is b or repr(a) == repr(b)


def _real(value: Any) -> bool:
    """A count rightly stays, and 1 % of a difference that is zero is zero."""
    return not isinstance(value, (numbers.Integral, np.bool_)) and float(value) != 0


def _number(value: Any) -> float:
    """As it enters the ledger; not a number is no value."""
    number = float(value)
    if math.isnan(number):
        raise ValueError("not a number")
    return number
