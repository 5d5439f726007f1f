"""What the stored results rest on: versions, machines, witnesses, times, settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapx import witnesses
from tapx.chapters import notebooks, records, stored_results
from tapx.chapters.book_files import is_there, naming, read_object
from tapx.chapters.profiles import PROFILES
from tapx.show.tables import Table


def versions(book_dir: str | Path | None = None) -> Table:
    """The versions that the stored results were computed with."""
    return Table(("Package", "Version"), _occurring("versions", book_dir), "Versions")


def machines(book_dir: str | Path | None = None) -> Table:
    """The machines that the stored results were computed on."""
    return Table(("Machine", "Value"), _occurring("machine", book_dir), "Machine")


def seconds(profile: str = "default", book_dir: str | Path | None = None) -> float:
    """Sum of the run times of the stored runs of a profile, in seconds."""
    stored = records.stored_records(profile, book_dir)
    return float(sum(record["duration_s"] for record in stored))


def run_times(
    profile: str = "default", digits: int = 1, book_dir: str | Path | None = None
) -> Table:
    """Run time, with so many decimals, date, claims and command of stored runs."""
    titles = {entry.id: entry.title for entry in notebooks.chapters(book_dir)}
    rows = [
        (
            titles.get(record["chapter"], record["chapter"]),
            f"{record['duration_s']:.{digits}f}",
            len(record["claims"]),
            record["started"][:10],
            record["command"],
        )
        for record in records.stored_records(profile, book_dir)
    ]
    head = ("Chapter", "Seconds", "Claims", "Date", "Command")
    return Table(head, rows, f"Run times of the {profile} runs")


@dataclass(frozen=True)
class Settings:
    """What `make machines` found: everything re-run under several arithmetics.

    Its `rows`, one a setting, are those that `tests/run_machines.py` stores.
    """

    rows: list[dict[str, Any]]

    @property
    def ran(self) -> int:
        """How many settings were run; the others are named with the reason."""
        return sum(not row["note"] for row in self.rows)

    @property
    def agreeing(self) -> int:
        """Under how many settings every test passed and every cell agreed."""
        return sum(row["agrees"] for row in self.rows)

    def table(self) -> Table:
        """One row a setting."""
        numbers = ("Tests", "Cells", "Failed", "Minutes")
        rows = []
        for row in self.rows:
            taken = row["taken"], row["tests"], row["cells"], row["failed"]
            cells = (*taken, f"{row['seconds'] / 60:.0f}")
            if row["note"]:
                cells = (f"not run: {row['note']}", "", "", "", "")
            commit = (row["commit"] or "unknown")[:10]
            rows.append((row["setting"], *cells, row["date"], commit))
        head = ("Setting", "What was taken", *numbers, "Date", "Commit")
        return Table(head, rows, "Settings of arithmetic and what agreed under them")


def settings(book_dir: str | Path | None = None) -> Settings:
    """The stored table of `make machines`; FileNotFoundError if there is none."""
    source = notebooks.book_directory(book_dir) / "records" / "machines.json"
    if not is_there(source):
        raise FileNotFoundError(
            "no table of settings is stored; make machines writes it"
        )
    with naming(source):
        return Settings(read_object(source)["settings"])


def asked() -> set[str]:
    """Name and key of each stored witness that a chapter's default run asked for."""
    return {name for used in _used() for name in used["stored"]}


def searched() -> list[str]:
    """What the stored default runs had to search, for want of a witness."""
    return [name for used in _used() for name in used["searched"]]


def witnesses_by_kind() -> Table:
    """How many stored witnesses there are of each kind, and what one claims."""
    stored = list(witnesses.stored().values())
    rows = []
    for kind in sorted({entry["kind"] for entry in stored}):
        entries = [entry for entry in stored if entry["kind"] == kind]
        longest = max(entries, key=lambda entry: entry["size"].get("heads", 0))
        rows.append((kind, len(entries), longest["name"], longest["claim"]))
    head = ("Kind", "Witnesses", "One of them", "Its claim")
    return Table(head, rows, "Stored witnesses by kind")


def _used() -> list[dict[str, list[str]]]:
    stored = (notebooks.load(chapter.path) for chapter in notebooks.chapters())
    return [stored_results.witnesses_of(notebook) for notebook in stored]


def _occurring(part: str, book_dir: str | Path | None) -> list[tuple[str, str]]:
    """A row for each name in this part of any record, with all values that occur."""
    values: dict[str, dict[str, None]] = {}
    for profile in PROFILES:
        for record in records.stored_records(profile, book_dir):
            for name, value in record[part].items():
                values.setdefault(name, {})[str(value)] = None
    return [(name, ", ".join(seen)) for name, seen in values.items()]
