"""The claims of the book by id, and tables of them, for pages that cite evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tapx.chapters.claim_views import table_html, table_text
from tapx.chapters.claims import FAILS, Claim
from tapx.chapters.notebooks import Chapter
from tapx.checks import nearest_word


class ClaimIndex:
    """Hands out claims by id, so that no page cites what the book does not hold."""

    def __init__(self, claims: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Index all claims of the book, and the HTML pages that they stand on."""
        self.claims = {entry.id: entry for entry in claims}
        self.pages = {chapter.id: f"{chapter.path.stem}.html" for chapter in chapters}

    def find(self, id: str) -> Claim:
        """The claim with this id.

        ValueError for none (the nearest id is named), or one that fails and so settles
        nothing.
        """
        if id not in self.claims:
            near = repr(nearest_word(id, self.claims)) if self.claims else "none at all"
            raise ValueError(f"no claim {id!r}; the nearest is {near}")
        if self.claims[id].verdict == FAILS:
            raise ValueError(f"claim {id!r} fails: it settles nothing")
        return self.claims[id]


@dataclass(frozen=True)
class Evidence:
    """Tables of claims, each below some words and linked to the cells of its claims."""

    parts: Sequence[tuple[str, Sequence[Claim]]]
    pages: Mapping[str, str]

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><strong>{escape(words)}</strong></p>"
            + (table_html(claims, self.pages) if claims else "")
            for words, claims in self.parts
        )

    def __repr__(self) -> str:
        parts = (f"{words}\n{table_text(claims)}" for words, claims in self.parts)
        return "\n".join(part.rstrip() for part in parts)
