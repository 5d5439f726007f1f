"""One run of one chapter, with parameters, into a folder of the user's."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat

from tapx.chapters import (
    code_hash,
    notebooks,
    output_folders,
    profiles,
    records,
    run_pages,
    sources,
    stored_results,
)
from tapx.chapters.book_files import naming
from tapx.chapters.claim_views import RESULTS_MIME
from tapx.chapters.claims import Claim
from tapx.chapters.notebooks import ChapterFailed
from tapx.checks import Refusal

INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Run:
    """What a complete run wrote: notebook, page, record, and the claims in them."""

    notebook: Path
    page: Path
    record: Path
    claims: list[Claim]


def run(
    chapter: str,
    given: Mapping[str, Any] | None = None,
    *,
    output: str | Path,
    profile: str = "default",
    force: bool = False,
    progress: bool = False,
    book_dir: str | Path | None = None,
    timeout: float | None = None,
    code: Mapping[str, Any] | None = None,
) -> Run:
    """Run a chapter with parameters through papermill.

    Writes ``OUTPUT/<chapter>.ipynb``, ``.html`` and ``.json``, all at the end and all
    at once. A chapter that fails, or is interrupted, leaves what an earlier run wrote,
    and its own ``OUTPUT/<chapter>.failed.ipynb``, without a record.
    (papermill also stops at a cell tagged ``raises-exception``: a chapter that shows
    an error catches it.)

    Args:
        chapter: id of the chapter.
        given: parameter values; they override those of the profile.
        output: folder for the results; made if missing.
        profile: a stored parameter set.
        force: replace the results of an earlier run in the same folder.
        progress: show a progress bar on standard error.
        book_dir: the book's folder.
        timeout: seconds that the run may take; None for any time.
        code: the code that runs, as `records.code_state` gives it, if it is known.

    Raises:
        Refusal: the request is not possible; nothing was run or written.
        ChapterFailed: a cell raised, the time is up, or what the chapter claims is not
            consistent.
        KeyboardInterrupt: Ctrl-C; its text says where the partial notebook is.
    """
    given = given or {}
    entry = notebooks.find(chapter, notebooks.notebook_files(book_dir))
    source = notebooks.load(entry.path)
    values = profiles.values(source, entry, profile, given, book_dir)
    sources.check_texts(values)
    folder = output_folders.check_output(output, book_dir)
    done = _files(Path(output).expanduser(), entry.id)
    output_folders.check_replaceable(_written(done), force)
    if code is None:
        with naming(entry.path):
            code = records.code_state(source, _package())

    label = {"profile": profile, "parameters": values}
    with output_folders.held(folder, entry.id):
        output_folders.check_replaceable(_written(done), force)
        started, clock = datetime.now(UTC), time.perf_counter()
        try:
            result = _papermill(entry, values, progress, timeout)
            done.claims.extend(_claims(result, entry.id))
        except ChapterFailed as failure:
            _keep(failure, folder, entry.id, label)
            raise
        record = records.build(
            entry.id,
            profile=profile,
            parameters=values,
            command=command_line(entry.id, profile, given, output),
            started=started,
            duration=time.perf_counter() - clock,
            claims=done.claims,
            results=chain(*stored_results.held(result, RESULTS_MIME)),
            reports=stored_results.reports_of(result).values(),
            code=code,
        )
        result.metadata.tapx["run"] = {"status": "complete", **label}
        texts = {
            done.notebook: notebooks.dumps(result),
            done.page: run_pages.page(result, f"{entry.id}: {entry.title}"),
            done.record: records.dumps(record),
        }
        notebooks.write_together(texts)
        for path in output_folders.left_of_failures(folder, entry.id):
            path.unlink(missing_ok=True)
    return done


def _package() -> code_hash.Package:
    """The package tapx, read anew only when a file of it has changed."""
    files = sorted((notebooks.ROOT / "tapx").rglob("*.py"))
    return _package_of(tuple((str(path), path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=1)
def _package_of(files: tuple[tuple[str, int], ...]) -> code_hash.Package:
    return code_hash.Package()


def _claims(result: notebooks.Notebook, chapter: str) -> list[Claim]:
    try:
        return stored_results.claims_of(result, chapter)
    except stored_results.LedgerError as error:
        raise ChapterFailed(chapter, str(error), result) from None


def _keep(
    failure: ChapterFailed, folder: Path, chapter: str, label: dict[str, Any]
) -> None:
    """Store what there is of a run that failed, or was interrupted: then say where."""
    marked = notebooks.normalise(failure.notebook)
    outputs = chain(*(cell.get("outputs", ()) for cell in marked.cells))
    ran = any(output.output_type != "error" for output in outputs)
    if failure.error == INTERRUPTED and not ran:
        raise KeyboardInterrupt from None
    marked.cells.insert(0, _banner(failure.error))
    output_folders.mark_failed(marked, label)
    # That it failed is more to the point than that this cannot be kept.
    with contextlib.suppress(OSError, Refusal):
        path = output_folders.place_of_failure(folder, chapter)
        notebooks.save(marked, path)
        failure.path = path
    if failure.error == INTERRUPTED:
        where = failure.path and f"the partial notebook is {failure.path.name}"
        raise KeyboardInterrupt(where or "") from None


def command_line(
    chapter: str, profile: str, given: Mapping[str, Any], output: str | Path
) -> str:
    """The command that repeats a run, ready for a POSIX shell."""
    words = ["python", "-m", "tapx", "run", chapter]
    if profile != "default":
        words += ["--profile", profile]
    for name, value in given.items():
        words += ["-p", f"{name}={value}"]
    folder = Path(output)
    # Where the folder lies on this machine is of no use on another.
    words += ["--output", folder.name if folder.is_absolute() else str(folder)]
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word for a shell; where it is no UTF-8, as text that stands for its bytes."""
    if sources.is_utf8(word):
        return shlex.quote(word)
    plain = {*range(32, 127)} - {*b"\\'"}
    letters = (chr(b) if b in plain else f"\\{b:03o}" for b in os.fsencode(word))
    return f"$'{''.join(letters)}'"


