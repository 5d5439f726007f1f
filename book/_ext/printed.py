"""The book on paper: what LaTeX shows in place of the site's HTML.

For LaTeX, MyST-NB takes the plain text of an output, so that claims and tables would be
typewriter text. Here they become paragraphs and tables. Code that the site folds is left
out. The parts of the table of contents get their headings, and only the chapters of a
numbered part a number, as on the site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup, NavigableString, Tag
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

KNOWN = ".claim, .claims-table, .tapx-table, .scoreboard"
"""The HTML outputs that are written anew; others stay with their plain text."""
FORMULA = re.compile(r"\\\((.+?)\\\)", re.DOTALL)
LONG = 12
"""Rows of a table that may break over pages."""
WIDTHS = (6, 60)
"""The least and the most letters that a column is taken to need."""
BREAKS = re.compile(r"([/.\-_])(?=\w)")
"""Where an id may go on in the next line."""


class PrintedOutputs(SphinxPostTransform):
    """Replace what notebooks show, before MyST-NB chooses the plain text."""

    builders = ("latex",)
    default_priority = 3

    def run(self, **_: Any) -> None:
        """Write outputs anew and leave out folded code."""
        for container in list(self.document.findall(nodes.container)):
            element = container.get("nb_element")
            if element == "mime_bundle":
                made = written_anew(container)
                if made:
                    container.replace_self(made)
            elif element == "cell_code" and "tag_hide-input" in container["classes"]:
                for source in list(container.children):
                    if source.get("nb_element") == "cell_code_source":
                        container.remove(source)


def written_anew(bundle: nodes.container) -> list[nodes.Node]:
    """The paragraphs and tables of an output; nothing where it is of another kind."""
    for one in bundle.children:
        if one.get("mime_type") == "text/html":
            soup = BeautifulSoup(one.astext(), "html.parser")
            return list(blocks(soup)) if soup.select_one(KNOWN) else []
    return []


def blocks(element: Tag) -> Iterator[nodes.Node]:
    """The blocks of an element, in order."""
    for child in element.children:
        if not isinstance(child, Tag):
            continue
        if child.name == "table":
            yield table(child)
        elif re.fullmatch("h[1-6]|summary", child.name):
            yield nodes.rubric("", "", *inline(child))
        elif child.name == "p" or "claim" in child.get("class", ()):
            yield nodes.paragraph("", "", *inline(child))
        else:
            yield from blocks(child)


def inline(element: Tag) -> Iterator[nodes.Node]:
    """Words, formulas and ids, without links: they lead to where the reader is."""
    kinds = {"strong": nodes.strong, "b": nodes.strong, "em": nodes.emphasis}
    for child in element.children:
        if isinstance(child, NavigableString):
            for place, text in enumerate(FORMULA.split(str(child))):
                yield nodes.math("", text) if place % 2 else nodes.Text(text)
        elif isinstance(child, Tag) and child.name == "code":
            yield nodes.literal("", child.get_text())
        elif isinstance(child, Tag) and child.name in kinds:
            yield kinds[child.name]("", "", *inline(child))
        elif isinstance(child, Tag):
            yield from inline(child)


def table(element: Tag) -> nodes.table:
    """A table with columns as wide as their words ask for."""
    lines = [row.find_all(["th", "td"]) for row in element.find_all("tr")]
    made = nodes.table(classes=["longtable"] if len(lines) > LONG else [])
    group = nodes.tgroup(cols=len(lines[0]))
    low, high = WIDTHS
    for column in zip(*lines, strict=True):
        longest = max(len(cell.get_text()) for cell in column)
        group += nodes.colspec(colwidth=min(max(longest, low), high))
    heads = element.thead.find_all("tr") if element.thead else []
    group += nodes.thead("", *(row(line) for line in lines[: len(heads)]))
    group += nodes.tbody("", *(row(line) for line in lines[len(heads) :]))
    made += group
    made["classes"].append("colwidths-given")
    return made


def row(cells: list[Tag]) -> nodes.row:
    """A row of a table."""
    entries = [
        nodes.entry("", nodes.paragraph("", "", *inline(cell))) for cell in cells
    ]
    return nodes.row("", *entries)


class Parts(SphinxPostTransform):
    """Put the headings of the parts before their first chapters."""

    builders = ("latex",)
    default_priority = 3

    def run(self, **_: Any) -> None:
        """Write the headings, and which chapters have numbers."""
        begins = {}
        for part in self.env.external_site_map.root.subtrees:
            begins[part.items[0]] = part.caption, bool(part.numbered)
        for file in list(self.document.findall(addnodes.start_of_file)):
            if file["docname"] in begins:
                caption, numbered = begins[file["docname"]]
                file.insert(0, nodes.raw("", heading(caption, numbered), format="latex"))


def heading(caption: str, numbered: bool) -> str:
    """A part's heading, which has its number in its words."""
    depth = 1 if numbered else -1
    return (
        f"\\cleardoublepage\\phantomsection\\addcontentsline{{toc}}{{part}}{{{caption}}}"
        f"\\part*{{{caption}}}\\setcounter{{secnumdepth}}{{{depth}}}\n"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_post_transform(PrintedOutputs)
    app.add_post_transform(Parts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
