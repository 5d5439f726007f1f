"""The best kernels on a finite window of lags, with certified errors.

Experiments 4a and 4b of the paper read the last of 1000 tokens through a linear
readout. Without dot products such a model is a convolution, so for tokens that are
independent and equal to -1 or 1 its mean squared error is the squared Euclidean
distance between its kernel and the target on the lags 0 to 999, and nothing else.
This file finds the kernel of ``H`` heads that makes this distance least:

- the weights are linear and are eliminated (variable projection, Golub and Pereyra
  1973), so the search runs over the logarithms of the rates alone;
- each head count starts from the solutions of the smaller head counts;
- :attr:`WindowKernel.squared_error` then encloses the distance of exactly the float64
  numbers that were found. It is an upper bound on the best possible. Lower bounds,
  valid for all rates and weights, are in :mod:`tapx.window_bounds`.

On a finite window softmax gives every positive rate a finite denominator, for powers
too: heads realise all sums of exponentials or powers with positive rates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from flint import arb, ctx

from tapx.choices import one_of
from tapx.variable_projection import LOG_RATE_RANGE, design, refine

FAMILIES = ("exponential", "power")

ENOUGH = 1e-27
"""Squared errors below this are rounding, and are not improved further.

What a search would still gain there differs from run to run, with the place of the
arrays in memory.
"""

GAPS = (1e-4, 1e-3, 1e-2, 0.02, 0.05)
"""Least distances between the log rates of powers that are tried after refinement."""


@runtime_checkable
class Goal(Protocol):
    """A kernel to match: a `Decay`, or any other with the same methods."""

    def __hash__(self) -> int:
        """Ladders are kept by goal."""

    @property
    def at_zero(self) -> float:
        """The value at lag 0."""

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The kernel on ``lags`` (integers >= 0), float64, same shape."""

    def ball(self, lag: int) -> arb:
        """The kernel at one lag, enclosed at the current working precision."""


