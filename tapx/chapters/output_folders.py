"""The folder that a run writes into: not in the book, one run at a time, as found.

Nothing of the user's is removed from it: only what a run wrote, and nobody changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tapx.chapters import book_files, notebooks
from tapx.chapters.run_pages import GENERATOR
from tapx.checks import Refusal

LOCK = ".tapx-run"
"""The file that is locked while a run writes into its folder; it says which."""


def check_output(output: str | Path, book_dir: str | Path | None = None) -> Path:
    """The absolute path of an output folder, which need not be there.

    Raises:
        Refusal: no name was given, or it lies in the book, through links too.
    """
    if not os.fspath(output):
        raise Refusal("output '' is no folder: name one, or leave --output out")
    book = notebooks.book_directory(book_dir)
    try:
        folder = Path(output).expanduser().absolute()
        real = folder.resolve()
        places = [place for place in (real, *real.parents) if place.exists()]
        inside = any(place.samefile(book) for place in places)
    except (OSError, RuntimeError, ValueError) as error:
        raise _unwritable(output, error) from None
    if inside:
        raise Refusal(
            f"output {os.fspath(output)!r} is in the book ({book}), whose chapters a "
            "run must not replace: name a folder outside of it with --output"
        )
    return folder


@contextlib.contextmanager
def held(folder: Path, chapter: str) -> Iterator[None]:
    """An output folder, made if missing, ours alone until the block ends.

    Folders that were made for nothing are removed again.

    Args:
        folder: an absolute path.
        chapter: id of the chapter that runs, which names the files.

    Raises:
        Refusal: files cannot be written there, or another run is under way there.
    """
    made: list[Path] = []
    try:
        try:
            for place in (*reversed(folder.parents), folder):
                if not place.is_dir():
                    with contextlib.suppress(FileExistsError):  # another run's
                        place.mkdir()
                        made.append(place)
            longest = folder / f".{chapter}.failed-99.ipynb.{os.getpid()}"
            with open(longest, "wb"):
                longest.unlink()
            lock = _lock(folder)
        except Refusal:
            raise
        except (OSError, ValueError) as error:
            raise _unwritable(folder, error) from None
        try:
            _sign(lock, chapter)
            yield
        finally:
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink()
            os.close(lock)
    finally:
        for place in reversed(made):
            with contextlib.suppress(OSError):  # something is in it
                place.rmdir()


def _unwritable(folder: str | Path, error: Exception) -> Refusal:
    why = getattr(error, "strerror", None) or error
    return Refusal(
        f"output {os.fspath(folder)!r} is not a folder that can be written ({why}): "
        "name a folder, it is made if missing"
    )


def _lock(folder: Path) -> int:
    """The descriptor of the folder's lock; it goes with its process."""
    path = folder / LOCK
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(lock, path)
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        except FileNotFoundError:
            pass  # whoever had it is just gone
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows, where this is not guarded against
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal(
            f"output {str(path.parent)!r} is in use by {_signed(path)}: wait until it "
            "has ended, or name another folder"
        ) from None
    except OSError:  # a file system without locks, as clusters have them
        return


def _sign(lock: int, chapter: str) -> None:
    who = {"chapter": chapter, "process": os.getpid(), "host": socket.gethostname()}
    with contextlib.suppress(OSError):  # a full disk: then it goes unsaid
        os.ftruncate(lock, 0)
        os.write(lock, json.dumps(who).encode())


def _signed(path: Path) -> str:
    """Which run has locked a folder."""
    try:
        who = book_files.read_object(path)
        return (
            f"a run of {who['chapter']!r} (process {who['process']} on {who['host']})"
        )
    except (Refusal, KeyError):
        return "another run"


# What may be replaced -----------------------------------------------------------------


def check_replaceable(paths: dict[str, Path], force: bool) -> None:
    """Refuse to replace results unasked, and ever what no run wrote.

    Args:
        paths: ``notebook``, ``page`` and ``record``, where they will be written.
        force: whether results of an earlier run may be replaced.
    """
    existing = {what: path for what, path in paths.items() if os.path.lexists(path)}
    if not existing:
        return
    folder = os.fspath(next(iter(paths.values())).parent)
    if not force:
        names = ", ".join(path.name for path in existing.values())
        raise Refusal(
            f"output {folder!r} holds {names} of an earlier run: "
            "choose another folder, or replace them with --force"
        )
    strange = [
        path.name for what, path in existing.items() if not _of_a_run(what, path)
    ]
    if strange:
        raise Refusal(
            f"output {folder!r} holds {', '.join(strange)}, which no run wrote: move "
            "it away, or choose another folder"
        )


def _of_a_run(what: str, path: Path) -> bool:
    """Whether a run may have written a file."""
    try:
        if what == "page":
            return GENERATOR in book_files.read_text(path)
        content = book_files.read_object(path)
        if what == "record":
            return "results_hash" in content
        return "run" in content["metadata"]["tapx"]
    except book_files.FAULTS:
        return False


def mark_failed(notebook: Any, label: dict[str, Any]) -> None:
    """Write into a notebook's metadata that its run failed, and what we wrote of it."""
    notebook.metadata.tapx["run"] = {"status": "failed", **label}
    notebook.metadata.tapx["run"]["cells"] = _digest(notebook)


def left_of_failures(folder: Path, chapter: str) -> list[Path]:
    """The notebooks that failed runs of a chapter left, and nobody has changed."""
    return [p for p in folder.glob(f"{chapter}.failed*.ipynb") if _is_untouched(p)]


def place_of_failure(folder: Path, chapter: str) -> Path:
    """Where the notebook of a run that failed is written: over one of ours only."""
    names = [f"{chapter}.failed.ipynb"]
    names += [f"{chapter}.failed-{n}.ipynb" for n in range(2, 100)]
    for path in (folder / name for name in names):
        if not os.path.lexists(path) or _is_untouched(path):
            return path
    raise Refusal(f"output {os.fspath(folder)!r} holds 99 failed notebooks: move some")


def _is_untouched(path: Path) -> bool:
    try:
        notebook = notebooks.load(path)
        return bool(notebook.metadata.tapx.run["cells"] == _digest(notebook))
    except book_files.FAULTS:
        return False


def _digest(notebook: Any) -> str:
    text = json.dumps(notebooks.normalise(notebook).cells, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