def _files(folder: Path, chapter: str) -> Run:
    """The files of a run that is complete."""
    notebook, page, record = (
        folder / f"{chapter}.{end}" for end in ("ipynb", "html", "json")
    )
    return Run(notebook, page, record, [])


def _written(done: Run) -> dict[str, Path]:
    return {"notebook": done.notebook, "page": done.page, "record": done.record}


def _papermill(
    chapter: notebooks.Chapter,
    values: Mapping[str, Any],
    progress: bool,
    timeout: float | None,
) -> notebooks.Notebook:
    import papermill
    from nbclient.exceptions import CellTimeoutError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import remove_error_markers

    from tapx.chapters import engine
    from tapx.chapters.interpreter import InterpreterKernelManager

    logging.getLogger("papermill").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="tapx-run-") as scratch:
        target = Path(scratch) / "run.ipynb"
        # papermill wants every output cleared, and reads one form of notebook.
        source = notebooks.normalise(notebooks.without_outputs(chapter.path))
        try:
            result = papermill.execute_notebook(
                source,
                str(target),
                parameters=dict(values),
                engine_name=engine.NAME,
                kernel_name="python3",
                progress_bar=progress,
                cwd=str(chapter.path.parent),
                kernel_manager_class=InterpreterKernelManager,
                timeout_func=timeout and _time_left(timeout),
            )
        except (
            PapermillExecutionError,
            CellTimeoutError,
            RuntimeError,  # the kernel died, or did not even start
            KeyboardInterrupt,
        ) as error:
            partial = notebooks.load(target) if target.is_file() else source
            text = notebooks.plain(str(error)).strip()
            if isinstance(error, KeyboardInterrupt):
                text = INTERRUPTED
                notebooks.forget_tasks()
            if isinstance(error, CellTimeoutError):
                text = f"took longer than {timeout:g} seconds"
            partial = remove_error_markers(partial)
            raise ChapterFailed(chapter.id, text, partial) from None
    for cell in result.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = "injected-parameters"  # papermill draws one
    return notebooks.normalise(result)


def _time_left(timeout: float) -> Callable[[Any], float]:
    """What each cell may take, in seconds, so that all together end in time."""
    end = time.monotonic() + timeout
    return lambda cell: max(end - time.monotonic(), 0.01)


def _banner(error: str) -> notebooks.Notebook:
    lines = error.splitlines() or ["unknown error"]
    return nbformat.v4.new_markdown_cell(
        "**This run failed.** The cells from the failing one on have no results, and "
        f"the run has no record.\n\n```text\n{lines[-1]}\n```",
        id="run-failed",
    )
