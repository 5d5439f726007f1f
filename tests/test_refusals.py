"""Wrong input is refused in words that help: the tables in `refusals/`, row by row.

A table maps words, a regular expression, to the call that is refused with them, or to
several. Its name is its error in capitals.
"""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from tapx.chapters.parameters import ParametersError
from tapx.checks import Refusal
from tapx.kernels.balls import PrecisionError

TABLES = sorted((Path(__file__).parent / "refusals").glob("*.py"))
WINGS = [import_module(f"refusals.{table.stem}") for table in TABLES]
ERRORS = {
    "ARITHMETIC_ERROR": ArithmeticError,
    "PARAMETERS_ERROR": ParametersError,
    "PRECISION_ERROR": PrecisionError,
    "REFUSAL": Refusal,
    "TYPE_ERROR": TypeError,
    "VALUE_ERROR": ValueError,
}


ROWS = [
    pytest.param(error, words, call, id=f"{wing.__name__.split('.')[1]}: {words}")
    for wing in WINGS
    for name, error in ERRORS.items()
    for words, calls in getattr(wing, name, {}).items()
    for call in (calls if isinstance(calls, tuple) else (calls,))
]


@pytest.mark.parametrize(("error", "words", "call"), ROWS)
def test_refused(error, words, call):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("wing", WINGS, ids=lambda wing: wing.__name__)
def test_the_words_are_not_those_of_the_call(wing):
    """Else a message that only repeats what was given would do."""
    tree = ast.parse(Path(wing.__file__).read_text(encoding="utf-8"))
    for table in ast.walk(tree):
        if isinstance(table, ast.Assign) and ast.unparse(table.targets[0]) in ERRORS:
            for words, call in zip(table.value.keys, table.value.values, strict=True):
                assert not re.search(words.value, ast.unparse(call)), words.value
