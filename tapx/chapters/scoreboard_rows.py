"""A claim as a row of the scoreboard: how the paper fared, and whether we are right.

These are two questions. A claim that is true may contradict the paper, and one that
holds may be about this book alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from tapx.chapters import claim_words
from tapx.chapters.claims import FAILS, RELATIONS, Claim
from tapx.show.tables import html_row

HEAD = ("The paper", "Our claim", "What is claimed", "About")
PAPER = {
    "holds": "stands",
    "reproduced": "is reproduced",
    "reconstructed": "is reconstructed",
    "sharper than stated": "can be sharpened",
    "contradicted as printed": "is contradicted as printed",
    "not reproduced under our settings": "is not reproduced under our settings",
    "not available": "gives no figure that we know",
    FAILS: "is left open",
}
"""What became of the paper where a claim has a verdict."""
OURS = "is not concerned"
"""What stands there where a claim that holds is about this book alone."""
_OF_THE_PAPER = re.compile(
    r"(Lemma|Theorem|Proposition|Section|Table|Experiment) [A-Z0-9]|Barron norm"
)
FINDINGS = ("finding", "sharpness")
"""Roles that stand open."""


def is_finding(claim: Claim) -> bool:
    """Whether it stands open: it says it is a finding, or departs from the paper."""
    if claim.role:
        return claim.role in FINDINGS
    return claim.verdict not in ("holds", "not available")


def paper(claim: Claim) -> str:
    """How the paper fared, as far as the claim is about it."""
    own = claim.verdict == "holds" and not _OF_THE_PAPER.match(claim.result)
    return OURS if own else PAPER[claim.verdict]


def truth(claim: Claim) -> str:
    """Whether the claim is true, and the numbers that say so."""
    if claim.reference is None:
        return f"measured {claim_words.measured(claim, 4)}"
    symbol = RELATIONS[claim.relation]
    near = f" within {claim.tolerance:.3g}" if claim.relation == "~" else ""
    numbers = claim_words.measured(claim, 4), claim_words.reference(claim, 4)
    said = "fails" if claim.verdict == FAILS else "true"
    return f"{said}: {numbers[0]} {symbol} {numbers[1]}{near} ({claim.source})"


def row(claim: Claim, page: str) -> str:
    """The row in HTML, its sentence linked to the cell that measured it."""
    notes = f"Setting: {claim.setting}." if claim.setting else ""
    address = f"{page}#{claim.anchor}"
    cells = (
        paper(claim),
        escape(truth(claim)),
        f'<a href="{address}">{escape(claim.statement)}</a> '
        f'<span class="claim-notes">{escape(notes)}</span>',
        f"{escape(claim.result or claim.chapter)}, {claim.kind}",
    )
    data = {"verdict": claim.verdict, "kind": claim.kind, "chapter": claim.chapter}
    kept = " ".join(f'data-{name}="{escape(words)}"' for name, words in data.items())
    return html_row(cells, f'<tr class="{claim_words.look(claim.verdict)}" {kept}>')


def split(claims: Iterable[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Findings, and checks."""
    claims = list(claims)
    found = [claim for claim in claims if is_finding(claim)]
    return found, [claim for claim in claims if not is_finding(claim)]
