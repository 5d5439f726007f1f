"""Claims: what a result says, what was measured, and the verdict.

This module knows what a claim is; `tapx.chapters.ledger` is what chapters call,
`tapx.chapters.claim_views` shows claims, `tapx.chapters.stored_results` reads them back
and compares them.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, SupportsFloat

from tapx import decimals
from tapx.checks import one_of

VERDICTS = (
    "holds",
    "sharper than stated",
    "contradicted as printed",
    "reproduced",
    "not reproduced under our settings",
    "reconstructed",
    "not available",
)
FAILS = "fails"
RELATIONS = {"<": "<", "<=": "≤", "==": "=", ">=": "≥", ">": ">", "~": "≈"}
SOURCES = ("bound", "published", "computed")
KINDS = ("certified", "computed", "evaluated", "trained", "timed")
"""What a number rests on, and so how a re-run is compared: see `evaluate`."""
ROLES = ("finding", "sharpness", "check", "timing")
"""What a claim is for; a claim need not say it."""
INEQUALITIES = ("<", "<=", ">=", ">")
DIGITS = 7
"""Significant digits of a certified number in the ledger."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9.-]*")
_FLOAT_DIGITS = 17  # as many tell every float64 from the next


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger, as `evaluate` makes it.

    Attributes:
        measured: the number this book computed.
        reference: the bound or published figure; None where none is known.
        verdict: one of `VERDICTS`, or "fails" if the relation is false.
        rounding: None where only the verdict is compared.
        searched: whether the run had searched what no witness answers: its numbers
            are this run's, and are compared with no other.
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
    kind: str = "certified"
    rounding: float | None = None
    searched: bool = False
    role: str = ""
    setting: str = ""
    chapter: str = ""

    @property
    def anchor(self) -> str:
        """The id of the claim's element in the published page."""
        return "claim-" + re.sub(r"[/.]", "-", self.id)

    def as_dict(self) -> dict[str, Any]:
        """The claim as plain JSON data, the identifying keys first.

        Its form is `schemas/claims.json`. A role or setting that is empty is left out.
        """
        data = {"id": self.id, "chapter": self.chapter} | asdict(self)
        optional = ("role", "setting")
        return {key: data[key] for key in data if data[key] or key not in optional}

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
    kind: str = "certified",
    rounding: SupportsFloat | None = None,
    role: str = "",
    setting: str = "",
) -> Claim:
    """A claim with its verdict; `ledger.claim` enters it and shows it below the cell.

    Args:
        id: ``result/quantity`` in letters, digits, points and hyphens.
        measured: the computed number, finite.
        relation: "<", "<=", "==", ">=", ">" or "~" (equal within `tolerance`).
        reference: bound or published figure, finite; None gives the verdict
            "not available".
        statement: what is claimed, in one plain sentence.
        result: the paper's result; if empty, the one that the id names, so
            "Theorem 3.1" for thm-3.1/x, or none.
        source: "bound", "published" or "computed": what `reference` is.
        verdict: recorded if the relation is true; otherwise "fails" is.
        tolerance: for "~" only, a positive relative number.
        kind: what the number rests on, and so how a re-run is compared:
            "certified" (exact, in balls, counted, from a witness or a record):
            equal; "computed" (float64, well conditioned): within 1e-6 of itself;
            "evaluated" (a network in float64, a rounding residue, the worst input
            found): within `rounding`; "trained" and "timed": verdict only, and an
            inequality. A certified number is kept with seven digits, rounded so that
            the relation stays true of the number itself.
        rounding: for "evaluated", how far two runs may differ: an absolute number
            that comes from the object, such as its certified rounding, and never
            from the residue. None: only the verdict is compared.
        role: what the claim is for: "finding", "sharpness", "check" or "timing"; empty
            to leave it open.
        setting: under which setting a trained or reproduced verdict holds, in words.

    Raises:
        TypeError: a number is not a real number.
        ValueError: any other argument is outside what is allowed.

    Example:
        >>> tapx.claim("example/half", 0.5, "<=", 1, "a half is at most one")
        [holds] a half is at most one (measured 0.5 ≤ bound 1) example/half
    """
    if not _ID.fullmatch(id):
        raise ValueError(
            f"claim id {id!r}: allowed is result/quantity in letters, digits, points "
            "and hyphens, for instance 'thm-3.1/certified-over-measured'"
        )
    if not statement.strip():
        raise ValueError(f"claim {id!r}: the statement is empty; write one sentence")
    one_of(relation, RELATIONS, "relation")
    one_of(source, SOURCES, "source")
    one_of(verdict, VERDICTS, "verdict")
    one_of(kind, KINDS, "kind")
    if role:
        one_of(role, ROLES, "role")
    if kind in ("trained", "timed") and relation not in INEQUALITIES:
        raise ValueError(
            f"relation {relation!r}: of the kind {kind!r}, which differs from run to "
            f"run, allowed is an inequality, one of {', '.join(INEQUALITIES)}; the "
            "nearest are two claims, '<=' and '>='"
        )
    if rounding is not None and kind != "evaluated":
        raise ValueError(
            f"rounding {rounding!r}: only the kind 'evaluated' takes one; leave it "
            f"out for {kind!r}, or change the kind"
        )
    allowed = None if rounding is None else float(finite_number("rounding", rounding))
    if allowed is not None and allowed < 0:
        raise ValueError(f"rounding {allowed!r}: allowed is 0 or more; nearest is 0")
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
    value = finite_number("measured", measured)
    bound = None if reference is None else finite_number("reference", reference)
    if bound is None:
        verdict = "not available"
    elif not _true(value, relation, bound, tolerance):
        verdict = FAILS
    if kind == "certified":
        value, bound = _safe(measured, relation, reference, tolerance)
    return Claim(
        id=id,
        statement=statement.strip(),
        measured=value,
        relation=relation,
        reference=bound,
        verdict=verdict,
        result=result or _named(id),
        source=source,
        tolerance=tolerance,
        kind=kind,
        rounding=allowed,
        role=role,
        setting=setting.strip(),
    )


