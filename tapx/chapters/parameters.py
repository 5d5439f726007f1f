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
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml

from tapx.checks import Refusal, one_of

TYPES = ("int", "float", "str", "bool", "list[int]", "list[float]", "list[str]")
WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a word",
    "bool": "true or false",
}
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
        name: its name in the notebook.
        type: one of `TYPES`.
        default: its value in the notebook.
        meaning: what it is, in words.
        low: smallest allowed number, or None.
        high: largest allowed number, or None.
        choices: the allowed words, or an empty tuple.
        path: whether it is the path of a file or folder, which any text may be.
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
        return self.type[5:-1] if self.type.startswith("list[") else self.type

    @property
    def range(self) -> str:
        """The allowed values in words."""
        each = "each " if self.type.startswith("list[") else ""
        if self.choices:
            return f"{each}one of {', '.join(self.choices)}"
        if self.path:
            return "a path"
        if self.low is not None:
            return f"{each}{self.low:g} to {self.high:g}".replace("+0", "")
        return "true or false"

    def validate(self, value: Any) -> Any:
        """The value in the parameter's type.

        Args:
            value: a Python value, or text as a command line or a file gives it.

        Raises:
            Refusal: wrong type or out of range; the message names the value, what
                is allowed and the nearest allowed value.
        """
        if not self.type.startswith("list["):
            return self._in_range(self._typed(value))
        if isinstance(value, str):
            value = self._split(value)
        if not isinstance(value, (list, tuple)):
            raise self._wrong_type(value)
        if not value:
            raise Refusal(f"parameter {self.name!r}: the list is empty; give one value")
        return [self._in_range(self._typed(item)) for item in value]

    def _split(self, text: str) -> list[Any]:
        if not text.strip().startswith("["):
            return [item.strip() for item in text.split(",")]
        try:
            items = yaml.load(text, Loader=yaml.BaseLoader)
        except yaml.YAMLError:
            raise self._wrong_type(text) from None
        if not isinstance(items, list):
            raise self._wrong_type(text)
        return items

    def _typed(self, value: Any) -> Any:
        kind = self.item_type
        if kind == "str":
            if isinstance(value, str):
                return value
        elif kind == "bool":
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.strip().lower() in ("true", "false"):
                return value.strip().lower() == "true"
        elif isinstance(value, str):
            return self._number(value.strip(), kind)
        elif not isinstance(value, bool):
            if kind == "int" and isinstance(value, numbers.Integral):
                return int(value)
            if kind == "float" and isinstance(value, numbers.Real):
                return self._finite(float(value), value)
            if isinstance(value, numbers.Real):
                raise self._wrong_type(value, _whole(float(value)))
        raise self._wrong_type(value)

    def _number(self, text: str, kind: str) -> Any:
        if not re.fullmatch(_NUMBER + r"|[-+]?\.\d+", text):
            raise self._wrong_type(text)
        if kind == "float":
            return self._finite(float(text), text)
        if not re.fullmatch(r"[-+]?\d[\d_]*", text):
            raise self._wrong_type(text, _whole(float(text)))
        return int(text)

    def _finite(self, number: float, value: Any) -> float:
        if not math.isfinite(number):
            raise self._wrong_type(value)
        return number

    def _wrong_type(self, value: Any, nearest: Any = None) -> Refusal:
        hint = "" if nearest is None else f"; nearest is {nearest}"
        if self.choices and isinstance(value, str):
            hint = f"; nearest is {_nearest(value, self.choices)}"
        words = WORDS[self.item_type]
        if self.type.startswith("list["):
            words = f"a list of values, each {words}"
        return Refusal(
            f"parameter {self.name!r}: {value!r} is not {words} "
            f"(type {self.type}, allowed: {self.range}){hint}"
        )

    def _in_range(self, value: Any) -> Any:
        if self.choices and value not in self.choices:
            nearest = _nearest(str(value), self.choices)
        elif self.low is not None and value < self.low:
            nearest = f"{self.low:g}"
        elif self.high is not None and value > self.high:
            nearest = f"{self.high:g}"
        else:
            return value
        raise Refusal(
            f"parameter {self.name!r}: {value!r} is out of range "
            f"(allowed: {self.range}); nearest is {nearest}"
        )


def parameters_cell(notebook: Mapping[str, Any]) -> str | None:
    """Source of the cell tagged `parameters`, or None."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get(
            "tags", ()
        ):
            return "".join(cell["source"])
    return None


def of_notebook(notebook: Mapping[str, Any], name: str) -> dict[str, Parameter]:
    """The parameters of a notebook by name.

    Raises:
        Refusal: it has no cell tagged `parameters`.
        ParametersError: the cell does not follow the form above.
    """
    source = parameters_cell(notebook)
    if source is None:
        raise Refusal(
            f"{name} has no parameters cell (a code cell with the tag 'parameters'), "
            "so it cannot be run with parameters"
        )
    return parse(source)


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
    if kind not in TYPES:
        raise ParametersError(f"type {kind!r}: allowed are {', '.join(TYPES)}: {line}")
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
    elif match["choices"]:
        choices = tuple(re.split(r",\s*", match["choices"]))
        parameter = Parameter(name, kind, default, match["meaning"], choices=choices)
    elif match["path"]:
        parameter = Parameter(name, kind, default, match["meaning"], path=True)
        if kind != "str":
            raise ParametersError(f"a path has the type str: {line}")
    else:
        low, high = float(match["low"]), float(match["high"])
        parameter = Parameter(name, kind, default, match["meaning"], low, high)
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
    """The value of every declared parameter.

    Args:
        declared: parameters of the chapter.
        given: values that override all others.
        base: values of a profile, which override the defaults.

    Raises:
        Refusal: an unknown name (with the nearest), a wrong type, out of range.
    """
    values = {name: parameter.default for name, parameter in declared.items()}
    for source in (base or {}, given):
        for name, value in source.items():
            one_of(name, declared, "parameter", Refusal)
            values[name] = declared[name].validate(value)
    return values


def _nearest(word: str, allowed: Any) -> str:
    return get_close_matches(str(word), list(allowed), n=1, cutoff=0.0)[0]


def _whole(number: float) -> int | None:
    return round(number) if math.isfinite(number) else None


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
