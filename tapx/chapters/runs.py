"""One run of one chapter, with parameters, into a folder of the user's."""

from __future__ import annotations

import logging
import shlex
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat

from tapx.chapters import notebooks, profiles, records, run_pages, stored_results
from tapx.chapters.claim_views import RESULTS_MIME
from tapx.chapters.claims import Claim
from tapx.chapters.notebooks import ChapterFailed
from tapx.checks import Refusal


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

    Writes ``OUTPUT/<chapter>.ipynb``, ``.html`` and ``.json``, all at the end.
    A chapter that fails leaves ``OUTPUT/<chapter>.failed.ipynb`` and no record.
    (papermill also stops at a cell tagged ``raises-exception``: a chapter that shows
    an error catches it.)

    Args:
        chapter: id of the chapter.
        given: parameter values; they override those of the profile.
        output: folder for the results; made if missing.
        profile: one of `profiles.PROFILES`.
        force: replace the results of an earlier run in the same folder.
        progress: show a progress bar on standard error.
        book_dir: the book's folder.
        timeout: seconds that the run may take; None for any time.
        code: the code that runs, as `records.code_state` gives it, if it is known.

    Raises:
        Refusal: the request is not possible; nothing was run or written.
        ChapterFailed: a cell raised, or the time is up.
    """
    given = given or {}
    entry = notebooks.find(chapter, notebooks.notebook_files(book_dir))
    source = notebooks.load(entry.path)
    values = profiles.values(source, entry, profile, given, book_dir)
    folder = _writable(Path(output), entry.id, force)

    code = code or records.code_state(source)
    started, clock = datetime.now(UTC), time.perf_counter()
    label = {"profile": profile, "parameters": values}
    done, failed = _files(folder, entry.id)
    try:
        result = _papermill(entry, values, progress, timeout)
        done.claims.extend(stored_results.claims_of(result, entry.id))
    except ChapterFailed as failure:
        # What stands here afterwards is this run's: nothing of an earlier one.
        for path in (done.record, done.page, done.notebook):
            path.unlink(missing_ok=True)
        marked = notebooks.normalise(failure.notebook)
        marked.cells.insert(0, _banner(failure.error))
        marked.metadata.tapx["run"] = {"status": "failed", **label}
        notebooks.save(marked, failed)
        raise
    duration = time.perf_counter() - clock
    record = records.build(
        entry.id,
        profile=profile,
        parameters=values,
        command=command_line(entry.id, profile, given, output),
        started=started,
        duration=duration,
        claims=done.claims,
        results=chain(*stored_results.held(result, RESULTS_MIME)),
        reports=stored_results.reports_of(result).values(),
        code=code,
    )
    result.metadata.tapx["run"] = {"status": "complete", **label}
    done.record.unlink(missing_ok=True)  # a record never stands beside another run
    notebooks.save(result, done.notebook)
    text = run_pages.page(result, f"{entry.id}: {entry.title}")
    notebooks.write_text(done.page, text)
    notebooks.write_text(done.record, records.dumps(record))
    failed.unlink(missing_ok=True)
    return done


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
    return shlex.join(words)


def _files(folder: Path, chapter: str) -> tuple[Run, Path]:
    """The files of a run that is complete, and the notebook of one that failed."""
    found = [folder / f"{chapter}.{end}" for end in ("ipynb", "html", "json")]
    notebook, page, record = found
    return Run(notebook, page, record, []), folder / f"{chapter}.failed.ipynb"


def _writable(folder: Path, chapter: str, force: bool) -> Path:
    """The output folder, made if missing, in which a file could be written."""
    done, _ = _files(folder, chapter)
    written = (done.notebook, done.page, done.record)
    existing = [path.name for path in written if path.exists()]
    if existing and not force:
        raise Refusal(
            f"output {str(folder)!r} holds {', '.join(existing)} of an earlier run: "
            "choose another folder, or replace them with --force"
        )
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        for path in made:
            if path.is_dir():
                path.rmdir()
        raise Refusal(
            f"output {str(folder)!r} is not a folder that can be written "
            f"({error.strerror}): name a folder, it is made if missing"
        ) from None
    return folder


def _papermill(
    chapter: notebooks.Chapter,
    values: Mapping[str, Any],
    progress: bool,
    timeout: float | None,
) -> notebooks.Notebook:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import remove_error_markers

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
                kernel_name="python3",
                progress_bar=progress,
                cwd=str(chapter.path.parent),
                kernel_manager_class=InterpreterKernelManager,
                timeout_func=timeout and _time_left(timeout),
            )
        except (
            PapermillExecutionError,
            CellTimeoutError,
            DeadKernelError,
            KeyboardInterrupt,
        ) as error:
            partial = notebooks.load(target) if target.is_file() else source
            text = notebooks.plain(str(error)).strip() or "interrupted"
            if isinstance(error, CellTimeoutError):
                text = f"took longer than {timeout:g} seconds"
            # An interrupt leaves tasks behind, of which asyncio would report.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
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
