"""The page of errata: what was doubted in the paper, and the claims that settle it.

The page's prose asks; the answer below it is drawn from the ledger. An item names its
claims by their ids, so that it cannot outlive them, and what no item names is listed at
the end, so that nothing the book found is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from tapx.chapters.claim_index import ClaimIndex
from tapx.chapters.claim_views import table_html, table_text
from tapx.chapters.claims import Claim
from tapx.chapters.notebooks import Chapter
from tapx.checks import one_of

ANSWERS = ("confirmed", "refuted", "partly confirmed", "by reading")
"""What became of a doubt. "By reading": a slip that no run can show."""

DEPARTURES = ("contradicted as printed", "sharper than stated")
"""Verdicts that belong on the page."""


class Evidence:
    """One item's answer: a word, and a table of claims linked to their cells.

    Attributes:
        answer: one of `ANSWERS`.
        claims: the item's claims, in the order named.
    """

    def __init__(
        self, answer: str, claims: Sequence[Claim], pages: dict[str, str]
    ) -> None:
        """Keep what `Errata.evidence` has checked."""
        self.answer, self.claims, self._pages = answer, list(claims), pages

    def _repr_html_(self) -> str:
        word = f"<p><strong>{escape(self._line())}</strong></p>"
        table = table_html(self.claims, self._pages) if self.claims else ""
        return word + table

    def __repr__(self) -> str:
        return f"{self._line()}\n{table_text(self.claims)}".rstrip()

    def _line(self) -> str:
        if not self.claims:
            return f"{self.answer.capitalize()}."
        many = "1 claim" if len(self.claims) == 1 else f"{len(self.claims)} claims"
        return f"{self.answer.capitalize()}: {many}."


class Errata:
    """Hands out claims by id and remembers which were named.

    Args:
        claims: all claims of the book.
        chapters: the chapters of the book, in order.
    """

    def __init__(self, claims: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Index the claims by id."""
        self._index = ClaimIndex(claims, chapters)
        self._named: set[str] = set()

    def evidence(self, answer: str, *ids: str) -> Evidence:
        """The answer to one item, with the claims that it rests on.

        Args:
            answer: one of `ANSWERS`.
            ids: of the claims. None are needed for "by reading".

        Raises:
            ValueError: an unknown answer or id, an answer that needs claims and has
                none, or a claim that fails and so settles nothing.
        """
        one_of(answer, ANSWERS, "answer")
        if not ids and answer != "by reading":
            raise ValueError(f"the answer {answer!r} rests on claims; none was named")
        found = [self._index.find(id) for id in ids]
        self._named.update(ids)
        return Evidence(answer, found, self._index.pages)

    def rest(self, verdicts: Iterable[str]) -> list[Claim]:
        """All claims of these verdicts that no item has named so far.

        Raises:
            ValueError: a verdict other than those in `DEPARTURES`.
        """
        wanted = {one_of(verdict, DEPARTURES, "verdict") for verdict in verdicts}
        return [
            entry
            for entry in self._index.claims.values()
            if entry.verdict in wanted and entry.id not in self._named
        ]
