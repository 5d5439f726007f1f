"""The results of the paper in one table, from the registry and the ledger.

The directive has neither arguments nor content::

    ```{paper-table}
    ```

On narrow pages every row is a card: `pages.css` puts the names of the columns into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import book_claims
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import tapx
from tapx.chapters import claim_words, paper_rows

HEAD = (
    "Result",
    "Statement, and where it is built",
    "Explicit bound",
    "Certified",
    "Best known",
    "Proved floor",
    "Published",
    "Verdict",
)
WIDTHS = (11, 36, 8, 8, 9, 8, 11, 13)
NUMBERS = {"bound": "up", "certified": "up", "best known": "up", "floor": "down"}
"""The columns of numbers, and the safe side of each."""


class PaperTable(SphinxDirective):
    """One row for each result and each experiment."""

    def run(self) -> list[nodes.Node]:
        """Return the table, made anew whenever a chapter changes."""
        rows, pages = read(self)
        table = nodes.table(classes=["paper-table"])
        group = nodes.tgroup(cols=len(HEAD))
        group += [nodes.colspec(colwidth=width) for width in WIDTHS]
        group += nodes.thead("", line([nodes.Text(name) for name in HEAD]))
        body = nodes.tbody()
        for row in rows:
            page = pages.get(row.told["chapter"])
            body += line(cells(row, page), [claim_words.look(row.verdict)])
        group += body
        table += group
        return [table]


def read(
    directive: SphinxDirective,
) -> tuple[list[paper_rows.PaperRow], dict[str, str]]:
    """The rows, and the page of each chapter; the directive's page depends on both."""
    claims = book_claims.of_build(directive.env).values()
    pages = {claim.chapter: page for claim, page in claims}
    for page in pages.values():
        directive.env.note_dependency(str(directive.env.doc2path(page)))
    return paper_rows.paper_rows(registry(), (claim for claim, _ in claims)), pages


@cache
def registry() -> list[dict[str, Any]]:
    """What each row answers at its default size: a few seconds, once a build."""
    return [row.as_plain_data() for row in tapx.results.values()]


def line(cells: list[nodes.Node], classes: list[str] | None = None) -> nodes.row:
    """A row of a table."""
    entries = []
    for cell in cells:
        block = isinstance(cell, nodes.container)
        inside = cell if block else nodes.paragraph("", "", cell)
        none = ["no-number"] if cell.astext() == "–" else []  # cards leave it out
        entries.append(nodes.entry("", inside, classes=none))
    return nodes.row("", *entries, classes=classes or [])


def cells(row: paper_rows.PaperRow, page: str | None) -> Iterator[nodes.Node]:
    """What a row says, column by column."""
    told = row.told
    yield to_page(row.told["name"], page)
    yield nodes.container(
        "",
        nodes.paragraph("", told["statement"]),
        nodes.paragraph("", "", *built(told), classes=["where-built"]),
    )
    for key, safe in NUMBERS.items():
        known = told[key] is not None
        yield nodes.Text(claim_words.in_words(told[key], 2, safe) if known else "–")
    yield nodes.Text(told["published"] or "–")
    own, few = next(iter(row.verdicts.values()), 0), sum(row.verdicts.values())
    yield nodes.container(
        "",
        nodes.paragraph("", row.verdict_words, classes=["verdict-word"]),
        nodes.paragraph("", f"{own} of {few} claims", classes=["verdict-count"]),
    )


def built(told: Any) -> Iterator[nodes.Node]:
    """The target, and how many heads the numbers of the row are for."""
    if told["target"]:
        size = f"{told['default']} {told['size']}: " if told["default"] else ""
        yield nodes.Text(size + told["target"] + ".")
    if told["rivals"]:
        yield nodes.Text(f" Best known and floor are of {told['rivals']}.")
    if told["useful from"]:
        least = claim_words.in_words(told["useful from"])
        yield nodes.Text(
            f" The bound beats doing nothing from {least} {told['size']} on."
        )


def to_page(text: str, page: str | None) -> nodes.Node:
    """A link to a page of the book, if there is one."""
    if page is None:
        return nodes.Text(text)
    where = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}"}
    shown = nodes.inline("", text)
    return addnodes.pending_xref("", shown, refexplicit=True, refwarn=True, **where)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("paper-table", PaperTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
