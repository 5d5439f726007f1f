"""The claims of the book by id, for pages that cite them as evidence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tapx.chapters.claims import FAILS, Claim
from tapx.chapters.notebooks import Chapter


class ClaimIndex:
    """Hands out claims by id, so that no page cites what the book does not hold.

    Attributes:
        claims: all claims by id, in the order of the book.
        pages: the HTML page of each chapter, by the chapter's id.
    """

    def __init__(self, claims: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Index the claims and the pages that they stand on."""
        self.claims = {entry.id: entry for entry in claims}
        self.pages = {chapter.id: f"{chapter.path.stem}.html" for chapter in chapters}

    def find(self, id: str) -> Claim:
        """The claim with this id.

        Raises:
            ValueError: no such claim (the nearest id is named), or one that fails and
                so settles nothing.
        """
        if id not in self.claims:
            near = difflib.get_close_matches(id, self.claims, n=1, cutoff=0.0)
            raise ValueError(f"no claim {id!r}; the nearest is {near}")
        if self.claims[id].verdict == FAILS:
            raise ValueError(f"claim {id!r} fails: it settles nothing")
        return self.claims[id]
