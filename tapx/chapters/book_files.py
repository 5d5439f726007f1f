"""The files of a book as they are read: what is wrong with one is said, and of which.

Whatever reads a notebook, a record or the profiles reads it here, so that a file that
was cut short, is not text or is a folder ends a command with one line that names it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tapx.checks import Refusal

FAULTS = (
    *(ValueError, OSError, KeyError, TypeError, AttributeError, IndexError),
    *(ArithmeticError, SyntaxError, RecursionError),
)
"""What reading raises of a file that is not what it should be."""
CELLS = ("code", "markdown", "raw")
SHOWN = ("display_data", "execute_result")


class BrokenFile(Refusal):
    """A file of the book is not what it should be: the message begins with its path."""


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn whatever a file makes go wrong into a BrokenFile; refusals stay."""
    try:
        yield
    except Refusal:
        raise
    except FAULTS as error:
        raise BrokenFile(f"{path}: {reason(error)}") from None


def reason(error: BaseException) -> str:
    """What an error says, in one line."""
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON, or was cut short ({error})"
    if isinstance(error, UnicodeDecodeError):
        return f"is not encoded in UTF-8 (byte {error.start})"
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    if isinstance(error, KeyError):
        return f"lacks {error}"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return " ".join(str(error).split()) or type(error).__name__


def is_there(path: Path) -> bool:
    """Whether something stands at a path, be it only a folder or a dangling link."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise BrokenFile(f"{path}: {reason(error)}") from None
    return True


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        BrokenFile: it cannot be read, or is not encoded in UTF-8.
    """
    with naming(path):
        return path.read_text(encoding="utf-8")


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file.

    Raises:
        BrokenFile: it cannot be read, or holds none.
    """
    with naming(path):
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise TypeError(f"holds no JSON object, but {type(data).__name__}")
        return data


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook file of format 4 as plain JSON.

    Raises:
        BrokenFile: it cannot be read, or is no such notebook.
    """
    data = read_object(path)
    with naming(path):
        if not isinstance(data.get("cells"), list):
            raise TypeError("is no notebook of format 4: it has no list of cells")
        if not isinstance(data.get("metadata"), dict):
            raise TypeError("is no notebook of format 4: it has no metadata")
        for number, cell in enumerate(data["cells"]):
            if wrong := _misfit(cell):
                raise TypeError(f"cell {number}: {wrong}")
    return data


def _misfit(cell: Any) -> str:
    """What is wrong with a cell; empty if it is one."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in CELLS:
        return f"is no cell (its cell_type must be one of {', '.join(CELLS)})"
    metadata, outputs = cell.get("metadata"), cell.get("outputs", [])
    if not isinstance(metadata, dict) or not _texts(metadata.get("tags", [])):
        return "its metadata, or its tags, have another form"
    if not _text(cell.get("source")) or not isinstance(cell.get("id", ""), str):
        return "its source or its id is no text"
    if cell["cell_type"] == "code" and "outputs" not in cell:
        return "a cell of code needs a list of outputs"
    if not isinstance(outputs, list) or not all(map(_is_output, outputs)):
        return "an output has another form"
    return ""


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict):
        return False
    kind = output.get("output_type")
    if kind == "stream":
        return _text(output.get("text")) and isinstance(output.get("name"), str)
    if kind in SHOWN:
        data = output.get("data")
        return isinstance(data, dict) and all(
            _text(data[mime]) for mime in data if not mime.endswith("json")
        )
    return kind == "error"


def _text(value: Any) -> bool:
    return isinstance(value, str) or _texts(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
