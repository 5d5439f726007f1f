"""A book of one tiny chapter and two pages, made in a folder of its own."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from tapx.chapters import claim_views, claims, notebooks, parameters, records, reruns
from tapx.chapters.stored_results import claims_of

PARAMETERS = """\
heads: int = 4  # heads in the block, 2 to 64
rate: float = 0.5  # rate of the decay, 1e-3 to 2
position: str = "lin"  # position function, one of lin, log
lags: list[int] = [3, 7]  # lags to remember, each 1 to 100
dense: bool = False  # whether to evaluate all positions
seed: int = 0  # seed of the draws, 0 to 1000"""

MEASURE = """\
import numpy as np
from tapx.chapters.ledger import claim, claims_table, report

draws = np.random.default_rng(seed).random(heads) * rate
value = float(draws.sum()) + sum(lags) + (position == "log") + dense
print(f"sum of the draws: {value:.6f}")"""

CLAIM = """\
claim("lemma-F.1/tiny", value, ">=", 0, "the sum is positive", result="Lemma F.1")
report("tiny", value)"""

LOOSE = """\
print(f"took {1 + 1e-3 * value:.5f} seconds")"""


def cell(source: str, *tags: str) -> nbformat.NotebookNode:
    metadata = {"tags": list(tags)} if tags else {}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def chapter(
    *cells: nbformat.NotebookNode, id: str = "tiny", order: int = 1
) -> nbformat.NotebookNode:
    metadata = {"tapx": {"id": id, "order": order, "shows": "the sum of draws"}}
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    heading = nbformat.v4.new_markdown_cell("# A tiny chapter\n\nWhat is the sum?")
    notebook.cells = [heading, *cells]
    return notebook


def tiny() -> nbformat.NotebookNode:
    return chapter(
        cell(PARAMETERS, "parameters"),
        cell(MEASURE),
        cell(CLAIM),
        cell(LOOSE, "measured"),
        cell("claims_table()"),
    )


def make(
    folder: Path,
    pages: Iterable[str] = ("scoreboard", "trust"),
    **chapters: nbformat.NotebookNode,
) -> Path:
    """Write a book with these pages of the whole book; returns its folder."""
    book = folder / "book"
    book.mkdir(parents=True)
    for name, notebook in (chapters or {"tiny": tiny()}).items():
        notebooks.save(notebook, book / f"{name}.ipynb")
    (book / "profiles.yml").write_text("tiny:\n  smoke: {heads: 2, rate: 1e-1}\n")
    own = notebooks.ROOT / "book"
    for name in ("conftest.py", *(f"{page}.ipynb" for page in pages)):
        shutil.copy(own / name, book / name)
    return book


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The outputs of all cells."""
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def change_claim(notebook: nbformat.NotebookNode, id: str, /, **change: Any) -> None:
    """Other words or numbers of a claim, in its data and in all that shows it."""
    entries = {entry.id: entry for entry in claims_of(notebook, "")}
    entries[id] = dataclasses.replace(entries[id], **change)
    for output in outputs(notebook):
        data = output.get("data", {})
        if data.get(claim_views.CLAIM_MIME, {}).get("id") == id:
            output["data"] = claim_views.render(entries[id])
        if claim_views.TABLE_MIME in data:
            output["data"] = claim_views.render_table(entries.values())


def rerun(book: Path, *names: str) -> list[str]:
    """Execute chapters in place, all of them well; returns what was told."""
    told: list[str] = []
    assert reruns.rerun(names, book_dir=book, tell=told.append) == []
    return told


@cache
def code() -> dict[str, Any]:
    """The code of the tiny chapter, as `runs.run` takes it."""
    return records.code_state(tiny())


def record(
    profile: str = "default", duration: float = 1.26, **change: Any
) -> dict[str, Any]:
    """The record of a run of the tiny chapter, with other values of some keys."""
    declared = parameters.parse(PARAMETERS)
    base = {"heads": 2, "rate": 0.1} if profile == "smoke" else {}
    made = records.build(
        "tiny",
        profile=profile,
        parameters=parameters.resolve(declared, base),
        command="python -m tapx rerun tiny",
        started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        duration=duration,
        claims=[claims.evaluate("a/b", 1.5, "<", 2.0, "so")],
        results=[{"heads": 1, "error": 0.25}, {"heads": 2, "error": 0.0625}],
        code=code(),
    )
    return {**made, **change}


def store(record: Mapping[str, Any], book: Path) -> None:
    """Write a record into a book's own records."""
    path = records.path(record["chapter"], record["profile"], book)
    path.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write_text(path, records.dumps(record))


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, to see that nothing was written."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def at_once(chapter: notebooks.Chapter, *_: Any) -> nbformat.NotebookNode:
    """In the place of `runs._papermill`: the chapter as if it had run, as stored."""
    return as_stored(chapter.path)


def as_stored(path: Path, **_: Any) -> nbformat.NotebookNode:
    """In the place of `notebooks.execute`: the notebook as if it had run, as stored."""
    return notebooks.normalise(notebooks.load(path))
