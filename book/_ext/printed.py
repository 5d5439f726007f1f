"""The book on paper: what LaTeX shows in place of the site's HTML.

For LaTeX, MyST-NB takes the plain text of an output, so that claims and tables would be
typewriter text. Here they become paragraphs and tables. Code that the site folds is
left out. The parts of the table of contents get their headings, and only the chapters
of a numbered part a number, as on the site.
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
from sphinx_proof.nodes import proof_node

KNOWN = ".claim, .claims-table, .tapx-table, .scoreboard"
"""The HTML outputs that are written anew; others stay with their plain text."""
LONG = 12
"""Rows from which on a table may break over pages."""
LETTERS = 84
"""Roughly the letters of a line, of which a table with more words takes all."""

REFERENCES = "book/bibliography"
"""The page of references, which stand at the end of a printed book by themselves."""


class PrintedOutputs(SphinxPostTransform):
    """Replace what notebooks show, before MyST-NB chooses the plain text.

    Then all tables get columns that fit the page.
    """

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
        for one in list(self.document.findall(nodes.table)):
            one.replace_self(fit(one))
        for proof in list(self.document.findall(proof_node)):
            proof.replace_self(proof.children)  # its box would have an empty title


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
    """Words and ids, without links: they lead to where the reader is."""
    kinds = {"strong": nodes.strong, "sup": nodes.superscript}
    for child in element.children:
        if isinstance(child, NavigableString):
            yield nodes.Text(str(child))
        elif isinstance(child, Tag) and child.name == "code":
            yield nodes.literal("", child.get_text())
        elif isinstance(child, Tag) and child.name in kinds:
            yield kinds[child.name]("", "", *inline(child))
        elif isinstance(child, Tag):
            yield from inline(child)


def table(element: Tag) -> nodes.table:
    """A table of a notebook."""
    lines = [row.find_all(["th", "td"]) for row in element.find_all("tr")]
    heads = len(element.thead.find_all("tr")) if element.thead else 0
    group = nodes.tgroup(cols=len(lines[0]))
    group += [nodes.colspec(colwidth=1) for _ in lines[0]]
    group += nodes.thead("", *(row(line) for line in lines[:heads]))
    group += nodes.tbody("", *(row(line) for line in lines[heads:]))
    return nodes.table("", group)


def fit(made: nodes.table) -> list[nodes.Node]:
    """A table with columns as wide as their words ask for, small where it has to be."""
    lines = [
        [unbroken(cell) for cell in line.findall(nodes.entry)]
        for line in made.findall(nodes.row)
    ]
    widths, overfull = columns(lines)
    for column, width in zip(made.findall(nodes.colspec), widths, strict=True):
        column["colwidth"] = width
    made["classes"] += ["colwidths-given", *["longtable"] * (len(lines) > LONG)]
    edges = "\\begingroup" + "\\footnotesize" * overfull, "\\par\\endgroup"
    begin, end = (nodes.raw("", edge, format="latex") for edge in edges)
    return [begin, made.deepcopy(), end]


def unbroken(cell: nodes.entry) -> str:
    """The text of a cell, its literals as one word each: LaTeX does not break them.

    Their letters are wider than others, by a half at most.
    """
    text = cell.astext()
    for literal in cell.findall(nodes.literal):
        own = literal.astext()
        text = text.replace(own, "_" * (len(own) * 3 // 2))
    return text


def columns(lines: list[list[str]]) -> tuple[list[int], bool]:
    """Widths of columns in letters, and whether their longest words overfill a line.

    Each has room for its longest word; what is left goes to those with more to say.
    """
    asked = []
    for column in zip(*lines, strict=True):
        words = [len(word) for text in column for word in text.split()]
        asked.append((max(words, default=1) + 2, max(map(len, column)) + 2))
    room = LETTERS - sum(needed for needed, _ in asked)
    more = sum(full - needed for needed, full in asked)
    part = min(1.0, max(room, 0) / max(more, 1))
    return [round(low + part * (full - low)) for low, full in asked], room < 0


def row(cells: list[Tag]) -> nodes.row:
    """A row of a table."""
    entries = [
        nodes.entry("", nodes.paragraph("", "", *inline(cell))) for cell in cells
    ]
    return nodes.row("", *entries)


class FrontPage(SphinxPostTransform):
    """Keep the sections of the first page together: they are no chapters."""

    builders = ("latex",)
    default_priority = 2  # before the pages below it get their headings

    def run(self, **_: Any) -> None:
        """Turn its sections into paragraphs with a heading."""
        first = next(self.document.findall(nodes.section))
        for section in list(first.children):
            if isinstance(section, nodes.section):
                title, *rest = section.children
                heading = nodes.rubric("", "", *title.children)
                section.replace_self([heading, *rest])


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
            if file["docname"] == REFERENCES:
                file.parent.remove(file)
            if file["docname"] in begins:
                caption, numbered = begins[file["docname"]]
                file.insert(
                    0, nodes.raw("", heading(caption, numbered), format="latex")
                )


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
    app.add_post_transform(FrontPage)
    app.add_post_transform(Parts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
