"""Stored parameter sets of the chapters, from smoke (seconds) to paper (in full)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tapx.chapters import notebooks, parameters, sources
from tapx.chapters.book_files import BrokenFile, naming, read_text, reason
from tapx.checks import Refusal, nearest_word, one_of

PROFILES = ("smoke", "default", "paper-small", "paper", "gpu")
"""The book's names. Language experiments have "paper-small" (at most an hour of two
cores) and "gpu" in the place of "paper"."""


def values(
    notebook: Mapping[str, Any],
    chapter: notebooks.Chapter,
    profile: str,
    given: Mapping[str, Any] | None = None,
    book_dir: str | Path | None = None,
) -> dict[str, Any]:
    """The value of every parameter: as given, else of the profile, else the default.

    Raises:
        Refusal: this chapter has no such profile, or a value or its name is refused.
    """
    stored = available_profiles(chapter.id, book_dir)
    if profile not in stored:
        raise Refusal(
            f"chapter {chapter.id!r} has no profile {profile!r}; did you mean "
            f"{nearest_word(profile, stored)!r}? It has {', '.join(stored)}"
        )
    with naming(chapter.path):
        declared = parameters.of_notebook(notebook, chapter.path.name)
    with _at(f"{_path(book_dir)}: {chapter.id}: {profile}"):
        base = parameters.resolve(declared, stored[profile])
    return parameters.resolve(declared, given or {}, base=base)


def available_profiles(
    chapter: str, book_dir: str | Path | None = None
) -> dict[str, dict[str, Any]]:
    """The profiles of a chapter and what each sets; default sets nothing.

    Those that a reader has added to the book's file come last.
    """
    values = stored(book_dir).get(chapter, {})
    names = [name for name in PROFILES if name == "default" or name in values]
    names += [name for name in values if name not in PROFILES]
    return {name: values.get(name, {}) for name in names}


def stored(book_dir: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """The content of book/profiles.yml: values by chapter id and profile.

    Raises:
        BrokenFile: the file cannot be read, or has another form.
    """
    return _read(_path(book_dir))


def _path(book_dir: str | Path | None) -> Path:
    return notebooks.book_directory(book_dir) / "profiles.yml"


def of_file(
    path: str | Path, chapter: str, profile: str, book_dir: str | Path | None = None
) -> dict[str, Any]:
    """What a profile of a reader's own file sets for a chapter.

    The file has the form of book/profiles.yml. All of it is checked.

    Args:
        path: the file.
        chapter: id of the chapter.
        profile: name of the profile, any word.
        book_dir: the book's folder.

    Raises:
        Refusal: the file cannot be read or has another form, or what it names is not
            there; the message says where.
    """
    path, every = Path(path).expanduser(), notebooks.notebook_files(book_dir)
    notebooks.find(chapter, every)
    found: dict[str, dict[str, Any]] = {}
    for id, named in _read(path).items():
        with _at(str(path)):
            entry = notebooks.find(id, every)
        _, declared = sources.opened(entry)
        found[id] = {}
        for name, given in named.items():
            with _at(f"{path}: {id}: {name}"):
                resolved = parameters.resolve(declared, given)
            found[id][name] = {key: resolved[key] for key in given}
    if chapter not in found:
        there = ", ".join(found) or "none"
        raise Refusal(f"{path}: no profile of chapter {chapter!r}; it has {there}")
    with _at(f"{path}: {chapter}: --profile names no profile of this file"):
        return found[chapter][one_of(profile, found[chapter], "profile", Refusal)]


def _read(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The profiles of a file, by chapter and name; one that sets nothing is empty."""
    text = read_text(path)
    try:
        content = yaml.safe_load(text)
    # A date that there is not is a ValueError.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenFile(f"{path}: is no YAML ({reason(error)})") from None
    return {
        chapter: {
            name: _mapping(given, f"{path}: {chapter}: {name}")
            for name, given in _mapping(named, f"{path}: {chapter}").items()
        }
        for chapter, named in _mapping(content, str(path)).items()
    }


def _mapping(content: Any, place: str) -> dict[str, Any]:
    """The content as names and what stands under them; nothing is no name."""
    content = {} if content is None else content
    if not isinstance(content, dict) or not all(
        isinstance(key, str) for key in content
    ):
        raise BrokenFile(
            f"{place}: here stands {content!r}; the form is chapter, below it profile, "
            "below it parameter: value, as in book/profiles.yml"
        )
    return content


@contextmanager
def _at(place: str) -> Iterator[None]:
    """A refusal names the place, too."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(f"{place}: {refusal}") from None
