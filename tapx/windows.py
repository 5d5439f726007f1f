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

import difflib
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
from flint import arb, ctx
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

Family = Literal["exponential", "power"]

LOG_RATE_RANGE = (-14.0, 4.1)
"""Logarithms of the rates searched: from 1e-6 (constant on the window) to 60, where
``exp(-60)`` and ``2**-60`` are far below every error that is reported."""

ENOUGH = 1e-26
"""Squared errors below this are not improved further: float64 weights end here."""

EVALUATIONS = 150
"""Residuals evaluated at most in one refinement."""


def check_family(family: str) -> Family:
    """Return the family's name, or raise ValueError with the nearest valid one."""
    known = get_args(Family)
    if family in known:
        return family  # type: ignore[return-value]
    near = (difflib.get_close_matches(str(family), known, n=1, cutoff=0.0) or known)[0]
    raise ValueError(f"unknown family {family!r}: use one of {known}; nearest: {near}")


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

    family: Family
    rate: float
    at_zero: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        check_family(self.family)
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

    family: Family
    rates: tuple[float, ...]
    weights: tuple[float, ...]
    target: Decay
    first: int
    last: int

    @property
    def heads(self) -> int:
        """Number of terms."""
        return len(self.rates)

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The kernel on ``lags``; a sum of powers is 0 at lag 0."""
        design = _design(np.log(self.rates), np.asarray(lags), self.family)[0]
        return design @ np.array(self.weights)

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
        for lag in range(kernel.first, kernel.last + 1):
            value = arb(0)
            if lag > 0 or kernel.family == "exponential":
                for rate, weight in zip(kernel.rates, kernel.weights, strict=True):
                    value += arb(weight) * _decay_ball(kernel.family, rate, lag)
            total += (value - kernel.target.ball(lag)) ** 2
        return total
    finally:
        ctx.prec = before


def best(
    target: Decay, heads: int, family: Family, first: int = 1, last: int = 999
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
    check_family(family)
    if heads < 1:
        raise ValueError(f"heads={heads}: give at least 1")
    if first not in (0, 1) or last < first + 2:
        raise ValueError(f"window {first} to {last}: first is 0 or 1, last > first + 1")
    ladder = _ladder(target, family, first, last)
    while len(ladder) < heads and _climb(ladder):
        pass
    found = ladder[min(heads, len(ladder)) - 1]
    rates, weights = list(found.rates), list(found.weights)
    while len(rates) < heads:
        rates.append(rates[-1])
        weights[-1:] = [weights[-1] / 2] * 2
    return replace(found, rates=tuple(rates), weights=tuple(weights))


def _design(
    log_rates: np.ndarray, lags: np.ndarray, family: str
) -> tuple[np.ndarray, np.ndarray]:
    """Columns ``decay_h(s)`` and their derivatives in log rate, (lags, heads) each."""
    lags = np.asarray(lags, dtype=np.float64)
    seen = np.ones_like(lags) if family == "exponential" else np.sign(lags)
    depth = lags if family == "exponential" else np.log(np.maximum(lags, 1.0))
    exponent = np.outer(depth, np.exp(log_rates))
    columns = np.exp(-exponent) * seen[:, None]
    return columns, -exponent * columns


def _fit(
    start: np.ndarray, lags: np.ndarray, values: np.ndarray, family: str
) -> np.ndarray:
    """Refine log rates by variable projection; returns them in ascending order.

    With ``A = QR`` the residual is ``(1 - QQ')b`` and its derivative in the rate of
    head h is ``-(1 - QQ')A_h' c_h - Q R^{-T} e_h (A_h' . r)``.
    """
    cache: dict[bytes, Any] = {}

    def state(log_rates: np.ndarray) -> Any:
        key = log_rates.tobytes()
        if key not in cache:
            cache.clear()
            inside = np.clip(log_rates, *LOG_RATE_RANGE)
            columns, slopes = _design(inside, lags, family)
            scale = np.linalg.norm(columns, axis=0)
            basis, triangle = np.linalg.qr(columns / scale)
            residual = values - basis @ (basis.T @ values)
            outside = log_rates - inside
            cache[key] = basis, triangle, slopes / scale, residual, outside
        return cache[key]

    def residual(log_rates: np.ndarray) -> np.ndarray:
        return np.append(state(log_rates)[3], state(log_rates)[4])

    def jacobian(log_rates: np.ndarray) -> np.ndarray:
        basis, triangle, slopes, rest, outside = state(log_rates)
        coefficients = np.linalg.lstsq(triangle, basis.T @ values, rcond=1e-15)[0]
        moved = (slopes - basis @ (basis.T @ slopes)) * coefficients
        tiny = np.abs(np.diag(triangle)) < 1e-300
        safe = triangle + np.diag(np.where(tiny, 1e-300, 0.0))
        turned = basis @ solve_triangular(safe, np.eye(len(outside)), trans=1)
        inside = np.where(outside == 0.0, 1.0, 0.0)
        change = -(moved + turned * (slopes.T @ rest)) * inside
        change = np.nan_to_num(change, posinf=0.0, neginf=0.0)
        return np.vstack([change, np.diag(1.0 - inside)])

    found = least_squares(
        residual,
        start,
        jacobian,
        method="lm",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=EVALUATIONS,
    )
    return np.sort(np.clip(found.x, *LOG_RATE_RANGE))


@lru_cache(maxsize=64)
def _ladder(
    target: Decay, family: Family, first: int, last: int
) -> list[WindowKernel]:
    """The kernels found so far for 1, 2, 3, ... heads; starts with one head."""
    empty = WindowKernel(family, (), (), target, first, last)
    starts = [np.array([log_rate]) for log_rate in np.linspace(-8.0, 3.0, 8)]
    return [min((_kernel(start, empty) for start in starts), key=_mse)]


def _climb(ladder: list[WindowKernel]) -> bool:
    """Append the best kernel found with one more head; False where that is no gain."""
    kernel = ladder[-1]
    if kernel.mse < ENOUGH:
        return False
    found = min((_kernel(start, kernel) for start in _starts(ladder)), key=_mse)
    if found.family == "power":
        # Near-equal rates need weights so large that their rounding shows: see
        # whether some distance between the rates serves float64 better.
        spread = [_weighted(_apart(found, gap), found) for gap in (1e-4, 1e-3, 1e-2)]
        found = min(found, *spread, key=_mse)
    if found.mse < kernel.mse:
        ladder.append(found)
    return ladder[-1] is found


def _mse(kernel: WindowKernel) -> float:
    """Sort key: what the float64 numbers achieve, not what the search believes."""
    return kernel.mse


def _kernel(start: np.ndarray, like: WindowKernel) -> WindowKernel:
    """Refine log rates from a start and attach the least-squares weights."""
    lags = _lags(like)
    return _weighted(_fit(start, lags, like.target.values(lags), like.family), like)


def _lags(kernel: WindowKernel) -> np.ndarray:
    """The lags of the window that the family sees."""
    return np.arange(max(kernel.first, kernel.family == "power"), kernel.last + 1)


def _weighted(log_rates: np.ndarray, like: WindowKernel) -> WindowKernel:
    """The kernel of these rates with its least-squares weights."""
    columns = _design(log_rates, _lags(like), like.family)[0]
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
    if heads <= 6:
        ends = np.concatenate([[known[0] - 1.5], known, [known[-1] + 1.5]])
        starts.append(_stretch(known, heads) + np.linspace(-0.5, 0.5, heads))
        starts += [np.sort(np.append(known, more)) for more in (ends[1:] + ends[:-1]) / 2]
    kernel = ladder[-1]
    if kernel.family == "power":
        # Near-equal powers need huge weights; spread ones do with small weights.
        starts += [np.log(gap * np.arange(1, heads + 1)) for gap in (1.0, 2.0, 5.0)]
    elif kernel.first == 0:
        # One head that decays within a lag takes care of lag 0 alone.
        tail = best(kernel.target, heads - 1, "exponential", 1, kernel.last)
        starts.append(np.append(np.log(tail.rates), LOG_RATE_RANGE[1] - 0.1))
    return starts


def _stretch(log_rates: np.ndarray, heads: int) -> np.ndarray:
    """The same curve of log rates over relative rank, read at ``heads`` ranks."""
    ranks = np.linspace(0, 1, len(log_rates))
    return np.interp(np.linspace(0, 1, heads), ranks, log_rates)
