"""Run a notebook's code in this process and record what it reads and shows."""

from __future__ import annotations

import ast
import hashlib
import io
import multiprocessing
import os
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import made_tokens

from tapx.chapters import ledger
from tapx.chapters.parameters import Parameter

_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


class Recorder(dict):
    """A namespace that remembers which names were read from it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)


def code_cells(notebook: Any) -> tuple[str, list[str]]:
    """Source of the parameters cell, and of every code cell after it."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = ["parameters" in cell.metadata.get("tags", ()) for cell in cells]
    place = tagged.index(True)
    return cells[place].source, [cell.source for cell in cells[place + 1 :]]


def names(sources: list[str]) -> tuple[set[str], set[str]]:
    """Names that code reads, and names that it sets, at the top level or below."""
    reads, sets = set(), set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name):
                (reads if isinstance(node.ctx, ast.Load) else sets).add(node.id)
    return reads, sets


def observe(
    sources: list[str], values: dict[str, Any]
) -> tuple[set[str], list[str], str]:
    """What code reads of the parameters, a digest of what each cell shows, an error.

    The code runs in a forked process, so that imports are shared and nothing of one
    run is left for the next.
    """
    return forked(_observe, sources, values)


def silent(
    sources: list[str],
    values: dict[str, Any],
    others: dict[str, Any],
    shown: list[str],
) -> set[str]:
    """The parameters whose other value changes nothing that any cell shows.

    Args:
        sources: the cells.
        values: of all parameters.
        others: another value, for each parameter in question.
        shown: digests of the cells for `values`, as `observe` gives them.

    One run with `values` forks, before the first cell that names a parameter, a process
    in which that parameter has its other value; this one ends at the first cell that
    shows something else. An error of a cell counts as something shown.
    """
    return forked(_silent, sources, values, others, shown)


def forked(function: Any, *arguments: Any) -> Any:
    """What a function returns in a forked process, of which nothing else is left."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def send() -> None:
        sender.send(function(*arguments))
        sender.close()

    process = context.Process(target=send)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join()


def another(parameter: Parameter, value: Any) -> Any:
    """An allowed value other than this one, not far from it.

    For a path, a folder of token files made for it, which lasts as long as the tests.
    """
    if parameter.path:
        folder = tempfile.TemporaryDirectory(prefix="tapx-tokens-")
        _FOLDERS.append(folder)
        made_tokens.made(Path(folder.name))
        return folder.name
    if parameter.type.startswith("list["):
        if len(value) > 1:
            return value[:-1]
        item = Parameter(**{**vars(parameter), "type": parameter.item_type})
        return [another(item, value[0])]
    if parameter.type == "bool":
        return not value
    if parameter.choices:
        return next(choice for choice in parameter.choices if choice != value)
    step = max(1, value // 4) if parameter.type == "int" else value / 4 or 0.1
    assert parameter.high is not None and parameter.low is not None
    return value + step if value + step <= parameter.high else value - step


class Cells:
    """Runs cells one after the other; each gives a digest of what it shows."""

    def __init__(self, sources: list[str], values: dict[str, Any]) -> None:
        from IPython import display

        self.sources, self.shown, self.error = sources, [], ""
        ledger._display = lambda data, metadata=None: self.shown.append(repr(data))
        display.display = lambda *items, **options: self.shown.extend(map(repr, items))
        self.namespace = Recorder(
            {**values, "__name__": "__main__", "_shown": self.shown}
        )

    def run(self, place: int) -> str:
        """Run one cell; an error is kept and counts as shown."""
        from matplotlib import pyplot

        self.shown.clear()
        printed = io.StringIO()
        try:
            with redirect_stdout(printed), redirect_stderr(io.StringIO()):
                exec(_with_last_value(self.sources[place]), self.namespace)
                for number in pyplot.get_fignums():
                    picture = io.BytesIO()
                    pyplot.figure(number).savefig(picture, format="png", dpi=72)
                    self.shown.append(hashlib.sha256(picture.getvalue()).hexdigest())
                pyplot.close("all")
        except Exception as problem:
            self.error = f"{type(problem).__name__}: {problem}"
        everything = "\n".join([*self.shown, printed.getvalue(), self.error])
        return hashlib.sha256(everything.encode()).hexdigest()


def _observe(
    sources: list[str], values: dict[str, Any]
) -> tuple[set[str], list[str], str]:
    cells, digests = Cells(sources, values), []
    for place in range(len(sources)):
        digests.append(cells.run(place))
        if cells.error:
            break
    return cells.namespace.read & values.keys(), digests, cells.error


def _silent(
    sources: list[str],
    values: dict[str, Any],
    others: dict[str, Any],
    shown: list[str],
) -> set[str]:
    cells, found = Cells(sources, values), set()
    first = {
        name: next(k for k, source in enumerate(sources) if name in names([source])[0])
        for name in others
    }
    for place in range(max(first.values(), default=-1) + 1):
        for name in (name for name, where in first.items() if where == place):
            child = os.fork()
            if child == 0:
                cells.namespace[name] = others[name]
                rest = range(place, len(sources))
                os._exit(int(any(cells.run(k) != shown[k] for k in rest)))
            _, status = os.waitpid(child, 0)
            if os.waitstatus_to_exitcode(status) == 0:
                found.add(name)
        cells.run(place)
    return found


def _with_last_value(source: str) -> Any:
    """Compile a cell such that the value of its last expression is shown."""
    tree = ast.parse(source)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        value = tree.body[-1].value
        show = ast.parse("_shown.append(repr(0))").body[0]
        show.value.args[0].args[0] = value
        tree.body[-1] = ast.copy_location(show, tree.body[-1])
    return compile(ast.fix_missing_locations(tree), "<cell>", "exec")
