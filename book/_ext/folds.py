"""What a fold of code is called: by what its cell does, not all alike.

MyST-NB takes a fold's words from the cell's metadata. They follow from the cell, so
they are not stored in it: this extension adds them as a page is read.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from sphinx.application import Sphinx

FOLDED = "hide-input"
CALLED = {
    "claim": "claims",
    "claims_table": "table of claims",
    "report": "numbers for the text",
    "reports": "numbers for the text",
    "Table": "table",
    "print": "table",
}
"""What a cell that calls this is for; the first that applies comes first."""


def content(cell: Mapping[str, Any]) -> str:
    """What the code of a cell is for, in a word or two."""
    if "parameters" in cell["metadata"].get("tags", ()):
        return "parameters"
    tree = ast.parse("".join(cell["source"]))
    named = ["imports"] if isinstance(tree.body[0], ast.Import | ast.ImportFrom) else []
    if any("image/png" in output.get("data", {}) for output in cell["outputs"]):
        named.append("figure")
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    named += [word for name, word in CALLED.items() if name in called]
    return " and ".join(list(dict.fromkeys(named))[:2]) or "computation"


def name_folds(app: Sphinx, page: str, source: list[str]) -> None:
    """Name the folds of a notebook that is about to be read."""
    if not str(app.env.doc2path(page)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if FOLDED in cell["metadata"].get("tags", ()):
            said = content(cell)
            prompts = cell["metadata"].setdefault("mystnb", {})
            prompts["code_prompt_show"] = f"Show code: {said}"
            prompts["code_prompt_hide"] = f"Hide code: {said}"
    source[0] = json.dumps(notebook)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", name_folds)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
