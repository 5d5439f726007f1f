"""Claims: what a result says, what was measured, and the verdict.

This module knows what a claim is and when two of them agree; `tapx.ledger` is what
chapters call, `tapx.claim_views` shows claims, `tapx.stored_results` reads them back.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, SupportsFloat

VERDICTS = ("holds", "sharper than stated", "contradicted as printed", "not available")
FAILS = "fails"
RELATIONS = {"<": "<", "<=": "≤", "==": "=", ">=": "≥", ">": ">", "~": "≈"}
SOURCES = ("bound", "published", "computed")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9.-]*")
_FACTOR = re.compile(r"factor (?P<factor>\S+?)(?:, floor (?P<floor>\S+))?")


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger.

    Attributes:
        id: ``result/quantity``, unique in the book.
        statement: what is claimed, in one plain sentence.
        measured: the number this book computed.
        relation: how `measured` stands to `reference`, a key of `RELATIONS`.
        reference: the bound or published figure; None where none is known.
        verdict: one of `VERDICTS`, or "fails" if the relation is false.
        result: the result of the paper the claim is about.
        source: what `reference` is, one of `SOURCES`.
        tolerance: relative half-width of the relation "~", else 0.
        rerun_tolerance: how far a re-run may differ, see `agree`.
        chapter: id of the chapter; filled in by the reader of a notebook.
    """

    id: str
    statement: str
    measured: float
    relation: str
    reference: float | None
    verdict: str
    result: str = ""
    source: str = "bound"
    tolerance: float = 0.0
    rerun_tolerance: float | str = 1e-6
    chapter: str = ""

    @property
    def anchor(self) -> str:
        """The id of the claim's element in the published page."""
        return "claim-" + re.sub(r"[/.]", "-", self.id)

    def as_dict(self) -> dict[str, Any]:
        """The claim as plain JSON data, the identifying keys first."""
        data = asdict(self)
        first = ["id", "chapter", "statement", "measured", "relation", "reference"]
        return {key: data.pop(key) for key in [*first, "verdict"]} | data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], chapter: str = "") -> Claim:
        """Read a claim from JSON data, as `as_dict` gives it."""
        return cls(**{**data, "chapter": chapter or data.get("chapter", "")})


def evaluate(
    id: str,
    measured: SupportsFloat,
    relation: str,
    reference: SupportsFloat | None,
    statement: str,
    *,
    result: str = "",
    source: str = "bound",
    verdict: str = "holds",
    tolerance: float = 0.0,
    rerun_tolerance: float | str = 1e-6,
) -> Claim:
    """The claim that `ledger.claim` enters, which says what the arguments are."""
    if not _ID.fullmatch(id):
        raise ValueError(
            f"claim id {id!r}: allowed is result/quantity in letters, digits, points "
            "and hyphens, for instance 'thm-3.1/certified-over-measured'"
        )
    if not statement.strip():
        raise ValueError(f"claim {id!r}: the statement is empty; write one sentence")
    _one_of("relation", relation, RELATIONS)
    _one_of("source", source, SOURCES)
    _one_of("verdict", verdict, VERDICTS)
    tolerance = float(finite_number("tolerance", tolerance))
    if relation == "~" and not tolerance > 0:
        raise ValueError(
            f"tolerance {tolerance!r}: '~' needs a positive relative tolerance, "
            "for instance 0.05"
        )
    if relation != "~" and tolerance != 0:
        raise ValueError(
            f"tolerance {tolerance!r}: only '~' takes one; leave it out for "
            f"{relation!r}, or move the reference"
        )
    agree(1.0, 1.0, rerun_tolerance)  # refuses a malformed tolerance
    value = finite_number("measured", measured)
    bound = None if reference is None else finite_number("reference", reference)
    if bound is None:
        verdict = "not available"
    elif not _true(value, relation, bound, tolerance):
        verdict = FAILS
    return Claim(
        id=id,
        statement=statement.strip(),
        measured=value,
        relation=relation,
        reference=bound,
        verdict=verdict,
        result=result,
        source=source,
        tolerance=tolerance,
        rerun_tolerance=rerun_tolerance,
    )


def agree(stored: float, fresh: float, rerun_tolerance: float | str) -> bool:
    """Whether a re-run's number agrees with the stored one.

    Args:
        stored: number in the stored notebook.
        fresh: number of the re-run.
        rerun_tolerance: relative number, 0 or more; or "factor 10": equal up to
            that factor; or "factor 10, floor 1e-8": the same, and all numbers
            below the floor count as equal to it.
    """
    if not isinstance(rerun_tolerance, str):
        allowed = float(finite_number("rerun_tolerance", rerun_tolerance))
        if allowed < 0:
            raise ValueError(f"rerun_tolerance {allowed!r}: allowed is 0 or more")
        return abs(stored - fresh) <= allowed * max(abs(stored), abs(fresh))
    factor, floor = _factor(rerun_tolerance)
    stored, fresh = max(stored, floor), max(fresh, floor)
    if stored == fresh:
        return True
    return stored * fresh > 0 and 1 / factor <= stored / fresh <= factor


def finite_number(name: str, value: Any) -> float:
    """The value as an int or float.

    Raises:
        TypeError: it is not a real number.
        ValueError: it is infinite or not a number.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{name} is {value!r} of type {type(value).__name__}: allowed is a finite "
            "number; convert with float(...)"
        )
    number = int(value) if isinstance(value, numbers.Integral) else float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number!r}: allowed is a finite number")
    return number


def _factor(text: str) -> tuple[float, float]:
    match = _FACTOR.fullmatch(text)
    try:
        factor = float(match["factor"]) if match else 0.0
        floor = float(match["floor"] or 0) if match else 0.0
    except ValueError:
        factor = floor = 0.0
    if not (1 <= factor < math.inf and 0 <= floor < math.inf):
        raise ValueError(
            f"rerun_tolerance {text!r}: allowed is a relative number, 'factor 10' "
            "or 'factor 10, floor 1e-8'"
        )
    return factor, floor


def _true(value: float, relation: str, bound: float, tolerance: float) -> bool:
    return {
        "<": value < bound,
        "<=": value <= bound,
        "==": value == bound,
        ">=": value >= bound,
        ">": value > bound,
        "~": abs(value - bound) <= tolerance * abs(bound),
    }[relation]


def _one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    allowed = list(allowed)
    if value not in allowed:
        nearest = get_close_matches(str(value), allowed, n=1, cutoff=0.0)
        raise ValueError(
            f"{name} {value!r}: allowed is one of {', '.join(map(repr, allowed))}; "
            f"nearest is {nearest[0]!r}"
        )
