"""A number of the ledger in a sentence, linked to the cell that measured it.

The id of a claim shows what was measured. Words after it change what is shown:
``reference`` takes the number that it is held against, and a digit says how many digits
are kept of what is not whole (2 if none does)::

    {claim}`lemma-F.1/bound-nonvacuous-heads` heads, where
    {claim}`lemma-F.1/bound-nonvacuous-heads reference` suffice

The number is filled in when all pages are read, from what the notebooks have stored, so
that no page can fall behind its chapter. An id that no claim has is a warning, and so
fails a build that is strict; so is a claim that fails.
"""

from __future__ import annotations

from typing import Any

import book_claims
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from tapx.chapters import claim_words
from tapx.chapters.claims import FAILS
from tapx.checks import nearest_word

logger = logging.getLogger(__name__)
DIGITS = 2


class ClaimNumber(nodes.Inline, nodes.Element):
    """Stands in for the number until all pages are read."""


class ClaimRole(SphinxRole):
    """Note which claim is quoted, and how."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the stand-in."""
        claim, *words = self.text.split()
        wrong = [word for word in words if word != "reference" and not word.isdigit()]
        if wrong:
            text = f"claim {claim!r}: {wrong[0]!r} is neither 'reference' nor digits"
            logger.warning(text, location=self.get_location())
        node = ClaimNumber(
            claim=claim,
            shown="reference" if "reference" in words else "measured",
            digits=next((int(word) for word in words if word.isdigit()), DIGITS),
        )
        self.set_source_info(node)
        return [node], []


def fill(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Put number and link in place of every stand-in of a page."""
    waiting = list(tree.findall(ClaimNumber))
    claims = book_claims.of_build(app.env) if waiting else {}
    for node in waiting:
        claim, place = claims.get(node["claim"], (None, ""))
        if claim is None or claim.verdict == FAILS:
            near = nearest_word(node["claim"], claims) if claims else "none at all"
            said = "fails" if claim else f"is not in the book; the nearest is {near!r}"
            logger.warning("claim %r %s", node["claim"], said, location=node)
            node.replace_self(nodes.Text("?"))
            continue
        kind, text = "statement", claim.statement
        if node["shown"] != "statement":
            kind = "number"
            text = getattr(claim_words, node["shown"])(claim, node["digits"])
        address = app.builder.get_relative_uri(page, place)
        link = nodes.reference("", text, internal=True, classes=[f"claim-{kind}"])
        # In print there is no line for each claim: link to the chapter.
        mark = f"#{claim.anchor}" if app.builder.format == "html" else ""
        link["refuri"] = address + mark
        link["reftitle"] = claim.statement
        node.replace_self(link)


def note(app: Sphinx, tree: nodes.document) -> None:
    """Remember which pages quote a number."""
    quoting = set(getattr(app.env, "claim_pages", ()))
    quoting.discard(app.env.docname)
    if any(tree.findall(ClaimNumber)):
        quoting.add(app.env.docname)
    app.env.claim_pages = quoting


def again(app: Sphinx, env: Any) -> list[str]:
    """Write these pages anew in every build: a chapter may have changed."""
    return sorted(set(getattr(env, "claim_pages", ())) & set(env.found_docs))


def merge(app: Sphinx, env: Any, pages: list[str], other: Any) -> None:
    """Join what parallel readers remember."""
    env.claim_pages = set(getattr(env, "claim_pages", ())) | set(
        getattr(other, "claim_pages", ())
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role."""
    app.add_node(ClaimNumber)
    app.add_role("claim", ClaimRole())
    app.connect("doctree-read", note)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", again)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
