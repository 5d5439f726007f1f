"""The parameters of a chapter: read from its parameters cell, checked before a run.

A parameters cell has one plain literal a line, with meaning and allowed range:

    heads: int = 16  # heads in the block, 2 to 64
    position: str = "lin"  # position function, one of lin, log
    head_counts: list[int] = [1, 8]  # heads of each cell, each 1 to 64
    dense: bool = False  # whether to evaluate all positions
    data: str = ""  # folder of token files, or empty for the speeches, a path

A comment may go on in comment lines of its own below.
"""

# Kept by hand, since we know of nothing better: papermill reads names, types, defaults
# and comments of such a cell, but has no ranges and checks no value.

from __future__ import annotations

import ast
import io
import math
import numbers
import os
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tapx.checks import Refusal, nearest_word, one_of

TYPES: dict[str, tuple[str, Any, Any]] = {
    "int": ("a whole number", numbers.Integral, int),
    "float": ("a number", numbers.Real, float),
    "str": ("a word", str, str),
    "bool": ("true or false", bool, bool),
}
"""Of each type of one value: its words, what passes for it, and what it becomes."""
MANY = 1000
"""Digits from which on Python may refuse to read a whole number."""
LISTS = ("list[int]", "list[float]", "list[str]")
_NUMBER = r"[-+]?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(
    rf"(?P<meaning>.*?),\s+(?P<each>each\s+)?"
    rf"(?:one of\s+(?P<choices>.+)|(?P<path>a path)|"
    rf"(?P<low>{_NUMBER}) to (?P<high>{_NUMBER}))"
)


class ParametersError(ValueError):
    """The parameters cell itself is not as agreed: the message says which line."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a chapter.

    Attributes:
        type: one of `TYPES` or `LISTS`.
        default: its value in the notebook.
        meaning: what it is, in words.
        low: smallest allowed number, or None.
        high: largest allowed number, or None.
        choices: the allowed words, or an empty tuple.
        path: whether it is the path of a file or folder, which any text may be; its
            values are absolute, or empty.
    """

    name: str
    type: str
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    path: bool = False

    @property
    def item_type(self) -> str:
        """The type of one value: that of the items for a list."""
        return self.type.removeprefix("list[").removesuffix("]")

    @property
    def range(self) -> str:
        """The allowed values in words."""
        each = "each " if self.type in LISTS else ""
        if self.choices:
            return f"{each}one of {', '.join(self.choices)}"
        if self.path:
            return "a path"
        if self.low is not None and self.high is not None:
            return f"{each}{self._text(self.low)} to {self._text(self.high)}"
        return "true or false"

    def validate(self, value: Any) -> Any:
        """A value, or the text of one as a command line gives it, in the right type.

        Raises:
            Refusal: wrong type or out of range; the message names the value, what
                is allowed and the nearest allowed value.
        """
        if self.type not in LISTS:
            return self._in_range(self._typed(value))
        if isinstance(value, str):
            value = self._split(value)
        if not isinstance(value, (list, tuple)):
            raise self._refusal(f"{value!r} is not a list")
        if not value:
            raise Refusal(f"parameter {self.name!r}: the list is empty; give one value")
        return [self._in_range(self._typed(item)) for item in value]

    def _split(self, text: str) -> list[Any]:
        """The items of a list as a command line gives it."""
        if not text.strip().startswith("["):
            return [item.strip() for item in text.split(",")] if text.strip() else []
        try:
            items = yaml.load(text, Loader=yaml.BaseLoader)
        except yaml.YAMLError:
            items = None
        if not isinstance(items, list):
            raise self._refusal(f"{text!r} is not a list")
        return items

    def _typed(self, given: Any) -> Any:
        """One value in its type; text is read as a command line gives it."""
        kind = self.item_type
        reads = isinstance(given, str) and kind != "str"
        value: Any = _read(given.strip(), kind) if reads else given
        words, suits, become = TYPES[kind]
        suitable = isinstance(value, suits) and (
            isinstance(value, bool) == (kind == "bool")
        )
        if suitable and (kind != "float" or math.isfinite(value)):
            return self._whole(become(value)) if self.path else become(value)
        raise self._refusal(f"{given!r} is not {words}", self._nearest(value))

    def _whole(self, path: str) -> str:
        """The path of a file as any process finds it: kernels run in other folders."""
        return path and os.path.join(os.getcwd(), os.path.expanduser(path))

    def _in_range(self, value: Any) -> Any:
        if self._nearest(value) in (value, None):
            return value
        raise self._refusal(f"{value!r} is out of range", self._nearest(value))

    def _nearest(self, value: Any) -> Any:
        """The allowed value nearest to another; None if there is no saying."""
        if self.choices and isinstance(value, str):
            return value if value in self.choices else nearest_word(value, self.choices)
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if self.low is None or self.high is None or not number or math.isnan(value):
            return None
        near: Any = min(max(value, self.low), self.high)
        return near if self.item_type == "float" else round(near)

    def _refusal(self, problem: str, near: Any = None) -> Refusal:
        """What is wrong, what is allowed, and the nearest value, as one may type it."""
        hint = ""
        if near is not None:
            hint = f"; nearest is {near if self.choices else self._text(near)}"
        elif self.type in LISTS:
            hint = "; a list is written 1,8 or [1, 8]"
        return Refusal(
            f"parameter {self.name!r}: {problem} (type {self.type}, allowed: "
            f"{self.range}){hint}"
        )

    def _text(self, number: float) -> str:
        """A number as a command line takes it, all its digits kept."""
        if self.item_type == "int":
            return str(int(number))
        short = f"{number:g}"
        return short if float(short) == number else repr(float(number))


