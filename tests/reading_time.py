"""How long a chapter takes to read: the one rule, which the book states."""

import re
from typing import Any

WORDS_A_MINUTE = 200
FORMULA_MINUTES = 0.25
# Boxes repeat the chapter; exercises and their folded solutions are work, not reading.
LEFT_OUT = re.compile(
    r"^([:`]{3,})\{(?:exercise|solution|admonition)\}.*?^\1[ ]*$",
    re.DOTALL | re.MULTILINE,
)
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)


def minutes(notebook: Any) -> float:
    """Minutes for the prose of a chapter and its displayed formulas; code is free."""
    words, formulas = 0, 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = LEFT_OUT.sub("", cell.source)
            formulas += len(FORMULA.findall(prose))
            words += len(FORMULA.sub("", prose).split())
    return words / WORDS_A_MINUTE + FORMULA_MINUTES * formulas
