"""Re-running the stored chapters: in place, or beside them to compare.

Both run at the default profile, whose searches were made before: their results are
stored as witnesses. So nothing is searched here, unless the book's author has set
TAPX_FOUND (`tapx.witnesses`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tapx.chapters import code_hash, notebooks, profiles, records, stored_results
from tapx.chapters.notebooks import Chapter, ChapterFailed
from tapx.checks import Refusal


@dataclass(frozen=True)
class Executed:
    """A chapter that ran to its end: normalised notebook, start and duration."""

    chapter: Chapter
    notebook: notebooks.Notebook
    started: datetime
    duration: float


def rerun(
    names: Iterable[str] = (),
    *,
    processes: int = 2,
    book_dir: str | Path | None = None,
    tell: Callable[[str], None] = print,
) -> list[str]:
    """Execute chapters in place, then the pages made from them.

    Each notebook that runs to its end is stored in normal form, with a run record
    under ``records/default``; one that fails stays as it was.

    Args:
        names: chapters (or pages) to execute; all if empty.
        processes: how many run side by side, each on one core.
        book_dir: the book's folder.
        tell: takes one line a finished notebook.

    Returns:
        What failed, one text each; empty if all is well.
    """
    every = notebooks.notebook_files(book_dir)
    wanted = [notebooks.find(name, every) for name in names] or every
    first = [entry for entry in wanted if not entry.page]
    # Of the code as it is now: storing the first chapter changes the tree.
    package, revision = code_hash.Package(), records.revision_of()
    code = {
        entry.id: records.code_state(notebooks.load(entry.path), package, revision)
        for entry in first
    }
    last = [entry for entry in (every if first else wanted) if entry.page]
    outcomes = chain(execute_all(first, processes), execute_all(last, 1))
    failures = (_store(outcome, code, book_dir, tell) for outcome in outcomes)
    return [text for text in failures if text]


def check(
    names: Iterable[str] = (),
    *,
    processes: int = 2,
    book_dir: str | Path | None = None,
    tell: Callable[[str], None] = print,
) -> list[str]:
    """Execute chapters afresh and compare claims and reported numbers.

    It takes what `rerun` takes. If no names are given, it checks all chapters, and the
    pages that make claims.

    Returns:
        Every disagreement (see `stored_results.notebook_differences`), one text each.
    """
    every = notebooks.notebook_files(book_dir)
    stating = {entry.chapter for entry in stored_results.stored_claims(book_dir)}
    wanted = [notebooks.find(name, every) for name in names] or [
        entry for entry in every if not entry.page or entry.id in stating
    ]
    problems: list[str] = []
    for outcome in execute_all(wanted, processes):
        if isinstance(outcome, ChapterFailed):
            tell(f"{outcome.name}: failed")
            problems.append(str(outcome))
            continue
        id = outcome.chapter.id
        stored = notebooks.load(outcome.chapter.path)
        lines = stored_results.notebook_differences(stored, outcome.notebook)
        word = f"{len(lines)} differences" if lines else "agrees"
        claims = len(stored_results.claims_of(stored, id))
        tell(f"{id}: {claims} claims, {word}, {outcome.duration:.1f} s")
        problems += [f"{id}: {line}" for line in lines]
    return problems


def execute_all(
    wanted: Iterable[Chapter], processes: int
) -> Iterable[Executed | ChapterFailed]:
    """Execute notebooks side by side; yields each as it ends."""
    wanted = list(wanted)
    if processes < 1:
        raise Refusal(f"processes is {processes}: allowed is 1 or more")
    if processes == 1 or len(wanted) < 2:
        for chapter in wanted:
            yield _execute(chapter)
        return
    # Fresh processes: forking one that may hold threads is not safe.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        tasks = [pool.submit(_execute, chapter) for chapter in wanted]
        for task in as_completed(tasks):
            yield task.result()


def _execute(chapter: Chapter) -> Executed | ChapterFailed:
    started, clock = datetime.now(UTC), time.perf_counter()
    found = os.environ.get("TAPX_FOUND") or "require"
    try:
        notebook = notebooks.execute(chapter.path, TAPX_FOUND=found)
    except ChapterFailed as failure:
        return ChapterFailed(chapter.id, failure.error, failure.notebook)
    return Executed(chapter, notebook, started, time.perf_counter() - clock)


def _store(
    outcome: Executed | ChapterFailed,
    code: Mapping[str, Mapping[str, Any]],
    book_dir: str | Path | None,
    tell: Callable[[str], None],
) -> str:
    """Store a notebook that ran, and its record; what failed, or nothing."""
    if isinstance(outcome, ChapterFailed):
        tell(f"{outcome.name}: failed; the stored notebook is unchanged")
        return str(outcome)
    chapter, notebook = outcome.chapter, outcome.notebook
    try:
        claims = stored_results.claims_of(notebook, chapter.id)
        values = profiles.values(notebook, chapter, "default", book_dir=book_dir)
    except ValueError as error:
        tell(f"{chapter.id}: refused; the stored notebook is unchanged")
        return f"{chapter.id}: {error}"
    notebooks.save(notebook, chapter.path)
    if not chapter.page:
        record = records.build(
            chapter.id,
            profile="default",
            parameters=values,
            command=f"python -m tapx rerun {chapter.id}",
            started=outcome.started,
            duration=outcome.duration,
            claims=claims,
            code=code[chapter.id],
        )
        records.store(record, book_dir)
    tell(f"{chapter.id}: {outcome.duration:.1f} s, {len(claims)} claims")
    return ""
