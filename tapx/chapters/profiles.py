"""Stored parameter sets of the chapters, from smoke (seconds) to paper (in full)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tapx.chapters import notebooks
from tapx.checks import Refusal, one_of

PROFILES = ("smoke", "default", "paper-small", "paper", "gpu")
"""All names. Language experiments have "paper-small" (at most an hour of two cores) and
"gpu" in the place of "paper"."""


def profile_values(
    chapter: str, profile: str, book_dir: str | Path | None = None
) -> dict[str, Any]:
    """The values that a profile sets, from book/profiles.yml.

    Raises:
        Refusal: there is no such profile, or this chapter has none of that name.
    """
    one_of(profile, PROFILES, "profile", Refusal)
    stored = available_profiles(chapter, book_dir)
    if profile not in stored:
        raise Refusal(
            f"chapter {chapter!r} has no profile {profile!r}: it has "
            f"{', '.join(stored)}"
        )
    return stored[profile]


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
