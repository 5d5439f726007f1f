"""The practical guide: each piece of advice with the claims for and against it.

The paper draws eight practical implications from its experiments (appendix H.3). The
page of the guide states them in our words, and the evidence is drawn from the ledger by
the ids of claims, so that no advice outlives what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tapx.chapters.claim_index import ClaimIndex, Evidence
from tapx.chapters.claims import Claim
from tapx.chapters.notebooks import Chapter
from tapx.checks import one_of
from tapx.show.tables import Table

STANDINGS = ("stands", "stands with a condition", "not supported here")
"""What the book's evidence makes of a piece of advice."""


@dataclass(frozen=True)
class Advice:
    """One row of the decision table, all in our words."""

    situation: str  # when the question arises
    paper: str  # what the paper advises
    standing: str  # one of `STANDINGS`
    do: str  # after all the evidence
    pro: tuple[Claim, ...]  # claims for the paper's advice
    contra: tuple[Claim, ...]  # claims against it, or that limit it


class Guide(ClaimIndex):
    """The decision table in its `rows`, and the evidence of each of them."""

    def __init__(self, claims: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Start with an empty table."""
        super().__init__(claims, chapters)
        self.rows: list[Advice] = []

    def add(
        self,
        situation: str,
        *,
        paper: str,
        standing: str,
        do: str,
        pro: Sequence[str] = (),
        contra: Sequence[str] = (),
    ) -> None:
        """Add a row; `pro` and `contra` are ids of claims.

        ValueError for an unknown standing or id, a claim that fails, a claim on both
        sides, or a row without any evidence.
        """
        one_of(standing, STANDINGS, "standing")
        if not pro and not contra:
            raise ValueError(f"the advice on {situation!r} names no claim")
        both = set(pro) & set(contra)
        if both:
            raise ValueError(f"for and against at once: {', '.join(sorted(both))}")
        found = [tuple(map(self.find, ids)) for ids in (pro, contra)]
        self.rows.append(Advice(situation, paper, standing, do, *found))

    def evidence(self, number: int) -> Evidence:
        """The claims for and against row `number`, from 1 on; ValueError for none."""
        if not 1 <= number <= len(self.rows):
            raise ValueError(
                f"row {number}: the rows are 1 to {len(self.rows)}; nearest is "
                f"{min(max(number, 1), len(self.rows))}"
            )
        row = self.rows[number - 1]
        parts = [("For", row.pro), ("Against, or a limit", row.contra)]
        return Evidence([part for part in parts if part[1]], self.pages)

    def _repr_html_(self) -> str:
        rows = [
            (number, row.situation, row.paper, row.standing, row.do)
            for number, row in enumerate(self.rows, 1)
        ]
        titles = ("No.", "Situation", "The paper advises", "Here it", "So")
        return Table(titles, rows, "Decision table")._repr_html_()

    def __repr__(self) -> str:
        return "\n".join(
            f"{number}. {row.situation}: {row.paper}. {row.standing}: {row.do}"
            for number, row in enumerate(self.rows, 1)
        )
