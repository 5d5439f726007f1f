"""Which stored records are of the code that their chapters have today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tapx.chapters import code_hash, notebooks, profiles, records
from tapx.chapters.book_files import BrokenFile, is_there, naming
from tapx.checks import Refusal

CURRENT, OLDER, UNKNOWN = "current", "older than its chapter", "of unknown code"


def check_records(
    names: Iterable[str] = (),
    *,
    book_dir: str | Path | None = None,
    tell: Callable[[str], None] = print,
) -> list[str]:
    """Say of each stored record whether it is of its chapter's code of today.

    Args:
        names: chapters to look at; all if empty.
        book_dir: the book's folder.
        tell: takes one line a record.

    Returns:
        What must be mended, one text each: a record that was changed after its run;
        and a record of the default profile that is missing, older than its chapter or
        of unknown code, since `rerun` makes it in minutes. Long runs are only told of.

    Raises:
        BrokenFile: a notebook, a record or the profiles cannot be read.
    """
    every = notebooks.chapters(book_dir)
    profiles.stored(book_dir)  # broken, they are refused before anything is told
    wanted = [notebooks.find(name, every) for name in names] or every
    package = code_hash.Package()
    problems: list[str] = []
    for chapter in wanted:
        for profile in profiles.PROFILES:
            where = f"{chapter.id}, {profile}"
            again = f"python -m tapx rerun {chapter.id}"
            if not is_there(records.path(chapter.id, profile, book_dir)):
                if profile == "default":
                    tell(f"{where}: missing")
                    problems.append(f"{where}: no record is stored; make it: {again}")
                continue
            try:
                record = records.read(chapter.id, profile, book_dir)
            except BrokenFile:
                raise
            except ValueError as error:
                tell(f"{where}: changed or incomplete")
                problems.append(f"{where}: {error}")
                continue
            word = standing(record, chapter, package, book_dir)
            tell(f"{where}: {word}, {_ran(record)}")
            if profile == "default" and word != CURRENT:
                problems.append(f"{where}: the record is {word}; make it anew: {again}")
    return problems


def standing(
    record: Mapping[str, Any],
    chapter: notebooks.Chapter,
    package: code_hash.Package | None = None,
    book_dir: str | Path | None = None,
) -> str:
    """Whether a record is current, older than its chapter (and in what), or unknown."""
    if record["code"] is None:
        return UNKNOWN
    notebook = notebooks.load(chapter.path)
    with naming(chapter.path):
        today = code_hash.of_notebook(notebook, package)
    changed = [part for part in today if record["code"][part] != today[part]]
    given = notebook, chapter, record["profile"]
    try:
        set_today = profiles.values(*given, book_dir=book_dir)
    except Refusal:
        set_today = {}
    if record["parameters"] != set_today:
        changed.append("parameters")
    return f"{OLDER} ({', '.join(changed)})" if changed else CURRENT


def _ran(record: Mapping[str, Any]) -> str:
    """When a record was made, and from which commit."""
    code = record["code"] or {"commit": None}
    commit = "no commit" if code["commit"] is None else f"commit {code['commit'][:10]}"
    changed = ", with changes" if code.get("clean") is False else ""
    return f"{record['started'][:10]}, {commit}{changed}"
