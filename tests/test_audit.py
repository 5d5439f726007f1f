"""The table of findings: each has a test, or a cell, and these exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tapx.chapters import notebooks

HERE = Path(__file__).parent
PARTS = {
    "E": range(1, 9),
    "M": range(1, 18),
    "C": range(1, 12),
    "X": range(1, 12),
    "P": range(1, 13),
}
ENTRIES = [f"{part}{n}" for part, numbers in PARTS.items() for n in numbers]
TEST = re.compile(r"`(?P<file>test_\w+\.py)(?P<names>(?:::\w+)+)`")
WORDING = re.compile(r"`wording (?P<notebook>[\w-]+) (?P<cell>[\w-]+)`")


def rows():
    """Entry, description, and what stands for it."""
    lines = (HERE / "audit.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("|").split("|") for line in lines if line.startswith("| ")]
    return [
        tuple(one.strip() for one in row) for row in cells[1:] if "---" not in row[0]
    ]


@cache
def names_in(name):
    """The tests of a file, ``NAME`` or ``CLASS::NAME``."""
    (path,) = HERE.rglob(name)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body:
        within = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            f"{prefix}{one.name}"
            for one in within
            if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
        }
    return found


@cache
def cells(name):
    path = notebooks.book_directory() / f"{name}.ipynb"
    return {cell.id for cell in notebooks.load(path).cells}


def test_every_entry_has_one_row():
    assert [row[0] for row in rows()] == ENTRIES
    assert all(len(row) == 3 and row[1] for row in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_stands_for_an_entry_exists(row):
    entry, what, stands = row
    assert stands, f"{entry} ({what}): name a test, or the cell that has the words"
    for one in stands.split(", "):
        test, wording = TEST.fullmatch(one), WORDING.fullmatch(one)
        assert test or wording, f"{one}: write `test_FILE.py::NAME` or `wording …`"
        if test:
            assert test["names"].removeprefix("::") in names_in(test["file"]), one
        if wording:
            assert wording["cell"] in cells(wording["notebook"]), one
