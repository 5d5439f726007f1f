"""Notebooks as files: which chapters there are, one normal form, clean execution."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tapx.chapters.book_files import BrokenFile, naming, read_notebook
from tapx.chapters.interrupts import stops_held_back
from tapx.checks import Refusal, one_of

ROOT = Path(__file__).resolve().parents[2]
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "pygments_lexer": "ipython3",
}
NOISE = ("execution", "papermill", "ExecuteTime", "collapsed", "trusted", "scrolled")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CHAPTER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What files are named after."""

Notebook = Any
"""An ``nbformat.NotebookNode``. That package loads slowly, so here only when needed."""


@dataclass(eq=False)
class ChapterFailed(RuntimeError):
    """A cell raised; `notebook` holds the outputs up to there, `path` where it is."""

    name: str
    error: str
    notebook: Notebook
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.name} failed\n{self.error}"


@dataclass(frozen=True)
class Chapter:
    """A notebook of the book: its id, place, title and what it shows."""

    id: str
    order: int
    title: str
    shows: str
    path: Path
    page: bool = False


def book_directory(book_dir: str | Path | None = None) -> Path:
    """The folder of the chapters: given, from TAPX_BOOK, or beside tapx."""
    folder = Path(book_dir or os.environ.get("TAPX_BOOK") or ROOT / "book")
    try:
        return folder.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, NUL
        raise Refusal(f"no book can be at {str(folder)!r} ({error})") from None


def load(path: str | Path) -> Notebook:
    """Read a notebook in the current format (format 4).

    Raises:
        BrokenFile: it cannot be read, or is no notebook; the message names it.
    """
    import nbformat

    notebook = read_notebook(Path(path))
    with naming(Path(path)):
        return nbformat.v4.to_notebook_json(notebook)


def save(notebook: Notebook, path: str | Path) -> None:
    """Write the normal form in one step, so that no half-written file is seen."""
    write_text(path, dumps(notebook))


def write_text(path: str | Path, text: str) -> None:
    """Write a file under a temporary name beside it, then move it into place."""
    write_together({Path(path): text})


def write_together(texts: Mapping[Path, str]) -> None:
    """Write files, all of them or none: each beside its place, then moved there.

    What stood there stays until everything is written. Ctrl-C and SIGTERM wait while
    files are moved.
    """
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            try:
                with open(beside[path], "wb") as stream:
                    stream.write(text.encode())
                    stream.flush()
                    os.fsync(stream.fileno())  # where a disk is full, it says so now
            except OSError as error:
                error.filename = str(path)
                raise
        with stops_held_back():
            for path, fresh in beside.items():
                fresh.replace(path)
    finally:
        for fresh in beside.values():
            fresh.unlink(missing_ok=True)


def dumps(notebook: Notebook) -> str:
    """The text of a notebook in normal form."""
    import nbformat

    return str(nbformat.writes(normalise(notebook), version=4)).rstrip("\n") + "\n"


def normalise(notebook: Notebook) -> Notebook:
    """A copy in the one form that is stored, so that diffs show changes only.

    Cell ids are kept if valid and unique, else made from place and source;
    execution counts, timings, widget state, standard error and the patch version
    of the language go; kernelspec and key order are fixed. Twice is as once.
    """
    import nbformat

    result = nbformat.from_dict(copy.deepcopy(notebook))
    result.nbformat, result.nbformat_minor = 4, 5
    for key in ("papermill", "widgets", "signature", "orig_nbformat", "toc-showcode"):
        result.metadata.pop(key, None)
    result.metadata["kernelspec"] = dict(KERNELSPEC)
    result.metadata["language_info"] = dict(LANGUAGE_INFO)
    seen: set[str] = set()
    for index, cell in enumerate(result.cells):
        source = "".join(cell.source)
        cell.source = "\n".join(line.rstrip() for line in source.rstrip().split("\n"))
        if not CELL_ID.fullmatch(str(cell.get("id", ""))) or cell.id in seen:
            digest = hashlib.sha256(f"{index}\n{cell.source}".encode()).hexdigest()
            cell["id"] = digest[:8]
        seen.add(cell.id)
        for key in NOISE:
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = _outputs(cell.outputs)
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    return result


