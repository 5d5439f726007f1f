"""The claims that the book no longer makes, grouped by the reason.

The directive has neither arguments nor content::

    ```{withdrawn-claims}
    ```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

LEDGER = Path(__file__).parents[1] / "withdrawn.yml"


def by_reason(ledger: Path = LEDGER) -> dict[str, list[str]]:
    """The ids of withdrawn claims, by the reason that the file gives, in its order."""
    found: dict[str, list[str]] = {}
    for claim, reason in yaml.safe_load(ledger.read_text(encoding="utf-8")).items():
        found.setdefault(reason, []).append(claim)
    return found


class WithdrawnClaims(SphinxDirective):
    """A list: each reason, and the claims that went for it."""

    def run(self) -> list[nodes.Node]:
        """Return the list, made anew whenever the file changes."""
        self.env.note_dependency(str(LEDGER))
        terms = nodes.definition_list(classes=["withdrawn"])
        for reason, claims in by_reason().items():
            ids = nodes.paragraph()
            for place, claim in enumerate(claims):
                ids += [nodes.Text(", " if place else ""), nodes.literal("", claim)]
            said = nodes.term("", reason[0].upper() + reason[1:])
            terms += nodes.definition_list_item("", said, nodes.definition("", ids))
        return [terms]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("withdrawn-claims", WithdrawnClaims)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
