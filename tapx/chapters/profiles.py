"""Stored parameter sets of the chapters, from smoke (seconds) to paper (in full)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tapx.chapters import notebooks, parameters
from tapx.checks import Refusal, one_of

PROFILES = ("smoke", "default", "paper-small", "paper", "gpu")
"""All names. Language experiments have "paper-small" (at most an hour of two cores) and
"gpu" in the place of "paper"."""


def values(
    notebook: Mapping[str, Any],
    chapter: notebooks.Chapter,
    profile: str,
    given: Mapping[str, Any] | None = None,
    book_dir: str | Path | None = None,
) -> dict[str, Any]:
    """The value of every parameter: as given, else of the profile, else the default.

    Raises:
        Refusal: there is no such profile, this chapter has none of that name, or a
            value or its name is refused.
    """
    one_of(profile, PROFILES, "profile", Refusal)
    stored = available_profiles(chapter.id, book_dir)
    if profile not in stored:
        raise Refusal(
            f"chapter {chapter.id!r} has no profile {profile!r}: it has "
            f"{', '.join(stored)}"
        )
    declared = parameters.of_notebook(notebook, chapter.path.name)
    return parameters.resolve(declared, given or {}, base=stored[profile])


def available_profiles(
    chapter: str, book_dir: str | Path | None = None
) -> dict[str, dict[str, Any]]:
    """The profiles of a chapter and what each sets; default sets nothing."""
    values = stored(book_dir).get(chapter) or {}
    return {
        name: dict(values.get(name) or {})
        for name in PROFILES
        if name == "default" or name in values
    }


def stored(book_dir: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """The content of book/profiles.yml: values by chapter id and profile."""
    source = notebooks.book_directory(book_dir) / "profiles.yml"
    return yaml.safe_load(source.read_text(encoding="utf-8")) or {}
