"""A chapter of 0.2 seconds for sweeps, and ways to start sweeps of it as processes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import small_book

PARAMETERS = """\
x: float = 1.0  # what is measured, 0 to 100
sizes: list[int] = [1]  # a list, each 1 to 9
mode: str = "fine"  # what the chapter does, one of fine, raises, hangs
told: str = ""  # folder in which each execution leaves a file, or empty, a path
seed: int = 0  # seed of the draws, 0 to 1000"""

BODY = """\
import time, uuid
from pathlib import Path
from tapx.chapters.ledger import claim, claims_table, keep, report

if told:
    (Path(told) / f"{x}-{seed}-{uuid.uuid4().hex}").touch()
time.sleep(600 if mode == "hangs" else 0.2)
if mode == "raises":
    raise ValueError("the cell raised")
claim("stub/x", x + seed, "<=", 50, "x is small", result="Lemma F.1")
report("twice", 2 * x)
keep([{"double": 2 * x}])
claims_table()"""


def book(folder: Path) -> Path:
    """A book of the stub alone."""
    stub = small_book.chapter(
        small_book.cell(PARAMETERS, "parameters"), small_book.cell(BODY), id="stub"
    )
    return small_book.make(folder, stub=stub)


def start(book_dir: Path, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Start ``python -m tapx sweep`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tapx", "sweep", *words],
        cwd=book_dir.parent,
        env={**os.environ, "TAPX_BOOK": str(book_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def run(book_dir: Path, *words: str) -> tuple[int, str]:
    """Run ``python -m tapx sweep`` to its end; exit status and all that it said."""
    process = start(book_dir, *words)
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def table(folder: Path, chapter: str = "stub") -> list[dict[str, str]]:
    """The rows of a sweep's table."""
    with open(folder / f"{chapter}.csv", newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def executions(told: Path) -> list[str]:
    """``x-seed`` of every execution that began, in order of the names."""
    return sorted(path.name.rpartition("-")[0] for path in told.iterdir())


def workers(folder: Path) -> list[int]:
    """The processes that work at a run now."""
    found = []
    for path in folder.glob("working/*/alive"):
        try:
            found.append(json.loads(path.read_text("utf-8"))["process"])
        except (OSError, ValueError):
            continue
    return found


def wait(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """Wait until a condition holds; returns what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def finished(folder: Path) -> int:
    """How many runs are finished."""
    return sum(1 for _ in folder.glob("runs/*/stub.json"))