def _outputs(outputs: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            continue
        if "execution_count" in output:
            output.execution_count = None
        if output.output_type == "stream" and kept and kept[-1].output_type == "stream":
            # The kernel flushes by the clock: join what one cell printed.
            kept[-1].text = "".join(kept[-1].text) + "".join(output.text)
            continue
        data = output.get("data", {})
        data.pop("application/vnd.jupyter.widget-view+json", None)
        if output.output_type in ("display_data", "execute_result") and not data:
            continue
        kept.append(output)
    return kept


def notebook_files(book_dir: str | Path | None = None) -> list[Chapter]:
    """Chapters in order, then the pages that are made from them.

    Raises:
        Refusal: no chapter is there; the message says where a book is looked for, and
            how to name another place.
        BrokenFile: a notebook cannot be read, or does not say which chapter or page it
            is, or says what another says; the message names it.
    """
    folder = book_directory(book_dir)
    with naming(folder):
        found = [_entry(path) for path in _notebooks(folder)]
    if all(chapter.page for chapter in found):
        raise Refusal(
            f"no book was found: its notebooks should be in {folder}, or in the folder "
            "that the environment variable TAPX_BOOK names (book in the repository)"
        )
    found.sort(key=lambda chapter: (chapter.page, chapter.order, chapter.id))
    for one, other in pairwise(sorted(found, key=lambda chapter: chapter.id)):
        if one.id == other.id:
            raise BrokenFile(
                f"{other.path}: its chapter id {one.id!r} is used by two notebooks in "
                f"the book (the other is {one.path.name}): move one elsewhere"
            )
    return found


def _notebooks(folder: Path) -> list[Path]:
    """What is named as a notebook in a folder, which may be none."""
    try:
        return sorted(p for p in folder.iterdir() if p.match("[!.]*.ipynb"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _entry(path: Path) -> Chapter:
    """The chapter or page of a notebook file."""
    notebook = read_notebook(path)
    data = notebook["metadata"].get("tapx")
    if data is None:
        raise BrokenFile(
            f"{path}: has no metadata 'tapx', which say which chapter it is (a round "
            "trip through jupytext may lose them): restore them, or move it elsewhere"
        )
    with naming(path):
        page = bool(data.get("page", False))
        id = path.stem if page else data["id"]
        order, shows = data.get("order", 0), data.get("shows", "")
        if not isinstance(id, str) or not CHAPTER_ID.fullmatch(id):
            raise ValueError(
                f"the id {id!r} is no name of a chapter (letters, digits, points, "
                "hyphens)"
            )
        if not isinstance(order, int) or not isinstance(shows, str):
            raise TypeError(
                f"the order {order!r} is no whole number, or 'shows' no text"
            )
        return Chapter(id, order, title(notebook), shows, path, page)


def chapters(book_dir: str | Path | None = None) -> list[Chapter]:
    """The chapters of the book, in order."""
    return [entry for entry in notebook_files(book_dir) if not entry.page]


def find(id: str, among: list[Chapter]) -> Chapter:
    """The chapter with this id.

    Raises:
        Refusal: there is none; the message names the nearest.
    """
    known = {chapter.id: chapter for chapter in among}
    return known[one_of(id, known, "chapter", Refusal)]


def title(notebook: dict[str, Any]) -> str:
    """The first heading of a notebook."""
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    prose = "\n".join("".join(cell["source"]) for cell in cells)
    match = re.search(r"^# +(.+?) *$", prose, re.MULTILINE)
    return match[1] if match else "(no heading)"


def without_outputs(path: str | Path) -> Notebook:
    """A notebook file before it is executed."""
    notebook = load(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def execute(path: str | Path, **variables: str) -> Notebook:
    """A notebook file executed by a clean kernel in its folder, in normal form.

    Nothing is written. The kernel gets these variables beside those of its own.

    Raises:
        ChapterFailed: a cell raised.
    """
    from nbclient import NotebookClient, exceptions

    from tapx.chapters.interpreter import InterpreterKernelManager

    path = Path(path)
    notebook = without_outputs(path)
    client = NotebookClient(
        notebook,
        timeout=1800,  # seconds for one cell
        kernel_name="python3",
        kernel_manager_class=InterpreterKernelManager,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.reset_execution_trackers()
    try:
        # Cell by cell: as a whole, it takes Ctrl-C and SIGTERM for itself.
        with client.setup_kernel(env=variables):
            try:
                for index, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, index)
            except KeyboardInterrupt:
                client.shutdown_kernel = "immediate"
                raise
    except (
        exceptions.CellExecutionError,
        exceptions.CellTimeoutError,
        RuntimeError,  # the kernel died, or did not even start
    ) as error:
        raise ChapterFailed(path.stem, plain(str(error)), notebook) from None
    except KeyboardInterrupt:
        forget_tasks()
        with contextlib.suppress(Exception):  # where it was about to start
            client._cleanup_kernel()
        raise
    return normalise(notebook)


def forget_tasks() -> None:
    """After an interrupt: asyncio says nothing of the tasks that it left behind."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def plain(text: str) -> str:
    """Text without terminal colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
