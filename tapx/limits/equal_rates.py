"""What heads approach whose rates are all but equal: a decay times a polynomial.

With real weights that grow without limit, H heads come as near as one likes to an
exponential or a power times any polynomial of degree below H in the lag or in its
logarithm. An orthonormal basis gives the distance of a target from these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb

from tapx import witness_numbers, witnesses
from tapx.kernels import balls
from tapx.kernels.balls import check_at_most, upper_decimal
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.windows import round_up
from tapx.witnesses import Entry, Question

# Logarithms of the common rates that `limit` tries.
LOG_RATES = {LIN: (-9.0, 3.0), LOG: (-9.0, 6.0)}
BITS = (256, 1024, 4096)  # working precisions, until the radius is small enough


@dataclass(frozen=True)
class Tokens:
    """The affine part of a target as a kernel: a number at each of a few lags.

    A :class:`tapx.kernels.windows.Goal`. The lags are distinct and at least 1.
    """

    lags: tuple[int, ...]
    sizes: tuple[float, ...]
    at_zero: float = 0.0

    @property
    def name(self) -> str:
        """The lags."""
        return "tokens" + "-".join(map(str, self.lags))

    def described(self) -> dict[str, Any]:
        """The lags and the sizes of their tokens."""
        return {"tokens": list(self.lags), "sizes": witness_numbers.rounded(self.sizes)}

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The kernel on `lags`, float64, same shape."""
        pairs = zip(self.lags, self.sizes, strict=True)
        return sum((np.where(lags == s, c, 0.0) for s, c in pairs), np.zeros(1))

    def ball(self, lag: int) -> arb:
        """The kernel at one lag."""
        return arb(dict(zip(self.lags, self.sizes, strict=True)).get(lag, 0.0))

    @property
    def energy(self) -> float:
        """The sum of the squared sizes: what an affine readout can explain."""
        return float(np.square(self.sizes).sum())


@lru_cache(maxsize=512)
def limit(part: Tokens, rpe: str, heads: int, last: int) -> tuple[float, float]:
    """The common rate, and the squared distance rounded up."""

    def rest(rate: float) -> arb:
        return arb(part.energy) - _captured_ball(part, rpe, rate, heads, last)

    def read(entry: Entry) -> tuple[float, float]:
        rate = float(Fraction(entry["rate"]))
        found = rest(rate)
        check_at_most(found, entry, "a squared distance")
        return rate, max(round_up(found), 0.0)

    def search() -> tuple[float, float]:
        rate = _common_rate(part, rpe, heads, last)
        return rate, max(round_up(rest(rate)), 0.0)

    def write(found: tuple[float, float]) -> dict[str, Any]:
        # The claim is the end of the ball itself: at 0 it may lie below 0.
        claim = upper_decimal(rest(found[0]))
        return {"rate": witness_numbers.fraction(found[0]), "claim": claim}

    question = limit_question(part, rpe, heads, last)
    return witnesses.answer(question, read, search, write)


def limit_question(part: Tokens, rpe: str, heads: int, last: int) -> Question:
    """The question that `nearly_equal` asks: a rate for heads that all but share it."""
    family = Family.of(rpe)
    return Question(
        group="nearly-equal",
        name=f"{family}-for-{part.name}",
        kind="nearly-equal",
        family=family.word,
        target=part.described() | {"first": 1, "last": last},
        size={"heads": heads},
        statement=f"The span of this one {family}, times polynomials in the "
        f"{'lag' if family is LIN else 'logarithm of the lag'} of degree below the "
        f"number of heads, comes to the target on the lags 1 to {last} as near as the "
        "claim, in squares.",
    )


def _common_rate(part: Tokens, rpe: str, heads: int, last: int) -> float:
    """A float64 search for the rate that captures most."""
    from scipy.optimize import minimize_scalar  # slow to load, only searches need it

    def loss(log_rate: float) -> float:
        return -float(captured(part, rpe, math.exp(log_rate), heads, last)[-1])

    grid = np.linspace(*LOG_RATES[Family.of(rpe)], 25)
    place = int(np.argmin([loss(x) for x in grid]))
    ends = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    options = {"xatol": 1e-3}
    found = minimize_scalar(loss, bounds=ends, method="bounded", options=options)
    return float(np.exp(min(found.x, grid[place], key=loss)))


def captured(part: Tokens, rpe: str, rate: float, heads: int, last: int) -> np.ndarray:
    """The energy that 1, 2, ... nearly equal rates capture, float64, (heads,)."""
    columns = basis(rpe, rate, heads, last)[:, np.array(part.lags) - 1]
    return np.cumsum((columns @ np.array(part.sizes)) ** 2)


def basis(rpe: str, rate: float, heads: int, last: int) -> np.ndarray:
    """Orthonormal kernels of nearly equal rates on the lags 1 to last, (heads, last).

    The first few span what the first few heads can do in the limit. Lanczos with full
    orthogonalisation, in float64. Once nothing is left to capture, rows are zero.
    """
    lags = np.arange(1.0, last + 1)
    if Family.of(rpe) is LIN:
        points, start = lags / last, np.exp(-rate * (lags - 1))
    else:
        points, start = np.log(lags), lags**-rate
    points = 2 * points / points[-1] - 1
    rows = np.zeros((heads, last))
    vector = start / np.linalg.norm(start)
    for place in range(heads):
        rows[place] = vector
        vector = points * vector
        for _ in range(2):
            seen = rows[: place + 1]
            vector = vector - seen.T @ (seen @ vector)
        length = np.linalg.norm(vector)
        if length < 1e-12:
            break
        vector = vector / length
    return rows


def _captured_ball(part: Tokens, rpe: str, rate: float, heads: int, last: int) -> arb:
    """The same energy for `heads` rates, enclosed."""
    for bits in BITS:
        with balls.precision(bits):
            total = _recurrence(part, rpe, arb(rate), heads, last)
        if total.rad() < 1e-15 * part.energy:
            break
    return total


def _recurrence(part: Tokens, rpe: str, rate: arb, heads: int, last: int) -> arb:
    """Orthonormal polynomials on the window, in balls; shares of the lags squared."""
    lags = range(1, last + 1)
    if Family.of(rpe) is LIN:
        points = [arb(s) / last for s in lags]
        now = [(-rate * (s - 1)).exp() for s in lags]
    else:
        points = [arb(s).log() for s in lags]
        now = [(-rate * x).exp() for x in points]
    past = [arb(0)] * last
    length, total = arb(0), arb(0)
    for place in range(heads):
        if place:
            middle = sum((x * v * v for x, v in zip(points, now, strict=True)), arb(0))
            trio = zip(points, now, past, strict=True)
            now, past = [(x - middle) * v - length * w for x, v, w in trio], now
        length = sum((v * v for v in now), arb(0)).sqrt()
        now = [v / length for v in now]
        pairs = zip(part.lags, part.sizes, strict=True)
        total += balls.square(sum((c * now[s - 1] for s, c in pairs), arb(0)))
    return total
