"""The practical guide: each piece of advice with the claims for and against it.

The paper draws eight practical implications from its experiments (appendix H.3). The
page of the guide states them in our words, and the evidence is drawn from the ledger by
the ids of claims, so that no advice outlives what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from tapx.chapters.claim_index import ClaimIndex
from tapx.chapters.claim_views import table_html, table_text
from tapx.chapters.claims import Claim
from tapx.chapters.notebooks import Chapter
from tapx.checks import one_of
from tapx.show.tables import scroll_box

STANDINGS = ("stands", "stands with a condition", "not supported here")
"""What the book's evidence makes of a piece of advice."""


@dataclass(frozen=True)
class Advice:
    """One row of the decision table.

    Attributes:
        situation: when the question arises.
        paper: what the paper advises, in our words.
        standing: one of `STANDINGS`.
        do: what to do, after all the evidence.
        pro: the claims for the paper's advice.
        contra: the claims against it, or that limit it.
    """

    situation: str
    paper: str
    standing: str
    do: str
    pro: tuple[Claim, ...] = field(repr=False)
    contra: tuple[Claim, ...] = field(repr=False)


class Guide:
    """The decision table, and the evidence of each of its rows.

    Args:
        claims: all claims of the book.
        chapters: the chapters of the book, in order.

    Attributes:
        rows: the pieces of advice so far.
    """

    def __init__(self, claims: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Start with an empty table."""
        self._index = ClaimIndex(claims, chapters)
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

        Raises:
            ValueError: an unknown standing or id, a claim that fails, a claim on both
                sides, or a row without any evidence.
        """
        one_of(standing, STANDINGS, "standing")
        if not pro and not contra:
            raise ValueError(f"the advice on {situation!r} names no claim")
        both = set(pro) & set(contra)
        if both:
            raise ValueError(f"for and against at once: {', '.join(sorted(both))}")
        found = [tuple(map(self._index.find, ids)) for ids in (pro, contra)]
        self.rows.append(Advice(situation, paper, standing, do, *found))

    def evidence(self, number: int) -> Evidence:
        """The claims for and against row `number`, counted from 1.

        Raises:
            ValueError: there is no such row.
        """
        if not 1 <= number <= len(self.rows):
            raise ValueError(
                f"row {number}: the rows are 1 to {len(self.rows)}; nearest is "
                f"{min(max(number, 1), len(self.rows))}"
            )
        return Evidence(self.rows[number - 1], self._index.pages)

    def _repr_html_(self) -> str:
        titles = ("", "Situation", "The paper advises", "Here it", "So")
        head = "".join(f'<th scope="col">{title}</th>' for title in titles)
        body = ""
        for number, row in enumerate(self.rows, 1):
            cells = (str(number), row.situation, row.paper, row.standing, row.do)
            body += "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            body += "</tr>"
        return (
            scroll_box("Decision table") + f"<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        return "\n".join(
            f"{number}. {row.situation}: {row.paper}. {row.standing}: {row.do}"
            for number, row in enumerate(self.rows, 1)
        )


@dataclass(frozen=True)
class Evidence:
    """The claims for and against one piece of advice, as two tables."""

    row: Advice
    pages: dict[str, str] = field(repr=False)

    def _parts(self) -> list[tuple[str, Sequence[Claim]]]:
        parts = [("For", self.row.pro), ("Against, or a limit", self.row.contra)]
        return [(title, claims) for title, claims in parts if claims]

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><strong>{title}</strong></p>{table_html(claims, self.pages)}"
            for title, claims in self._parts()
        )

    def __repr__(self) -> str:
        return "\n".join(
            f"{title}\n{table_text(claims)}" for title, claims in self._parts()
        )