def _named(id: str) -> str:
    """Lemma F.1 for lemma-F.1/x, for instance; empty if no result begins so."""
    kinds = dict(thm="Theorem", lemma="Lemma", prop="Proposition", exp="Experiment")
    kind, _, number = id.partition("/")[0].partition("-")
    return f"{kinds[kind]} {number}" if number and kind in kinds else ""


def finite_number(name: str, value: Any) -> float:
    """The value as an int or float.

    TypeError if it is not a real number, ValueError if it is infinite or not a number.
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


def _safe(
    measured: Any, relation: str, reference: Any, tolerance: float
) -> tuple[float, float | None]:
    """Both numbers with seven digits, rounded so that the relation still says it all.

    The measured number goes towards the reference and the reference towards the
    measured number: up and down for "<", down and up for ">", to the nearest for "=="
    and "~". Where seven digits turn the relation, more are kept. Ints stay.
    """
    value = finite_number("measured", measured)
    up = {"<": "up", "<=": "up", ">": "down", ">=": "down"}.get(relation, "nearest")
    if reference is None:
        return _digits(measured, DIGITS, up), None
    down = {"up": "down", "down": "up"}.get(up, up)
    bound = finite_number("reference", reference)
    true = _true(value, relation, bound, tolerance)
    for digits in range(DIGITS, _FLOAT_DIGITS + 1):
        pair = _digits(measured, digits, up), _digits(reference, digits, down)
        if _true(pair[0], relation, pair[1], tolerance) == true:
            return pair
    return value, bound


def _digits(value: Any, digits: int, direction: str) -> float:
    number = finite_number("value", value)
    if isinstance(number, int):
        return number
    # A fraction is rounded as it is, not as the float nearest to it.
    exact = value if isinstance(value, Fraction) else number
    return float(decimals.rounded(exact, digits, direction))


def _true(value: float, relation: str, bound: float, tolerance: float) -> bool:
    return {
        "<": value < bound,
        "<=": value <= bound,
        "==": value == bound,
        ">=": value >= bound,
        ">": value > bound,
        "~": abs(value - bound) <= tolerance * abs(bound),
    }[relation]
