"""Re-running the stored chapters: in place, or beside them to compare.

Both run at the default profile, whose searches were made before: their results are
stored as witnesses. So nothing is searched here, unless the book's author has set
TAPX_FOUND (`tapx.witnesses`).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from tapx.chapters import (
    code_hash,
    interrupts,
    notebooks,
    profiles,
    records,
    stored_results,
)
from tapx.chapters.book_files import naming
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
    profiles.stored(book_dir)  # broken, they are refused before anything runs
    first = [entry for entry in wanted if not entry.page]
    first.sort(key=_seconds(book_dir), reverse=True)  # so that none is left over
    # Of the code as it is now: storing the first chapter changes the tree.
    package, revision = code_hash.Package(), records.revision_of()
    code = {}
    for entry in first:
        with naming(entry.path):
            notebook = notebooks.load(entry.path)
            code[entry.id] = records.code_state(notebook, package, revision)
    last = [entry for entry in (every if first else wanted) if entry.page]
    last.sort(key=lambda page: page.order)  # those of one order read none of them
    groups = [first, *(list(some) for _, some in groupby(last, lambda one: one.order))]
    failures = []
    for group in groups:
        with contextlib.closing(execute_all(group, processes)) as outcomes:
            failures += [_store(one, code, book_dir, tell) for one in outcomes]
    return [text for text in failures if text]


def _seconds(book_dir: str | Path | None) -> Callable[[Chapter], float]:
    """How long the stored run of a chapter took; nothing where that is not known."""
    known: dict[str, float] = {}
    with contextlib.suppress(ValueError):  # a broken one is about to be written anew
        stored = records.stored_records(book_dir=book_dir)
        known = {record["chapter"]: record["duration_s"] for record in stored}
    return lambda entry: known.get(entry.id, 0.0)


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
    with contextlib.closing(execute_all(wanted, processes)) as outcomes:
        for outcome in outcomes:
            problems += _compare(outcome, tell)
    return problems


def _compare(
    outcome: Executed | ChapterFailed, tell: Callable[[str], None]
) -> list[str]:
    """How a notebook that ran disagrees with the stored one."""
    if isinstance(outcome, ChapterFailed):
        tell(f"{outcome.name}: failed")
        return [str(outcome)]
    id = outcome.chapter.id
    stored = notebooks.load(outcome.chapter.path)
    claims = len(stored_results.claims_of(stored, id))
    try:
        stored_results.claims_of(outcome.notebook, id)
        lines = stored_results.notebook_differences(stored, outcome.notebook)
    except stored_results.LedgerError as error:
        lines = [str(error)]
    word = f"{len(lines)} differences" if lines else "agrees"
    tell(f"{id}: {claims} claims, {word}, {outcome.duration:.1f} s")
    return [f"{id}: {line}" for line in lines]


def execute_all(
    wanted: Iterable[Chapter], processes: int
) -> Generator[Executed | ChapterFailed, None, None]:
    """Execute notebooks side by side; yields each as it ends.

    Whoever stops before the end closes it, which ends what runs.
    """
    wanted = list(wanted)
    if processes < 1:
        raise Refusal(f"processes is {processes}: allowed is 1 or more")
    if processes == 1 or len(wanted) < 2:
        for chapter in wanted:
            yield _execute(chapter)
        return
    others = {*multiprocessing.active_children()}
    # Fresh processes: forking one that may hold threads is not safe.
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=interrupts.leave_ctrl_c_to_parent,
    )
    try:
        with interrupts.ctrl_c_blocked():
            tasks = {pool.submit(_execute_below, one): one.id for one in wanted}
        for task in as_completed(tasks):
            try:
                yield task.result()
            except BrokenProcessPool:
                why = "its process, or that of another chapter, died (out of memory?)"
                yield ChapterFailed(tasks[task], why, None)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in {*multiprocessing.active_children()} - others:
            process.terminate()
        raise
    finally:
        pool.shutdown()


def _execute_below(chapter: Chapter) -> Executed | ChapterFailed:
    """Execute in a process of a pool, which SIGTERM ends when its kernel is gone."""
    try:
        with interrupts.sigterm_interrupts():
            return _execute(chapter)
    except KeyboardInterrupt:
        os._exit(130)  # or the pool would hand it the next


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
    texts = {chapter.path: notebooks.dumps(notebook)}
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
        place = records.path(chapter.id, "default", book_dir)
        place.parent.mkdir(parents=True, exist_ok=True)
        texts[place] = records.dumps(record)
    notebooks.write_together(texts)
    tell(f"{chapter.id}: {outcome.duration:.1f} s, {len(claims)} claims")
    return ""
