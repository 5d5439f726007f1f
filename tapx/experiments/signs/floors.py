"""The least mean squared error of the toy targets with one slope a head: both sides.

A head with one slope pools the tokens with an exponential (lin) or a power (log) of the
lag. Read by an affine readout, H such heads answer with a kernel on the lags 1 to 999,
a constant, and the current token for free. On independent signs the mean squared error
is

``(variance of the target that is not affine) + sum_s (k(s) - rho(s))^2``,

where rho holds the coefficients of the target's tokens. Three numbers enclose the best
one, over all rates and weights:

- :func:`least`: no rates and weights come below it (proved);
- :func:`nearly_equal`: real weights get as near to this as one likes (certified), with
  rates that are all but equal (:mod:`tapx.limits.equal_rates`);
- :func:`best_stored`: what float64 rates and weights reach that a search found
  (certified).

None of this covers a readout by a network with neurons that bend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tapx.checks import at_least, one_of
from tapx.kernels import window_search
from tapx.kernels.family import LIN, Family
from tapx.kernels.windows import WindowKernel
from tapx.limits import rank
from tapx.limits.equal_rates import Tokens, limit
from tapx.targets.signs import ToyTarget

_ROUNDING = 1e-24
"""Share of the variance that rounding leaves of an answer that is affine."""


def tokens(target: ToyTarget) -> Tokens:
    """The coefficients of a target's tokens."""
    walsh = target.walsh()
    return Tokens(target.lags, tuple(walsh[(lag,)] for lag in target.lags))


def beyond_affine(target: ToyTarget) -> float:
    """The least mean squared error of an affine function of tokens, of any levels."""
    patterns, answers = target.table()
    rest = answers - math.fsum(answers) / len(answers)
    for column in patterns.T:  # independent tokens are orthogonal, and of mean 0
        rest = rest - column * (math.fsum(column * answers) / math.fsum(column**2))
    least = math.fsum(rest**2) / len(rest)
    return least if least > _ROUNDING * target.variance else 0.0


def _family(rpe: str) -> Family:
    """What heads of a relative position pool with; refuses others than lin and log."""
    names = "lin", "log"
    return Family.of(one_of(rpe, names, "relative position with one slope a head"))


def least(target: ToyTarget, rpe: str, heads: int) -> float:
    """A proved lower bound on the mean squared error with an affine readout.

    For lin it is that of :mod:`tapx.limits.rank`, and the better one of it and of
    the *certificate* that holds for both: for any H rates some H + 1 neighbouring lags,
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
    family = _family(rpe)
    at_least(0, heads=heads)
    part, last = tokens(target), target.length - 1
    bound = _certificate(part, heads, last)
    if family is LIN:
        found = rank.least_errors(part.lags, last, part.sizes)
        bound = max([bound, *found[heads : heads + 1].tolist()])
    margin = rank.MARGIN * target.variance
    return max(0.0, beyond_affine(target) + bound - margin)


def _certificate(part: Tokens, heads: int, last: int) -> float:
    """The largest ``c_T^2 / (H + 1)`` over the lags T at which it holds."""
    pairs = list(zip(part.lags, part.sizes, strict=True))
    holds = (
        size * size / (heads + 1)
        for lag, size in pairs
        if heads < lag <= last - heads
        and all(
            (-1) ** abs(lag - other) * size * their > 0
            for other, their in pairs
            if 0 < abs(other - lag) <= heads
        )
    )
    return max(holds, default=0.0)


def fewest_heads_for(target: ToyTarget, rpe: str, error: float) -> int | None:
    """The fewest heads whose bound :func:`least` is at most `error`.

    None if no number of heads up to the length of the input is.
    """
    counts = range(target.length)
    return next((h for h in counts if least(target, rpe, h) <= error), None)


class NearlyEqual(NamedTuple):
    """The common rate, and the mean squared error in the limit, rounded up."""

    rate: float
    mse: float


def nearly_equal(target: ToyTarget, rpe: str, heads: int) -> NearlyEqual:
    """An upper bound on the infimum over all rates and weights, affine readout.

    The common rate is searched in float64, its error then enclosed in ball arithmetic.
    Weights that come near it grow without limit.

    Raises:
        ValueError: another rpe than "lin" and "log", or no head.
    """
    _family(rpe)
    at_least(1, heads=heads)
    rate, rest = limit(tokens(target), rpe, heads, target.length - 1)
    slack = 1e-12 * target.variance  # float64 of the target's own numbers
    return NearlyEqual(rate, beyond_affine(target) + rest + slack)


def best_stored(target: ToyTarget, rpe: str, heads: int) -> WindowKernel:
    """The best float64 rates and weights that `window_search.best` found.

    The certified ``mse`` is that of the affine part; add :func:`beyond_affine`.

    Raises:
        ValueError: another rpe than "lin" and "log", or no head.
    """
    last = target.length - 1
    return window_search.best(tokens(target), heads, _family(rpe), 1, last)


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
