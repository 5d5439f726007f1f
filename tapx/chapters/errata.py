"""The page of errata: what was doubted in the paper, and the claims that settle it.

The page's prose asks; the answer below it is drawn from the ledger. An item names its
claims by their ids, so that it cannot outlive them, and what no item names is listed at
the end, so that nothing the book found is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapx.chapters.claim_index import ClaimIndex, Evidence
from tapx.chapters.claims import Claim
from tapx.chapters.notebooks import Chapter
from tapx.checks import one_of
from tapx.show.tables import counted

ANSWERS = ("confirmed", "refuted", "partly confirmed", "by reading")
"""What became of a doubt. "By reading": a slip that no run can show."""

DEPARTURES = (
    "contradicted as printed",
    "sharper than stated",
    "not reproduced under our settings",
)
"""Verdicts that belong on the page."""


class Errata(ClaimIndex):
    """Hands out claims by id and remembers which were named."""

    def __init__(self, claims: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """None is named yet."""
        super().__init__(claims, chapters)
        self._named: set[str] = set()

    def evidence(self, answer: str, *ids: str) -> Evidence:
        """The answer to one item, one of `ANSWERS`, with the claims that it rests on.

        ValueError for an unknown answer or id, a claim that fails, or no claims, unless
        the answer is "by reading".
        """
        one_of(answer, ANSWERS, "answer")
        if not ids and answer != "by reading":
            raise ValueError(f"the answer {answer!r} rests on claims; none was named")
        found = [self.find(id) for id in ids]
        self._named.update(ids)
        many = f": {counted(len(found), 'claim')}" if found else ""
        return Evidence([(f"{answer.capitalize()}{many}.", found)], self.pages)

    def rest(self, verdicts: Iterable[str]) -> list[Claim]:
        """All claims of these verdicts, of `DEPARTURES`, that no item has named so far.

        ValueError for another verdict.
        """
        wanted = {one_of(verdict, DEPARTURES, "verdict") for verdict in verdicts}
        left = (self.claims[id] for id in self.claims if id not in self._named)
        return [entry for entry in left if entry.verdict in wanted]
