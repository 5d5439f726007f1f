"""The least mean squared error of the toy targets with one slope a head: both sides.

A head whose relative position is one slope times a function of the lag pools the tokens
with an exponential (lin) or a power (log) of the lag. Read by an affine readout, H such
heads answer with a kernel on the lags 1 to 999, a constant, and the current token for
free. On independent signs the mean squared error is

``(variance of the target that is not affine) + sum_s (k(s) - rho(s))^2``,

where rho holds the coefficients of the target's tokens. Three numbers enclose the best
one, over all rates and weights:

- :func:`least`: no rates and weights come below it (proved);
- :func:`nearly_equal`: real weights get as near to this as one likes (certified). The
  rates are all but equal: in the limit the kernel is an exponential or a power times
  a polynomial in the lag or in its logarithm, whose distance a basis gives;
- :func:`stored`: what float64 rates and weights reach that a search found (certified).

None of this covers a readout by a network with neurons that bend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb, ctx
from scipy.optimize import minimize_scalar

from tapx import enclosures, token_bounds, windows, witness_numbers, witnesses
from tapx.choices import at_least, one_of
from tapx.kernels import exact, rational
from tapx.toy_targets import ToyTarget
from tapx.windows import WindowKernel, round_up
from tapx.witnesses import Entry, Question

FAMILY = {"lin": "exponential", "log": "power"}
"""What a head of each relative position pools with."""

LOG_RATES = {"lin": (-9.0, 3.0), "log": (-9.0, 6.0)}
"""Logarithms of the common rates that :func:`nearly_equal` tries."""

BITS = (256, 1024, 4096)
"""Working precisions, until the radius is small enough."""


@dataclass(frozen=True)
class Tokens:
    """The affine part of a target as a kernel: a number at each of a few lags.

    A `Goal` for :mod:`tapx.windows`.

    Attributes:
        lags: distinct, at least 1.
        sizes: the coefficient of each lag's token.
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


def tokens(target: ToyTarget) -> Tokens:
    """The coefficients of a target's tokens."""
    walsh = target.walsh()
    return Tokens(target.lags, tuple(walsh[(lag,)] for lag in target.lags))


def beyond_affine(target: ToyTarget) -> float:
    """The variance that no affine function of tokens explains, at least 0."""
    squares = (c * c for lags, c in target.walsh().items() if len(lags) > 1)
    return sum(squares, 0.0)


def least(target: ToyTarget, rpe: str, heads: int) -> float:
    """A proved lower bound on the mean squared error with an affine readout.

    For lin it is that of :mod:`tapx.token_bounds`, and the better one of it and of the
    *certificate* that holds for both: for any H rates some H + 1 neighbouring lags,
    among them a chosen lag T > H, carry numbers that annihilate all heads, alternate in
    sign, and are largest at T. By Cauchy and Schwarz the squared distance is at least
    ``c_T^2 / (H + 1)``, if no other token of the target within H lags of T takes away
    from the number at T, and the lags up to T + H are in the window.

    Args:
        target: what to answer.
        rpe: "lin" or "log", one slope a head.
        heads: H, at least 0.

    Raises:
        ValueError: another rpe (with a free number for each lag there is no such
            bound), or a negative number of heads.
    """
    one_of(rpe, FAMILY, "relative position with one slope a head")
    if heads < 0:
        raise ValueError(f"heads={heads}: the nearest valid number is 0")
    part, last = tokens(target), target.length - 1
    bound = 0.0
    if rpe == "lin":
        found = token_bounds.least_errors(part.lags, last, part.sizes)
        bound = float(found[heads]) if heads < len(found) else 0.0
    margin = token_bounds.MARGIN * target.variance
    bound = max(bound, _certificate(part, heads, last))
    return max(0.0, beyond_affine(target) + bound - margin)


def _certificate(part: Tokens, heads: int, last: int) -> float:
    """The largest ``c_T^2 / (H + 1)`` over the lags T at which it holds."""
    best = 0.0
    for lag, size in zip(part.lags, part.sizes, strict=True):
        others = zip(part.lags, part.sizes, strict=True)
        adds = all(
            (-1) ** abs(lag - other) * size * their > 0
            for other, their in others
            if other != lag and abs(other - lag) <= heads
        )
        if adds and heads < lag and lag + heads <= last:
            best = max(best, size * size / (heads + 1))
    return best


def heads_needed(target: ToyTarget, rpe: str, error: float) -> int | None:
    """The fewest heads whose bound :func:`least` is at most `error`.

    None if no number of heads up to the length of the input is.
    """
    counts = range(target.length)
    return next((h for h in counts if least(target, rpe, h) <= error), None)


@dataclass(frozen=True)
class Limit:
    """What nearly equal rates approach.

    Attributes:
        rate: the common rate.
        mse: the mean squared error in the limit, rounded up.
    """

    rate: float
    mse: float


def nearly_equal(target: ToyTarget, rpe: str, heads: int) -> Limit:
    """An upper bound on the infimum over all rates and weights, affine readout.

    The common rate is searched in float64. The error that belongs to it is then
    enclosed in ball arithmetic. Weights that come near it grow without limit.

    Raises:
        ValueError: another rpe than "lin" and "log", or no head.
    """
    one_of(rpe, FAMILY, "relative position with one slope a head")
    at_least(1, heads=heads)
    rate, rest = limit(tokens(target), rpe, heads, target.length - 1)
    slack = 1e-12 * target.variance  # float64 of the target's own numbers
    return Limit(rate, beyond_affine(target) + rest + slack)


