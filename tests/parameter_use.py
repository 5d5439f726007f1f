"""Run a notebook's code in this process and record what it reads and shows."""

from __future__ import annotations

import ast
import hashlib
import io
import multiprocessing
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from tapx import ledger
from tapx.parameters import Parameter


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


def observe(sources: list[str], values: dict[str, Any]) -> tuple[set[str], str]:
    """What code reads of the parameters, and a digest of all that it shows.

    The code runs in a forked process, so that imports are shared and nothing of one
    run is left for the next. An error of the code counts as something shown.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_observe, args=(sources, values, sender))
    process.start()
    try:
        return receiver.recv()
    finally:
        process.join()


def another(parameter: Parameter, value: Any) -> Any:
    """An allowed value other than this one, not far from it."""
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


def _observe(sources: list[str], values: dict[str, Any], sender: Any) -> None:
    from IPython import display
    from matplotlib import pyplot

    shown: list[str] = []
    ledger._display = lambda data, metadata=None: shown.append(repr(data))
    display.display = lambda *items, **options: shown.extend(map(repr, items))
    namespace = Recorder({**values, "__name__": "__main__", "_shown": shown})
    printed = io.StringIO()
    error = ""
    try:
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            for source in sources:
                exec(_with_last_value(source), namespace)
                for number in pyplot.get_fignums():
                    picture = io.BytesIO()
                    pyplot.figure(number).savefig(picture, format="png", dpi=72)
                    shown.append(hashlib.sha256(picture.getvalue()).hexdigest())
                pyplot.close("all")
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    shown += [printed.getvalue(), error]
    digest = hashlib.sha256("\n".join(shown).encode()).hexdigest()
    sender.send((namespace.read & values.keys(), f"{digest} {error}"))
    sender.close()


def _with_last_value(source: str) -> Any:
    """Compile a cell such that the value of its last expression is shown."""
    tree = ast.parse(source)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        value = tree.body[-1].value
        show = ast.parse("_shown.append(repr(0))").body[0]
        show.value.args[0].args[0] = value
        tree.body[-1] = ast.copy_location(show, tree.body[-1])
    return compile(ast.fix_missing_locations(tree), "<cell>", "exec")
