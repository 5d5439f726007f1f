"""What a sweep costs above its runs, measured with a chapter of 0.2 seconds."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from tapx.chapters import notebooks

PARAMETERS = "x: float = 1.0  # the number that the claim is about, 0 to 1000"
BODY = """\
import time
from tapx.chapters.ledger import claim, claims_table
time.sleep(0.2)
claim("stub/x", x, "<=", 1000, "x is small", result="Lemma F.1")
claims_table()"""


def stub(folder: Path) -> Path:
    """A book of one chapter, which takes 0.2 seconds; returns its folder."""
    cells = [
        nbformat.v4.new_markdown_cell("# A chapter of 0.2 seconds"),
        nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(BODY),
    ]
    about = {"id": "stub", "order": 1, "shows": "what a run costs"}
    book = folder / "book"
    book.mkdir()
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"tapx": about})
    notebooks.save(notebook, book / "stub.ipynb")
    (book / "profiles.yml").write_text("{}\n")
    return book


def measure(runs: int = 200, workers: int = 2) -> dict[str, Any]:
    """A sweep as a process of its own, and how long its runs took.

    Args:
        runs: how many.
        workers: how many at a time.

    Returns:
        ``seconds`` from the start of the command to its end, table and page written;
        ``run_seconds``, the sum of what the runs themselves took, starting their
        interpreter included; ``overhead``, the part of the workers' time that went
        elsewhere, over that of the runs; and ``runs``, ``workers``.

    Raises:
        RuntimeError: a run failed.
    """
    with tempfile.TemporaryDirectory(prefix="tapx-sweep-") as scratch:
        book, output = stub(Path(scratch)), Path(scratch) / "out"
        command = [sys.executable, "-m", "tapx", "sweep", "stub"]
        command += ["--grid", f"x=1:{runs}:{runs}", "--workers", str(workers)]
        started = time.monotonic()
        done = subprocess.run(
            [*command, "--output", str(output)],
            env={**os.environ, "TAPX_BOOK": str(book)},
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - started
        if done.returncode:
            raise RuntimeError(f"the sweep failed: {done.stdout}{done.stderr}")
        with open(output / "stub.csv", newline="", encoding="utf-8") as stream:
            took = sum(float(row["duration_s"]) for row in csv.DictReader(stream))
    return {
        "seconds": seconds,
        "run_seconds": took,
        "overhead": workers * seconds / took - 1,
        "runs": runs,
        "workers": workers,
    }
