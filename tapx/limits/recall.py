"""Proofs that given heads cannot recall a lag, whatever their weights.

Numbers ``y(0), y(1), ...`` with ``y(T) = 1`` and ``sum_s y(s) exp(-rate s) = 0`` for
every rate annihilate all kernels with these rates. Tested against the delta they
give 1, so that every such kernel k has

    1 = sum_s y(s) (delta_T - k)(s) <= max|y| * ||delta_T - k||_1 .

If no ``|y(s)|`` exceeds 1, the heads are no better than none. And y moved by one lag
annihilates the same kernels, so what holds for T then holds for every larger lag.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, repeat
from operator import mul
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from tapx import witness_numbers, witnesses
from tapx.kernels import balls
from tapx.kernels.balls import Number, exact, to_float
from tapx.kernels.family import LIN, Family
from tapx.witnesses import Entry, Question

# What the numbers found are rounded to, before a few of them are put right.
UNIT = 2.0**-30


@dataclass(frozen=True)
class RecallFloor:
    """A certificate against recalling `lag` with exponentials of given rates.

    Attributes:
        lag: T.
        values: float64 copy of y, from lag 0 on.
        largest: proven upper bound of ``|y|`` at the other lags.
        changed: the lags whose numbers annihilate the heads exactly.
    """

    lag: int
    values: np.ndarray
    largest: float
    changed: tuple[int, ...]

    @property
    def l1_error(self) -> float:
        """No weights bring the l1 distance to the delta below this number."""
        return 1.0 if self.largest <= 1 else math.nextafter(1 / self.largest, 0.0)


def recall_floor(
    rates: Sequence[Number] | np.ndarray, lag: int, length: int = 1024
) -> RecallFloor:
    """The certificate with the least ``max|y|`` on the lags 0 to length - 1.

    A linear programme finds y in float64. A few of its numbers are then changed, in
    ball arithmetic, so that it annihilates the heads exactly. Slow decays need many
    lags. ValueError for rates that are not positive and distinct, or so close that the
    programme or its correction fails, and for a lag that is not below the length.
    """
    decays = [exact(float(rate)) for rate in rates]
    if not decays or min(decays) <= 0 or len(set(decays)) < len(decays):
        raise ValueError(f"rates must be positive and distinct, not {list(rates)}")
    if not 0 <= lag < length or length <= 2 * len(decays):
        raise ValueError(
            f"lag {lag} and length {length}: a lag below the length is needed, and a "
            f"length of more than {2 * len(decays)}, twice the heads"
        )

    def read(entry: Entry) -> RecallFloor:
        values = [Fraction(entry["unit"]) * value for value in entry["values"]]
        found = _corrected(decays, lag, values, entry["changed"])
        holds = len(values) == length and found.l1_error >= Fraction(entry["claim"])
        witnesses.check(holds, entry, "an l1 error of at least")
        return found

    def write(found: RecallFloor) -> dict[str, Any]:
        return {
            "better": "larger",
            "unit": witness_numbers.fraction(UNIT),
            "values": [round(value / UNIT) for value in found.values.tolist()],
            "changed": list(found.changed),
            "claim": witness_numbers.decimal(found.l1_error, up=False),
        }

    size = {
        "rates": witness_numbers.rounded(to_float(rate) for rate in decays),
        "length": length,
    }
    question = Question(
        group="floors",
        name=f"exponential-lag{lag}-heads{len(decays)}-{witnesses.digest(size)[:6]}",
        kind="recall-floor",
        family="exponential",
        target={"delta": lag},
        size=size,
        statement="The values, each times the unit, with those at the changed lags "
        "moved so that every head is annihilated, and 1 at the lag, prove that no "
        "weights of these heads come nearer to the delta in l1 than the claim.",
    )
    return witnesses.answer(question, read, lambda: _search(decays, lag, length), write)


def _search(rates: Sequence[fmpq], lag: int, length: int) -> RecallFloor:
    from scipy.linalg import qr  # half a second that only a search is worth

    heads = np.exp(-np.outer(np.arange(length), [to_float(rate) for rate in rates]))
    values = _programme(heads, lag)
    # The numbers to change: at lags where the heads are easy to tell apart.
    others = np.delete(np.arange(length), lag)
    order = qr(heads[others].T, mode="r", pivoting=True)[1]
    chosen = np.sort(others[order[: len(rates)]]).tolist()
    rounded = [UNIT * round(value / UNIT) for value in values.tolist()]
    return _corrected(rates, lag, rounded, chosen)


def _corrected(
    rates: Sequence[fmpq], lag: int, values: Sequence[Any], changed: Sequence[int]
) -> RecallFloor:
    """The values, changed at as many lags as heads so that they annihilate these."""
    with balls.precision(53 + 64 * len(rates)):
        numbers = [arb(exact(value)) for value in values]
        numbers[lag] = arb(1)
        bases = (repeat((-arb(rate)).exp(), len(values) - 1) for rate in rates)
        columns = [[*accumulate(base, mul, initial=arb(1))] for base in bases]
        left = arb_mat([[column[s] for s in changed] for column in columns])
        sums = [sum(map(mul, numbers, column), arb(0)) for column in columns]
        right = arb_mat([[-total] for total in sums])
        try:
            change = left.solve(right).entries()
        except ZeroDivisionError:
            raise ValueError("the rates are too close to be told apart") from None
        for s, step in zip(changed, change, strict=True):
            numbers[s] += step
        largest = max(balls.upper(abs(y)) for s, y in enumerate(numbers) if s != lag)
    middles = np.array([float(ball.mid()) for ball in numbers])
    return RecallFloor(lag, middles, largest, tuple(changed))


def _programme(heads: np.ndarray, lag: int) -> np.ndarray:
    """Least ``max|y|`` over y with ``y(lag) = 1`` that annihilate all heads."""
    from scipy.optimize import linprog
    from scipy.sparse import bmat, identity

    length, count = heads.shape
    basis = np.linalg.qr(heads)[0]
    others = np.delete(np.arange(length), lag)
    one = np.ones((length - 1, 1))
    eye = identity(length - 1)
    solved = linprog(
        np.append(np.zeros(length - 1), 1.0),
        bmat([[eye, -one], [-eye, -one]], format="csr"),
        np.zeros(2 * length - 2),
        np.column_stack([basis[others].T, np.zeros(count)]),
        -basis[lag],
        bounds=[(None, None)] * (length - 1) + [(0, None)],
    )
    if solved.x is None:
        raise ValueError(f"no certificate on {length} lags: {solved.message}")
    return np.insert(solved.x[:-1], lag, 1.0)


def l2_lower_bound(lag: int, heads: int) -> float:
    """No sum of ``heads`` exponentials comes nearer in l2 to a delta at ``lag``.

    ``sqrt(1 - heads / (lag + 1))`` for all rates and weights (Blaschke products; proved
    in the chapter on kernels; not in the paper). ValueError if either is negative.
    """
    if lag < 0 or heads < 0:
        raise ValueError(f"lag {lag} and heads {heads} must not be negative")
    return math.sqrt(max(0.0, 1 - heads / (lag + 1)))


def class_optimum(
    family: str | Family, amplitude: Number, decay: Number, heads: int
) -> float:
    """The least error that heads with the same rates reach for the whole class.

    ``amplitude e^(-decay m) / (1 - e^-decay)``, or
    ``amplitude zeta(decay, m + 1)``: what is left of the largest kernel of the class
    beyond its first m lags. With any m rates (weights free for each kernel) some kernel
    of the class is not nearer than this, and with large rates all are as near to it as
    one likes (proved in the chapter on adaptive kernels; not in the paper).

    The lags start at 0 (lin) or 1 (log). ValueError unless the amplitude is positive,
    the decay too, and above 1 for powers, and there are 0 heads or more.
    """
    family = Family.of(family)
    least = family.first_lag
    if heads < 0 or exact(amplitude) <= 0 or exact(decay) <= least:
        raise ValueError(
            f"heads {heads} must not be negative, amplitude {amplitude!r} be positive, "
            f"and decay {decay!r} above {least}"
        )
    with balls.precision(256):
        tail = family.tail(exact(decay), least + heads)
        return balls.upper(arb(exact(amplitude)) * tail)


def alternating_floor(family: str | Family, decay: Number, heads: int) -> float:
    """What no heads come nearer than to ``(-1)^s r(s)``, of any rates and weights.

    ``e^(-decay m) / (1 - e^(-2 decay))`` for ``r(s) = e^(-decay s)``, lags from 0, and
    ``2^-decay zeta(decay, (m + 1) / 2)`` for ``r(s) = s^-decay``, lags from 1. The
    heads may be exponentials or powers: a sum of m of either changes sign m - 1 times
    at most, and where it has the wrong sign it errs by r(s) or more. So at best it is
    right at the first m lags and wrong at every second one beyond (proved in the
    chapter on essentially sparse memories; not in the paper). ValueError for no heads,
    or a decay that is not positive, or for powers not above 1.
    """
    family = Family.of(family)
    least = family.first_lag
    if heads < 1 or exact(decay) <= least:
        raise ValueError(
            f"heads {heads} must be at least 1 and decay {decay!r} above {least}"
        )
    with balls.precision(256):
        b = arb(exact(decay))
        if family is LIN:
            return balls.lower((-b * heads).exp() / (1 - (-2 * b).exp()))
        return balls.lower(arb(2) ** -b * b.zeta(arb(heads + 1) / 2))