def of_notebook(notebook: Mapping[str, Any], name: str) -> dict[str, Parameter]:
    """The parameters of a notebook by name.

    Raises:
        Refusal: it has no cell tagged `parameters`.
        ParametersError: the cell does not follow the form above.
    """
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", ())
        if cell["cell_type"] == "code" and "parameters" in tags:
            return parse("".join(cell["source"]))
    raise Refusal(
        f"{name} has no parameters cell (a code cell with the tag 'parameters'), "
        "so it cannot be run with parameters"
    )


def parse(source: str) -> dict[str, Parameter]:
    """Read a parameters cell.

    Raises:
        ParametersError: a line is not ``name: type = literal  # meaning, range``.
    """
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in ast.parse(source).body:
        line = source.splitlines()[statement.lineno - 1]
        if not isinstance(statement, ast.AnnAssign) or statement.value is None:
            raise ParametersError(f"not 'name: type = value  # meaning, range': {line}")
        parameter = _parameter(statement, comments.get(statement.end_lineno or 0), line)
        if parameter.name in found:
            raise ParametersError(f"parameter {parameter.name!r} is set twice")
        found[parameter.name] = parameter
    return found


def _comments(source: str) -> dict[int, str]:
    """The comment of each line of code, with the comment lines below it."""
    found: dict[int, str] = {}
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0], token.string.lstrip("# ").strip()
        if token.line.lstrip().startswith("#"):
            if last:
                found[last] = f"{found[last]} {text}"
        else:
            last = line
            found[line] = text
    return found


def _parameter(statement: ast.AnnAssign, comment: str | None, line: str) -> Parameter:
    name, kind = ast.unparse(statement.target), ast.unparse(statement.annotation)
    if kind not in (*TYPES, *LISTS):
        allowed = ", ".join((*TYPES, *LISTS))
        raise ParametersError(f"type {kind!r}: allowed are {allowed}: {line}")
    if not comment:
        raise ParametersError(f"the comment 'meaning, range' is missing: {line}")
    try:
        assert statement.value is not None
        default = ast.literal_eval(statement.value)
    except ValueError:
        raise ParametersError(f"the value is not a plain literal: {line}") from None
    match = _RANGE.fullmatch(comment)
    if kind == "bool":
        parameter = Parameter(name, kind, default, comment)
    elif match is None:
        raise ParametersError(f"no range ('1 to 64' or 'one of a, b') ends: {line}")
    else:
        choices = tuple(re.split(r",\s*", match["choices"])) if match["choices"] else ()
        low, high = (
            float(match[end]) if match[end] else None for end in ("low", "high")
        )
        path = bool(match["path"])
        if kind in ("int", "list[int]") and any(end and end % 1 for end in (low, high)):
            raise ParametersError(f"a whole number has whole ends of its range: {line}")
        parameter = Parameter(
            name, kind, default, match["meaning"], low, high, choices, path
        )
        if path and kind != "str":
            raise ParametersError(f"a path has the type str: {line}")
    if (parameter.item_type == "str") != bool(parameter.choices or parameter.path):
        raise ParametersError(
            f"words need 'one of …' or 'a path', numbers 'LOW to HIGH': {line}"
        )
    try:
        parameter.validate(default)
    except Refusal as refusal:
        raise ParametersError(f"the default does not fit: {refusal}") from None
    return parameter


def resolve(
    declared: Mapping[str, Parameter],
    given: Mapping[str, Any],
    *,
    base: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The value of every parameter: as given, else of `base`, else the default.

    Raises:
        Refusal: an unknown name (with the nearest), a wrong type, out of range.
    """
    values = {name: parameter.default for name, parameter in declared.items()}
    for source in (base or {}, given):
        for name, value in source.items():
            one_of(name, declared, "parameter", Refusal)
            values[name] = declared[name].validate(value)
    return values


def _read(text: str, kind: str) -> Any:
    """A text as the number or the truth value that it spells, else the text."""
    if kind == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "int" and re.fullmatch(r"[-+]?\d[\d_]*", text) and len(text) < MANY:
        return int(text)
    return float(text) if re.fullmatch(_NUMBER + r"|[-+]?\.\d+", text) else text


def assignments(
    given: Iterable[str], option: str = "-p", example: str = "heads=8"
) -> dict[str, str]:
    """Texts NAME=VALUE as a dictionary.

    Args:
        given: the texts.
        option: what they stood behind, for the message.
        example: a text that would be right.

    Raises:
        Refusal: a text of another form, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise Refusal(
                f"{option} {text!r}: write it as NAME=VALUE, such as {option} {example}"
            )
        if name in found:
            raise Refusal(f"parameter {name!r} is given twice: keep one of them")
        found[name] = value.strip()
    return found