@lru_cache(maxsize=512)
def limit(part: Tokens, rpe: str, heads: int, last: int) -> tuple[float, float]:
    """The common rate, and the squared distance rounded up."""

    def rest(rate: float) -> arb:
        return arb(part.energy) - _captured_ball(part, rpe, rate, heads, last)

    def read(entry: Entry) -> tuple[float, float]:
        rate = float(Fraction(entry["rate"]))
        found = rest(rate)
        holds = found <= arb(exact(Fraction(entry["claim"])))
        witnesses.check(holds, entry, "a squared distance of at most")
        return rate, max(round_up(found), 0.0)

    def search() -> tuple[float, float]:
        rate = _common_rate(part, rpe, heads, last)
        return rate, max(round_up(rest(rate)), 0.0)

    def write(found: tuple[float, float]) -> dict[str, Any]:
        # The claim is the end of the ball itself: at 0 it may lie below 0.
        claim = witness_numbers.decimal(rational(rest(found[0]).upper()))
        return {"rate": witness_numbers.fraction(found[0]), "claim": claim}

    question = limit_question(part, rpe, heads, last)
    return witnesses.answer(question, read, search, write)


def limit_question(part: Tokens, rpe: str, heads: int, last: int) -> Question:
    """The question that `nearly_equal` asks: a rate for heads that all but share it."""
    return Question(
        group="nearly-equal",
        name=f"{FAMILY[rpe]}-for-{part.name}",
        kind="nearly-equal",
        family=FAMILY[rpe],
        target=part.described() | {"first": 1, "last": last},
        size={"heads": heads},
        statement=f"The span of this one {FAMILY[rpe]}, times polynomials in the "
        f"{'lag' if rpe == 'lin' else 'logarithm of the lag'} of degree below the "
        f"number of heads, comes to the target on the lags 1 to {last} as near as the "
        "claim, in squares.",
    )


def _common_rate(part: Tokens, rpe: str, heads: int, last: int) -> float:
    """A float64 search for the rate that captures most."""

    def loss(log_rate: float) -> float:
        return -float(captured(part, rpe, math.exp(log_rate), heads, last)[-1])

    grid = np.linspace(*LOG_RATES[rpe], 25)
    place = int(np.argmin([loss(x) for x in grid]))
    ends = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    options = {"xatol": 1e-3}
    found = minimize_scalar(loss, bounds=ends, method="bounded", options=options)
    return float(np.exp(min(found.x, grid[place], key=loss)))


def captured(part: Tokens, rpe: str, rate: float, heads: int, last: int) -> np.ndarray:
    """The energy that 1, 2, ... nearly equal rates capture, float64, shape (heads,)."""
    columns = basis(rpe, rate, heads, last)[:, np.array(part.lags) - 1]
    return np.cumsum((columns @ np.array(part.sizes)) ** 2)


def basis(rpe: str, rate: float, heads: int, last: int) -> np.ndarray:
    """Orthonormal kernels of nearly equal rates on the lags 1 to last, (heads, last).

    The first few span what the first few heads can do in the limit: an exponential or
    a power, times polynomials of growing degree. Lanczos with full orthogonalisation,
    in float64. Once nothing is left to capture, rows are zero.
    """
    lags = np.arange(1.0, last + 1)
    if rpe == "lin":
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
    """The same energy for `heads` rates, enclosed: the three-term recurrence."""
    before = ctx.prec
    try:
        for bits in BITS:
            ctx.prec = bits
            total = _recurrence(part, rpe, arb(rate), heads, last)
            if total.rad() < 1e-15 * part.energy:
                break
        return total
    finally:
        ctx.prec = before


def _recurrence(part: Tokens, rpe: str, rate: arb, heads: int, last: int) -> arb:
    """Orthonormal polynomials on the window, in balls; shares of the lags squared."""
    if rpe == "lin":
        points = [arb(s) / last for s in range(1, last + 1)]
        now = [(-rate * (s - 1)).exp() for s in range(1, last + 1)]
    else:
        points = [arb(s).log() for s in range(1, last + 1)]
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
        total += enclosures.square(sum((c * now[s - 1] for s, c in pairs), arb(0)))
    return total


def stored(target: ToyTarget, rpe: str, heads: int) -> WindowKernel:
    """The best float64 rates and weights found; ``mse`` is certified.

    The ``mse`` is that of the affine part; add :func:`beyond_affine`. The search is
    that of :func:`tapx.windows.best`: it ends where more heads no longer help, because
    the weights have grown so large that their rounding is what remains.

    Raises:
        ValueError: another rpe than "lin" and "log", or no head.
    """
    family = FAMILY[one_of(rpe, FAMILY, "relative position with one slope a head")]
    return windows.best(tokens(target), heads, family, 1, target.length - 1)


def bucketed(target: ToyTarget, starts: Sequence[int]) -> float:
    """The least error of an affine readout if lags of a bucket have equal weight.

    T5's positions have one free number for each bucket. However many heads there are,
    their kernel is constant on a bucket of n lags, so a lone token in it costs
    ``c^2 (1 - 1/n)``. Lag 0 is left to the residual connection.

    Args:
        target: what to answer.
        starts: first lag of each bucket, ascending, from 0 on; the last has no end.

    Raises:
        ValueError: starts that do not ascend from 0.
    """
    if list(starts[:1]) != [0] or any(a > b for a, b in pairwise(starts)):
        raise ValueError(f"starts {list(starts)}: lags in ascending order, 0 first")
    lags = np.arange(1, target.length)
    bucket = np.searchsorted(np.asarray(starts), lags, side="right")
    values = tokens(target).values(lags)
    sums = np.bincount(bucket, values)
    counts = np.maximum(np.bincount(bucket), 1)
    squares = float((values**2).sum() - (sums**2 / counts).sum())
    return beyond_affine(target) + max(0.0, squares)
