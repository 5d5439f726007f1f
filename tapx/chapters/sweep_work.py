"""One run of a sweep, as a worker does it: into a folder that moves when done."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tapx.chapters import code_hash, notebooks, records, runs
from tapx.chapters.notebooks import ChapterFailed
from tapx.chapters.sweep_folders import (
    DONE,
    FAILED,
    RUNNING,
    Order,
    SweepFolder,
    key_of,
)


def work(
    folder: str, order: Mapping[str, Any], book_dir: str, timeout: float | None
) -> tuple[str, str]:
    """Do one run, unless it is done or somebody else is at it.

    Args:
        folder: the folder of the sweep, which every worker sees.
        order: the fields of an `Order`.
        book_dir: the book's folder.
        timeout: seconds that the run may take; None for any time.

    Returns:
        The state of the run, and why it failed if it did.
    """
    sweep, one = SweepFolder(folder), Order(**order)
    with sweep.working(one) as place:
        if place is None:
            return (DONE if sweep.state(one) == DONE else RUNNING), ""
        try:
            code = code_of(one.chapter, book_dir)
            if key_of(one.chapter, code, one.values) != one.key:
                raise ValueError(
                    "the worker runs other code than the sweep: give both the same "
                    "sources"
                )
            runs.run(
                one.chapter,
                one.given,
                output=place,
                profile=one.profile,
                book_dir=book_dir,
                timeout=timeout,
                code=code,
            )
            sweep.finish(place, one)
        except (ChapterFailed, OSError, ValueError) as error:
            reason = _last_line(error)
            sweep.fail(place, one, reason)
            return FAILED, reason
    return DONE, ""


def code_of(chapter: str, book_dir: str | Path | None = None) -> dict[str, Any]:
    """The code that a chapter runs now, as a record keeps it.

    It is worked out anew only when a file of the chapter or of the package changes.
    """
    entry = notebooks.find(chapter, notebooks.notebook_files(book_dir))
    files = [entry.path, *sorted((notebooks.ROOT / "tapx").rglob("*.py"))]
    state = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    return dict(_code_of(entry.path, state))


@functools.lru_cache(maxsize=8)
def _code_of(path: Path, _state: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    return records.code_state(notebooks.load(path), code_hash.Package())


def _last_line(error: Exception) -> str:
    """The line of an error that says what happened."""
    text = error.error if isinstance(error, ChapterFailed) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
