"""The folded solutions of the exercises: their code runs, and what it asserts holds."""

import re

import matplotlib
import parameter_use
import pytest
import small_book

from tapx.chapters import notebooks

CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHAPTERS = notebooks.chapters()
SETUP = {"thm-3.1": "lags = (3, 7)"}
"""What a chapter's solutions need besides its imports and parameters."""


def solutions(notebook):
    """Code blocks of the folded solutions."""
    return [
        code
        for cell in notebook.cells
        if cell.cell_type == "markdown" and "{solution}" in cell.source
        for part in cell.source.split("{solution}")[1:]
        for code in CODE.findall(part)
    ]


def run(notebook, extra=""):
    """Each solution in a namespace of its own, after the parameters and imports."""
    first, cells = parameter_use.code_cells(notebook)
    imports = next(source for source in cells if "import " in source)
    for code in solutions(notebook):
        space = {"__name__": "solution"}
        for source in (first, imports, extra, code):
            exec(source, space)


@pytest.mark.parametrize("entry", CHAPTERS, ids=lambda entry: entry.id)
def test_solutions_run(entry, monkeypatch):
    monkeypatch.chdir(entry.path.parent)
    with matplotlib.rc_context():
        run(notebooks.load(entry.path), SETUP.get(entry.id, ""))


def test_the_solutions_of_theorem_3_1_are_found():
    found = {entry.id: solutions(notebooks.load(entry.path)) for entry in CHAPTERS}
    assert len(found["thm-3.1"]) == 3
    assert all("assert" in code for code in found["thm-3.1"])


def test_a_wrong_solution_is_noticed():
    notebook = small_book.tiny()
    cell = notebook.cells[0]
    cell.source += "\n```{solution} x\n:class: dropdown\n```\n\n"
    run(notebook)
    cell.source += "```python\nassert 1 + 1 == 3\n```\n"
    with pytest.raises(AssertionError):
        run(notebook)
