"""What commands are given, looked into before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from tapx.chapters import notebooks
from tapx.checks import Refusal

if TYPE_CHECKING:
    from tapx.chapters.parameters import Parameter

PROFILE_FILE = click.option(
    "--profile-file",
    metavar="FILE",
    help="YAML file of your own profiles, in the form of book/profiles.yml: --profile "
    "then names one of them.",
)


def own_profile(
    chapter: str, profile: str, file: str | None
) -> tuple[str, dict[str, Any]]:
    """The profile of the book to start from, and what a reader's own file sets.

    Raises:
        Refusal: as `profiles.of_file`.
    """
    from tapx.chapters import profiles

    if file is None:
        return profile, {}
    return "default", profiles.of_file(file, chapter, profile)


def with_data(
    chapter: str, own: Mapping[str, Any], given: Mapping[str, Any], data: str | None
) -> dict[str, Any]:
    """What a profile, the command line and ``--data`` set, the later ones first heard.

    Raises:
        Refusal: the chapter reads no token files, or they are named twice.
    """
    chosen = {**own, **given}
    if data is None:
        return chosen
    if data == "":
        raise Refusal("--data '' is no folder: name one, or leave --data out")
    _, known = _opened(chapter)
    if not _reads_tokens(known):
        raise Refusal(
            f"--data {data!r}: chapter {chapter!r} reads no token files (it has no "
            f"parameter 'data'; its parameters are {', '.join(known) or 'none'})"
        )
    if "data" in given:
        raise Refusal("--data and -p data=… say the same: keep one of them")
    return {**chosen, "data": data}


def check_data(chapter: str, runs: Iterable[Mapping[str, Any]]) -> None:
    """Look into the token files that runs of a chapter would read, if they read any.

    Args:
        chapter: its id.
        runs: the value of every parameter, for each run.

    Raises:
        Refusal: they cannot be used.
    """
    _, known = _opened(chapter)
    if not _reads_tokens(known):
        return
    from tapx.experiments.language import token_files

    sizes = {"vocabulary": "token_ids"} if "token_ids" in known else {}
    files = {(run["data"], *(run[name] for name in sizes.values())) for run in runs}
    for folder, *numbers in sorted(files):
        if folder:
            token_files.load_tokens(folder, **dict(zip(sizes, numbers, strict=True)))


def values_of(
    chapter: str, profile: str, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The value of every parameter of one run; Refusal as `profiles.values`."""
    from tapx.chapters import profiles

    (entry, source), _ = _opened(chapter)
    return profiles.values(source, entry, profile, given)


def _opened(chapter: str) -> tuple[tuple[notebooks.Chapter, Any], dict[str, Parameter]]:
    from tapx.chapters import sources

    entry = notebooks.find(chapter, notebooks.notebook_files())
    source, known = sources.opened(entry)
    return (entry, source), known


def _reads_tokens(known: Mapping[str, Parameter]) -> bool:
    return "data" in known and known["data"].path
