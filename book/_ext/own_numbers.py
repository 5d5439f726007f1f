"""Numbers of statements: the paper's for the paper's, with a B for those of the book.

Sphinx numbers a statement by the book's chapter. So "Theorem 3.1" would be one of the
book's third chapter, and no reader could tell it from the paper's Theorem 3.1. Here a
statement whose title is a number of the paper carries that number, in its heading and
wherever it is referred to, and every other one has a B before its own.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PAPERS = re.compile(
    r"\((?:Theorem|Proposition|Lemma) (?P<number>[A-H\d]\.\d+) (?P<rest>of the paper)\)"
)
"""The title of a statement of the paper. Its number moves out of the parentheses."""


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note the statements of the paper on a page that was just read."""
    for title in doctree.findall(nodes.title):
        match = PAPERS.fullmatch(title.astext().strip())
        for label in title.parent["ids"] if match else ():
            app.env.proof_list[label]["papers"] = match["number"]
            title[:] = [nodes.Text(f" ({match['rest']})")]


def number(app: Sphinx, env: BuildEnvironment) -> None:
    """Replace the numbers of all statements, before any page is written."""
    statements = getattr(env, "proof_list", {})
    for counted in env.toc_fignumbers.values():
        for ids in counted.values():
            for label in ids.keys() & statements.keys():
                chapter, *rest = ids[label]
                papers = statements[label].get("papers")
                ids[label] = (papers,) if papers else (f"B{chapter}", *rest)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", collect)
    app.connect("env-check-consistency", number)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
