"""What commands are given, looked into before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tapx.chapters import notebooks
from tapx.checks import Refusal

PROFILE_FILE = click.option(
    "--profile-file",
    metavar="FILE",
    help="YAML file of your own profiles, in the form of book/profiles.yml: --profile "
    "then names one of them.",
)


def own_profile(chapter: str, profile: str, file: str | None) -> dict[str, Any]:
    """What a profile of a reader's own file sets; nothing if there is no file.

    Raises:
        Refusal: as `profiles.of_file`.
    """
    from tapx.chapters import profiles

    return profiles.of_file(file, chapter, profile) if file else {}


def with_data(
    chapter: str, given: Mapping[str, Any], data: str | None = None
) -> dict[str, Any]:
    """The values with the folder of token files, absolute and looked into.

    A kernel runs in the notebook's folder, so a relative path means nothing to it.

    Raises:
        Refusal: the chapter reads none, or these cannot be used.
    """
    if data == "":
        raise Refusal("--data '' is no folder: name one, or leave --data out")
    if data is None and not given.get("data"):
        return dict(given)
    from tapx.chapters import sources

    entry = notebooks.find(chapter, notebooks.notebook_files())
    _, known = sources.opened(entry)
    if "data" not in known or not known["data"].path:
        if data is None:
            return dict(given)  # an unknown name, or one that means something else here
        raise Refusal(
            f"--data {data!r}: chapter {chapter!r} reads no token files (it has no "
            f"parameter 'data'; its parameters are {', '.join(known) or 'none'})"
        )
    if data is not None and "data" in given:
        raise Refusal("--data and -p data=… say the same: keep one of them")
    from tapx.experiments.language import token_files

    folder = Path(given["data"] if data is None else data).expanduser().absolute()
    sizes = {}
    if "token_ids" in known and "token_ids" in given:
        sizes["vocabulary"] = known["token_ids"].validate(given["token_ids"])
    token_files.load_tokens(folder, **sizes)
    return {**given, "data": str(folder)}
