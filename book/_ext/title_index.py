"""The paper's numbers in a chapter's title lead to it, in the index and in a search.

A search shows pages by their words and leaves digits out, so "Theorem 3.1" would find
every page that has a theorem. Entries of the index it takes whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

GROUP = re.compile(
    r"(?P<kind>Theorem|Proposition|Lemma|Experiment)s? "
    r"(?P<numbers>[A-H\d][.\w]*(?:(?:, | and )[A-H\d][.\w]*)*)"
)
"""As in "Kernels that adapt (Lemmas F.2, F.3 and F.5)"."""


def names(title: str) -> Iterator[str]:
    """The results and experiments that a title names, each with its kind."""
    for group in GROUP.finditer(title):
        for number in re.split(", | and ", group["numbers"]):
            yield f"{group['kind']} {number}"


class TitleIndex(SphinxTransform):
    """Enter what the title of a page names; before domains look at the page."""

    default_priority = 840

    def apply(self, **_: Any) -> None:
        """Put the entries behind the title."""
        for title in self.document.findall(nodes.title):
            section = title.parent
            entries = [
                ("single", name, section["ids"][0], "main", None)
                for name in names(title.astext())
            ]
            if entries:
                section.insert(1, addnodes.index(entries=entries, inline=False))
            return  # the first title is the page's


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(TitleIndex)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