@dataclass(frozen=True)
class Decay:
    """A target kernel: ``exp(-rate * s)`` or ``s**(-rate)`` for lags ``s >= 1``.

    Attributes:
        family: "exponential" or "power".
        rate: positive; taken as the exact value of the float.
        at_zero: the value at lag 0, a convention where the formula has none.

    Raises:
        ValueError: unknown family, or a rate that is not a positive finite number.
    """

    family: str
    rate: float
    at_zero: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        one_of(self.family, FAMILIES, "family")
        if not (self.rate > 0 and math.isfinite(self.rate)):
            raise ValueError(f"rate {self.rate!r}: give a positive finite number")

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The target on ``lags`` (integers >= 0), float64, same shape."""
        positive = np.maximum(np.asarray(lags, dtype=np.float64), 1.0)
        exponent = positive if self.family == "exponential" else np.log(positive)
        return np.where(lags == 0, self.at_zero, np.exp(-self.rate * exponent))

    def ball(self, lag: int) -> arb:
        """The target at one lag, enclosed at the current working precision."""
        if lag == 0:
            return arb(self.at_zero)
        return _decay_ball(self.family, self.rate, lag)


def _decay_ball(family: str, rate: float, lag: int) -> arb:
    """Enclose ``exp(-rate * lag)`` or ``lag**(-rate)`` for the exact float rate."""
    exponent = arb(lag) if family == "exponential" else arb(lag).log()
    return (-arb(rate) * exponent).exp()


@dataclass(frozen=True)
class WindowKernel:
    """Rates and weights of one sum of decays, and its distance to a target.

    Attributes:
        family: "exponential" (lin position) or "power" (log position).
        rates: positive, ascending; float64 numbers taken exactly.
        weights: one signed weight for each rate, float64.
        target: the kernel to match.
        first: first lag of the window (0: lag 0 is the heads' task; 1: it is not).
        last: last lag of the window, included.
    """

    family: str
    rates: tuple[float, ...]
    weights: tuple[float, ...]
    target: Goal
    first: int
    last: int

    @property
    def heads(self) -> int:
        """Number of terms."""
        return len(self.rates)

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The kernel on ``lags``; a sum of powers is 0 at lag 0."""
        columns = design(np.log(self.rates), np.asarray(lags), self.family)[0]
        return columns @ np.array(self.weights)

    @property
    def squared_error(self) -> arb:
        """Enclosure of the squared distance over the lags first to last.

        Precision grows until the relative radius is below 1e-6. An error of exactly
        zero, or one below 2**-4000, is returned as the ball that was reached.
        """
        for bits in (128, 256, 512, 1024, 4096):
            error = _enclose(self, bits)
            if error.rad() * 1_000_000 < abs(error.mid()):
                break
        return error

    @property
    def mse(self) -> float:
        """Upper end of :attr:`squared_error`, rounded up to a float."""
        return round_up(self.squared_error)


def round_up(ball: arb) -> float:
    """A float that is not below any number in the ball."""
    return math.nextafter(float(ball.upper()), math.inf)


@lru_cache(maxsize=256)
def _enclose(kernel: WindowKernel, bits: int) -> arb:
    """Sum the squared differences over the window in ball arithmetic."""
    before, ctx.prec = ctx.prec, bits
    try:
        total = arb(0)
        terms = [arb(weight) for weight in kernel.weights]
        ratios = [(-arb(rate)).exp() for rate in kernel.rates]
        for lag in range(kernel.first, kernel.last + 1):
            if kernel.family == "exponential":
                if lag > 0:
                    pairs = zip(terms, ratios, strict=True)
                    terms = [term * ratio for term, ratio in pairs]
                value = sum(terms, arb(0))
            else:
                value = _power_sum(kernel, lag)
            total += (value - kernel.target.ball(lag)) ** 2
        return total
    finally:
        ctx.prec = before


def _power_sum(kernel: WindowKernel, lag: int) -> arb:
    """``sum_h weights[h] * lag**(-rates[h])``, and 0 at lag 0."""
    if lag == 0:
        return arb(0)
    depth = -arb(lag).log()
    pairs = zip(kernel.rates, kernel.weights, strict=True)
    return sum((arb(w) * (arb(rate) * depth).exp() for rate, w in pairs), arb(0))


def best(
    target: Goal, heads: int, family: str, first: int = 1, last: int = 999
) -> WindowKernel:
    """Best kernel found for ``heads`` heads on the lags first to last.

    Args:
        target: the kernel to match.
        heads: number of terms, at least 1.
        family: "exponential" or "power".
        first: 0 or 1. A sum of powers is 0 at lag 0, so with ``first=0`` its error
            contains ``target.at_zero ** 2``.
        last: last lag, above ``first + 1``.

    Returns:
        The kernel. Once the squared error is below :data:`ENOUGH`, or float64 weights
        cannot improve it, further heads halve the last head's weight among them
        (exact in binary), so the error never grows with the number of heads.

    Raises:
        ValueError: a head count below 1, an empty window, an unknown family.
    """
    one_of(family, FAMILIES, "family")
    if heads < 1:
        raise ValueError(f"heads={heads}: give at least 1")
    if first not in (0, 1) or last < first + 2:
        raise ValueError(f"window {first} to {last}: first is 0 or 1, last > first + 1")
    if family == "power" and first == 0:
        # No power sees lag 0: the error there is fixed, and hides the rest.
        return replace(best(target, heads, family, 1, last), first=0)
    ladder = _ladder(target, family, first, last)
    while len(ladder) < heads and _climb(ladder):
        pass
    found = ladder[min(heads, len(ladder)) - 1]
    rates, weights = list(found.rates), list(found.weights)
    while len(rates) < heads:
        rates.append(rates[-1])
        weights[-1:] = [weights[-1] / 2] * 2
    return replace(found, rates=tuple(rates), weights=tuple(weights))


@lru_cache(maxsize=64)
def _ladder(target: Goal, family: str, first: int, last: int) -> list[WindowKernel]:
    """The kernels found so far for 1, 2, 3, ... heads; starts with one head."""
    empty = WindowKernel(family, (), (), target, first, last)
    starts = [np.array([log_rate]) for log_rate in np.linspace(-8.0, 3.0, 8)]
    return [min((_kernel(start, empty) for start in starts), key=_mse)]


def _climb(ladder: list[WindowKernel]) -> bool:
    """Append the best kernel found with one more head; False where that is no gain."""
    kernel = ladder[-1]
    if kernel.mse < ENOUGH:
        return False
    starts = _starts(ladder)
    found = min((_kernel(start, kernel) for start in starts), key=_mse)
    if found.family == "power":
        # Near-equal rates need weights so large that their rounding shows: see
        # whether some distance between the rates serves float64 better, or the starts
        # as they are, since what refinement gains exactly it may lose in rounding.
        spread = [_weighted(_apart(found, gap), found) for gap in GAPS]
        plain = [_weighted(start, kernel) for start in starts]
        found = min(found, *spread, *plain, key=_mse)
    if found.mse < kernel.mse:
        ladder.append(found)
    return ladder[-1] is found


def _mse(kernel: WindowKernel) -> float:
    """Sort key: what the float64 numbers achieve, not what the search believes."""
    return kernel.mse


def _kernel(start: np.ndarray, like: WindowKernel) -> WindowKernel:
    """Refine log rates from a start and attach the least-squares weights."""
    lags = _lags(like)
    return _weighted(refine(start, lags, like.target.values(lags), like.family), like)


def _lags(kernel: WindowKernel) -> np.ndarray:
    """The lags of the window that the family sees."""
    return np.arange(max(kernel.first, kernel.family == "power"), kernel.last + 1)


def _weighted(log_rates: np.ndarray, like: WindowKernel) -> WindowKernel:
    """The kernel of these rates with its least-squares weights."""
    columns = design(log_rates, _lags(like), like.family)[0]
    scale = np.linalg.norm(columns, axis=0)
    values = like.target.values(_lags(like))
    weights = np.linalg.lstsq(columns / scale, values, rcond=1e-15)[0] / scale
    rates = tuple(float(rate) for rate in np.exp(log_rates))
    return replace(like, rates=rates, weights=tuple(float(w) for w in weights))


def _apart(kernel: WindowKernel, gap: float) -> np.ndarray:
    """Log rates of the kernel, pushed at least ``gap`` apart about their mean."""
    before = np.log(kernel.rates)
    after = before.copy()
    for place in range(1, len(after)):
        after[place] = max(after[place], after[place - 1] + gap)
    return after - (after.mean() - before.mean())


def _starts(ladder: list[WindowKernel]) -> list[np.ndarray]:
    """Starting log rates for one more head than solved so far."""
    known = np.log(ladder[-1].rates)
    heads = len(known) + 1
    starts = []
    if heads >= 4:
        # Optimal log rates, read as a function of the head's relative rank, drift
        # slowly with the number of heads: continue the last step.
        older = np.log(ladder[-2].rates)
        starts.append(2 * _stretch(known, heads) - _stretch(older, heads))
    if heads <= 4:
        ends = np.concatenate([[known[0] - 1.5], known, [known[-1] + 1.5]])
        starts.append(_stretch(known, heads) + np.linspace(-0.5, 0.5, heads))
        starts += [
            np.sort(np.append(known, more)) for more in (ends[1:] + ends[:-1]) / 2
        ]
    kernel = ladder[-1]
    if kernel.family == "power":
        # Near-equal powers need huge weights; spread ones do with small weights.
        starts += [np.log(gap * np.arange(1, heads + 1)) for gap in (1.0, 2.0, 5.0)]
        # So do evenly spaced ones about a centre that grows with the number of heads.
        middle = np.arange(heads) - (heads - 1) / 2
        for centre in (kernel.rates[0] + 6.5, 6.6 * heads):
            for gap in (0.35, 1.0, 2.0, 3.0):
                rates = centre + gap * middle
                if rates[0] > 0.5:
                    starts.append(np.log(rates))
    elif kernel.first == 0:
        # One head that decays within a lag takes care of lag 0 alone.
        tail = best(kernel.target, heads - 1, "exponential", 1, kernel.last)
        starts.append(np.append(np.log(tail.rates), LOG_RATE_RANGE[1] - 0.1))
    return starts


def _stretch(log_rates: np.ndarray, heads: int) -> np.ndarray:
    """The same curve of log rates over relative rank, read at ``heads`` ranks."""
    ranks = np.linspace(0, 1, len(log_rates))
    return np.interp(np.linspace(0, 1, heads), ranks, log_rates)
