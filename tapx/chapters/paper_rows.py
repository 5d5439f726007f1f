"""The paper's results and experiments as pages show them: their numbers and verdicts.

The numbers are what ``python -m tapx results --json`` prints, and are handed in; the
verdicts come from the claims.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tapx.chapters.claims import FAILS, Claim
from tapx.checks import nearest_word

CONTRADICTED = "contradicted as printed"
TELLING = (
    FAILS,
    CONTRADICTED,
    "not reproduced under our settings",
    "sharper than stated",
    "reproduced",
    "reconstructed",
    "holds",
    "not available",
)
"""Verdicts, the one that a reader of the paper wants to know of first in front."""
OF_THE_STATEMENT = {
    "thm-5.1/log-lag-zero-error",
    "exp-4b/log-without-residual-at-lag-0",
}
"""Claims that contradict what is stated. All others contradict a step of a proof."""
AGAINST = (FAILS, CONTRADICTED)
"""Verdicts of claims that stand against what they are about."""


@dataclass(frozen=True)
class PaperRow:
    """A result or an experiment, its numbers, and what the book found.

    Attributes:
        told: what `tapx.result.Result.as_plain_data` answers.
        verdicts: how many claims about it have each verdict, the most telling first.
        statement_stands: whether no claim contradicts what it states.
        proof_stands: whether no claim contradicts its printed proof.
    """

    told: Mapping[str, Any]
    verdicts: Mapping[str, int]
    statement_stands: bool
    proof_stands: bool

    @property
    def id(self) -> str:
        """As the registry calls it."""
        return str(self.told["id"])

    @property
    def uses(self) -> tuple[str, ...]:
        """The ids of what it rests on."""
        return tuple(self.told["uses"])

    @property
    def is_experiment(self) -> bool:
        """Whether it is one of the eight."""
        return self.id.startswith("exp-")

    @property
    def verdict(self) -> str:
        """The most telling verdict of its claims; "not available" without any."""
        return next(iter(self.verdicts), "not available")

    @property
    def verdict_words(self) -> str:
        """The same in words: a contradiction says whether it is one of a step alone."""
        if self.verdict == CONTRADICTED and self.statement_stands:
            return f"a step of the proof is {CONTRADICTED}"
        return self.verdict

    @property
    def certified(self) -> bool:
        """Whether what it builds, or the best known, has a certified error."""
        return any(self.told[key] is not None for key in ("certified", "best known"))


def paper_rows(
    told: Iterable[Mapping[str, Any]], claims: Iterable[Claim]
) -> list[PaperRow]:
    """The rows, from what each answers and from all claims of the book.

    Raises:
        ValueError: a row rests on one that is not there, or rows rest on one another in
            a circle.
    """
    about: dict[str, list[Claim]] = {}
    for claim in claims:
        about.setdefault(claim.result, []).append(claim)
    rows = [_row(one, about.get(one["name"], ())) for one in told]
    levels({row.id: row.uses for row in rows})
    return rows


def _row(told: Mapping[str, Any], claims: Iterable[Claim]) -> PaperRow:
    found = Counter(claim.verdict for claim in claims)
    against = {c.id for c in claims if c.verdict in AGAINST}
    return PaperRow(
        told=told,
        verdicts={verdict: found[verdict] for verdict in TELLING if found[verdict]},
        statement_stands=not against & OF_THE_STATEMENT,
        proof_stands=against <= OF_THE_STATEMENT,
    )


def levels(uses: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """How many steps each row stands above those that rest on nothing.

    Raises:
        ValueError: a row rests on one that is not there, or on itself by others.
    """
    found: dict[str, int] = {}

    def level(id: str, above: tuple[str, ...]) -> int:
        if id in above:
            circle = " -> ".join((*above[above.index(id) :], id))
            raise ValueError(f"a circle: {circle}")
        if id not in uses:
            near = nearest_word(id, uses)
            raise ValueError(
                f"{above[-1]} rests on {id!r}; the nearest row is {near!r}"
            )
        if id not in found:
            below = (level(one, (*above, id)) for one in uses[id])
            found[id] = max(below, default=-1) + 1
        return found[id]

    for id in uses:
        level(id, ())
    return found


def dark(rows: Iterable[PaperRow]) -> set[str]:
    """The ids of rows that are certified and stand on certified rows alone, as stated.

    A result without anything to build, such as an inequality, counts as certified where
    claims are made about it; an experiment does not.
    """
    by_id = {row.id: row for row in rows}

    def is_dark(id: str) -> bool:
        row = by_id[id]
        checked = row.certified or bool(row.verdicts and not row.is_experiment)
        return row.statement_stands and checked and all(map(is_dark, row.uses))

    return {id for id in by_id if is_dark(id)}
