"""The claims that the notebooks of a build have stored, with the page of each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tapx.chapters import notebooks, paper_rows, stored_results
from tapx.chapters.claims import Claim


def of_build(env: Any) -> dict[str, tuple[Claim, str]]:
    """Claim and page by the claim's id, of all notebooks that are built."""
    found = {}
    for page in sorted(env.found_docs):
        path = Path(env.doc2path(page))
        if path.suffix == ".ipynb":
            for claim in _stored(path, path.stat().st_mtime_ns):
                found[claim.id] = claim, page
    return found


def headline(claims: Iterable[Claim]) -> Claim | None:
    """The claim to show where there is room for one: a finding, or the most telling."""

    def place(claim: Claim) -> tuple[int, bool]:
        return paper_rows.TELLING.index(claim.verdict), claim.role != "finding"

    return min(claims, key=place, default=None)


@cache
def _stored(path: Path, changed: int) -> list[Claim]:
    """The claims of one notebook, read again only when it has changed."""
    notebook = notebooks.read_notebook(path)
    chapter = notebook["metadata"].get("tapx", {}).get("id", path.stem)
    return stored_results.claims_of(notebook, chapter)
