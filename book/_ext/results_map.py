"""The map of results: which rests on which, and how far down each is certified.

The directive has neither arguments nor content::

    ```{results-map}
    ```

It draws an SVG whose boxes are links, and writes the same as a list, for readers
without pictures. A box says two things apart: its border whether the statement holds as
printed, its fill whether the proof has been built and its error certified.
"""

from __future__ import annotations

from html import escape
from typing import Any

import book_claims
import claim_role
import layers
import paper_table
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tapx.chapters import paper_rows

LABEL = (
    "Graph of the paper's results. Boxes are links to their chapters, from those that "
    "rest on nothing at the top to the experiments. The list below says the same."
)


class Map(nodes.General, nodes.Element):
    """The picture; its links are known when a page is written."""


class ResultsMap(SphinxDirective):
    """Draw the map, and list what it shows."""

    def run(self) -> list[nodes.Node]:
        """Return the picture and the list."""
        rows, pages = paper_table.read(self)
        fills = {row.id: status(row, rows) for row in rows}
        names = {row.id: row.told["name"] for row in rows}
        boxes = {}
        for row in rows:
            look, words = fills[row.id]
            page = pages.get(row.told["chapter"])
            title = f"{row.told['statement']} {words}"
            boxes[row.id] = row.uses, names[row.id], title, look, page
        claims = book_claims.of_build(self.env)
        items = [
            self._item(row, names, pages, fills[row.id][1], claims) for row in rows
        ]
        return [Map(boxes=boxes), nodes.bullet_list("", *items, classes=["map-list"])]

    def _item(
        self,
        row: paper_rows.PaperRow,
        names: dict[str, str],
        pages: dict[str, str],
        status: str,
        claims: dict[str, Any],
    ) -> nodes.list_item:
        page = pages.get(row.told["chapter"])
        first = nodes.paragraph("", "", paper_table.to_page(names[row.id], page))
        first += nodes.Text(f": {row.told['statement']} {status}")
        if row.uses:
            rests = ", ".join(names[one] for one in row.uses)
            first += nodes.Text(f" It rests on {rests}.")
        own = [claim for claim, _ in claims.values() if claim.result == names[row.id]]
        headline = book_claims.headline(own)
        if headline is None:
            return nodes.list_item("", first)
        told = nodes.paragraph("", f"{headline.verdict}: ", classes=["map-claim"])
        told += claim_role.ClaimNumber(claim=headline.id, shown="statement", digits=0)
        return nodes.list_item("", first, told)


def status(
    row: paper_rows.PaperRow, rows: list[paper_rows.PaperRow]
) -> tuple[str, str]:
    """How a box looks, and the same in words."""
    border = "stands" if row.statement_stands else "amended"
    if row.is_experiment:
        told = [f"{count} {verdict}" for verdict, count in row.verdicts.items()]
        statement = f"Claims about it: {', '.join(told) or 'none'}."
    elif row.statement_stands:
        statement = "The statement stands."
    else:
        statement = "The statement does not hold as printed."
    mended = "" if row.proof_stands else " after a repair of the printed proof"
    is_dark = row.id in paper_rows.dark(rows)
    if is_dark and not row.certified:
        fill, proof = "dark", "Nothing is built: claims check it."
    elif is_dark:
        fill, proof = "dark", f"Certified{mended}, as is all that it rests on."
    elif row.certified:
        fill, proof = "built", f"Certified{mended}, but not all that it rests on."
    else:
        fill, proof = "open", "No certified error stands behind it."
    return f"map-{fill} map-{border}", f"{statement} {proof}"


def svg(node: Map, address: Any) -> str:
    """The picture; `address` gives the link to a page."""
    boxes = node["boxes"]
    uses = {id: told[0] for id, told in boxes.items()}
    level = paper_rows.levels(uses)
    top = max(level.values())
    level = {id: top if id.startswith("exp-") else at for id, at in level.items()}
    drawing = layers.draw(uses, level)
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    parts = [
        f'<div class="results-map" tabindex="0" role="region" aria-label="{LABEL}">'
        f'<svg {size} viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
        'xmlns="http://www.w3.org/2000/svg">'
    ]
    for (one, other), points in drawing.curves.items():
        ends = f'data-from="{one}" data-to="{other}"'
        parts.append(f'<path {ends} d="{path(points)}"/>')
    for id, (x, y) in drawing.boxes.items():
        _, name, title, look, page = boxes[id]
        box = (
            f'<g class="{look}"><title>{escape(title)}</title>'
            f'<rect x="{x - layers.WIDTH / 2:.1f}" y="{y - layers.HEIGHT / 2:.1f}" '
            f'width="{layers.WIDTH}" height="{layers.HEIGHT}" rx="6"/>'
            f'<text x="{x:.1f}" y="{y:.1f}">{escape(name)}</text></g>'
        )
        parts.append(f'<a href="{address(page)}">{box}</a>' if page else box)
    return "".join([*parts, "</svg></div>"])


def path(points: Any) -> str:
    """A curve from the lower edge of one box to the upper edge of another."""
    places = [list(point) for point in points]
    places[0][1] += layers.HEIGHT / 2
    places[-1][1] -= layers.HEIGHT / 2
    (x, y), *rest = places
    text = f"M{x:.1f},{y:.1f}"
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        text += f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
        x, y = to_x, to_y
    return text


def visit(translator: Any, node: Map) -> None:
    """Write the picture into a page."""
    builder = translator.builder
    here = builder.current_docname
    body = svg(node, lambda page: builder.get_relative_uri(here, page))
    translator.body.append(body)
    raise nodes.SkipNode


def skip(translator: Any, node: Map) -> None:
    """Where there is no page to link to, the list says all."""
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and what stands for the picture."""
    plain = dict.fromkeys(("latex", "text", "man", "texinfo"), (skip, None))
    app.add_node(Map, html=(visit, None), **plain)
    app.add_directive("results-map", ResultsMap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
