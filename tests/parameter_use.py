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
import torch  # imported once, shared by the forked runs

from tapx.chapters import ledger
from tapx.chapters.parameters import Parameter

SILENT = 3
"""How a process ends in which another value of a parameter has changed nothing."""
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
    """Source of the parameters cell, the first one, and of every code cell after it."""
    first, *rest = (cell for cell in notebook.cells if cell.cell_type == "code")
    assert "parameters" in first.metadata.get("tags", ())
    return first.source, [cell.source for cell in rest]


def names(sources: list[str]) -> tuple[set[str], set[str]]:
    """Names that code reads, and names that it sets, at the top level or below."""
    reads, sets = set(), set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name):
                (reads if isinstance(node.ctx, ast.Load) else sets).add(node.id)
    return reads, sets


def observe(
    sources: list[str], values: dict[str, Any], others: dict[str, Any]
) -> tuple[set[str], set[str], str]:
    """What code reads of the parameters, what of it shows nowhere, and an error.

    Args:
        sources: the cells.
        values: of all parameters.
        others: another value of each.

    The code runs in a forked process, so that imports are shared and nothing of one
    run is left for the next. Before the first cell that names a parameter it forks
    another, which waits until all cells have run; then that one runs the rest with the
    other value, up to the first cell that shows something else. An error of a cell
    counts as something shown.
    """
    return forked(_observe, sources, values, others)


def forked(function: Any, *arguments: Any) -> Any:
    """What a function returns in a forked process, of which nothing else is left.

    None if that process comes to nothing.
    """
    assert torch.get_num_threads() == 1, "threads do not survive a fork"
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
    except EOFError:
        return None
    finally:
        receiver.close()
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
    sources: list[str], values: dict[str, Any], others: dict[str, Any]
) -> tuple[set[str], set[str], str]:
    cells, shown, waiting = Cells(sources, values), [], {}
    for place, source in enumerate(sources):
        for name in sorted(names([source])[0] & others.keys() - waiting.keys()):
            here, there = multiprocessing.Pipe()
            child = os.fork()
            if child == 0:
                for _, end in waiting.values():
                    end.close()
                here.close()
                os._exit(_differs(cells, place, name, others[name], there))
            there.close()
            waiting[name] = child, here
        shown.append(cells.run(place))
        if cells.error:
            break
    read, silent = cells.namespace.read & values.keys(), set()
    for name, (child, end) in waiting.items():
        if name in read and not cells.error:
            end.send(shown)
        end.close()
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == SILENT:
            silent.add(name)
    return read, silent, cells.error


def _differs(cells: Cells, place: int, name: str, value: Any, there: Any) -> int:
    """The exit status of a process that waits for what the cells show without it."""
    try:
        shown = there.recv()
    except EOFError:  # nobody asks
        return 0
    cells.namespace[name] = value
    rest = range(place, len(cells.sources))
    return 0 if any(cells.run(k) != shown[k] for k in rest) else SILENT


def _with_last_value(source: str) -> Any:
    """Compile a cell such that the value of its last expression is shown."""
    tree = ast.parse(source)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        show = ast.parse("_shown.append(repr(0))").body[0]
        show.value.args[0].args[0] = tree.body[-1].value
        tree.body[-1] = show
    return compile(ast.fix_missing_locations(tree), "<cell>", "exec")
