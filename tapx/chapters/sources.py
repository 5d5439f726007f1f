"""A chapter as it is asked to run: its notebook and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tapx.chapters import notebooks, parameters
from tapx.chapters.book_files import naming
from tapx.chapters.parameters import Parameter
from tapx.checks import Refusal


def opened(
    chapter: notebooks.Chapter,
) -> tuple[notebooks.Notebook, dict[str, Parameter]]:
    """The notebook of a chapter, and its parameters by name.

    Raises:
        Refusal: the chapter has no parameters cell.
        BrokenFile: the notebook, or its parameters cell, cannot be read.
    """
    notebook = notebooks.load(chapter.path)
    with naming(chapter.path):
        return notebook, parameters.of_notebook(notebook, chapter.path.name)


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
