"""The stored rows of ``python -m tapx bench --record``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tapx.chapters import notebooks, records
from tapx.chapters.book_files import naming, read_object
from tapx.checks import one_of


def _path(book_dir: str | Path | None) -> Path:
    return notebooks.book_directory(book_dir) / "records" / "bench.json"


def store(
    rows: Iterable[Mapping[str, Any]], book_dir: str | Path | None = None
) -> None:
    """Put rows into the book, each in place of an earlier one of its name.

    Each says when and on which sources and machine it was measured.
    """
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": records.revision_of()["commit"],
        "machine": records.machine(),
    }
    path = _path(book_dir)
    stored = _read(path) if path.is_file() else {}
    stored |= {row["name"]: {**row, **about} for row in rows}
    text = json.dumps({"rows": list(stored.values())}, indent=2, ensure_ascii=False)
    notebooks.write_text(path, text + "\n")


def stored_row(name: str, book_dir: str | Path | None = None) -> dict[str, Any]:
    """One stored row of the benchmark.

    Args:
        name: of the row, as `python -m tapx bench` prints it.
        book_dir: the book's folder.

    Raises:
        BrokenFile: the book stores none, or its file is not what it should be.
        ValueError: there is no row of this name.
    """
    rows = _read(_path(book_dir))
    return rows[one_of(name, rows, "row of the benchmark")]


def _read(path: Path) -> dict[str, dict[str, Any]]:
    with naming(path):
        return {row["name"]: row for row in read_object(path)["rows"]}
