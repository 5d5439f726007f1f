"""A chapter as it is asked to run: its notebook and parameters, and the profiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tapx.chapters import notebooks, parameters
from tapx.chapters.book_files import BrokenFile, naming, read_text
from tapx.chapters.parameters import Parameter
from tapx.checks import Refusal


def opened(
    chapter: notebooks.Chapter, book_dir: str | Path | None = None
) -> tuple[notebooks.Notebook, dict[str, Parameter]]:
    """The notebook of a chapter, and its parameters by name.

    Raises:
        Refusal: the chapter has no parameters cell.
        BrokenFile: the notebook, its parameters cell or the book's profiles cannot be
            read; the message names the file.
    """
    check_profiles(book_dir)
    notebook = notebooks.load(chapter.path)
    with naming(chapter.path):
        return notebook, parameters.of_notebook(notebook, chapter.path.name)


def check_profiles(book_dir: str | Path | None = None) -> None:
    """Refuse (BrokenFile) a profiles.yml that is missing, or of another form."""
    path = notebooks.book_directory(book_dir) / "profiles.yml"
    text = read_text(path)
    try:
        with naming(path):
            content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "a character that is not allowed"
        raise BrokenFile(f"{path}: is no YAML: {problem}{where}") from None
    if not _mapping(content):
        raise BrokenFile(f"{path}: holds no chapters with their profiles")
    for chapter, profiles in content.items():
        if not _mapping(profiles) or not all(
            one is None or _mapping(one) for one in profiles.values()
        ):
            raise BrokenFile(
                f"{path}: {chapter}: write each profile as NAME: {{parameter: value}}"
            )


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def check_texts(values: Mapping[str, Any]) -> None:
    """Refuse values that no notebook can hold: text that is not valid UTF-8."""
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and not is_utf8(one):
                raise Refusal(
                    f"parameter {name!r}: {one!r} is not valid UTF-8; rename it, or "
                    "make a link of another name to it"
                )


def is_utf8(text: str) -> bool:
    """Whether a text can be written down: no byte of it stands for itself."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
