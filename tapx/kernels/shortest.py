"""Powers of the lag as the shortest sums of exponentials that a search finds.

The trapezoidal rule (:mod:`tapx.kernels.quadrature`) spaces its rates evenly on a
logarithmic scale; with fitted rates and weights about half as many do. Beylkin and
Monzon reduce a long rule. Here each sum starts from those with fewer terms, whose rates
drift slowly as a function of relative rank, and all rates and weights are refined
together by least squares. The search proves nothing: :mod:`tapx.kernels.zeros` encloses
the distance of exactly the numbers found, over all lags.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb

from tapx import witness_numbers, witnesses
from tapx.checks import above
from tapx.kernels import balls, zeros
from tapx.kernels.balls import PrecisionError, check_at_most, upper_decimal
from tapx.kernels.family import refuse_unsummable
from tapx.kernels.fit import stretched
from tapx.kernels.kernel import Kernel
from tapx.kernels.least_squares import least_squares
from tapx.witnesses import Entry, Question

NEAR = 40  # lags fitted one by one; farther ones stand for as many as lie around them
PER_FACTOR = 12  # farther lags in each factor e
EVALUATIONS = 60  # residuals evaluated at most in one fit

# Logarithms of the rates that a fit may start from and end at.
LOG_RATE_RANGE = (-60.0, 4.0)
MOST = 72  # terms at most


def shortest(power: float, heads: int) -> Kernel:
    """The best sum of ``heads`` exponentials found for ``s^-power``, lags ``s >= 1``.

    Its weights are positive, all its numbers float64, and the power is its target.
    ValueError for a power not above 1, or heads outside 1 to 72.
    """
    refuse_unsummable(power)
    if not 1 <= heads <= MOST:
        raise ValueError(f"heads {heads}: allowed are 1 to {MOST}")
    return _shortest(float(power), int(heads))


@lru_cache(maxsize=512)
def _shortest(power: float, heads: int) -> Kernel:
    def read(entry: Entry) -> Kernel:
        kernel = Kernel.stored(entry, Kernel.of("power", (power,), (1,)))
        check_at_most(_distance(kernel), entry, "an l1 distance")
        return kernel

    def write(kernel: Kernel) -> dict[str, Any]:
        return {**kernel.numbers(), "claim": upper_decimal(_distance(kernel))}

    question = shortest_question(power, heads)
    return witnesses.answer(question, read, lambda: _search(power, heads), write)


def shortest_question(power: float, heads: int) -> Question:
    """The question that `shortest` asks: exponentials near a power, in l1."""
    return Question(
        group="powers",
        name=f"exponential-for-power{power:g}",
        kind="power-l1",
        family="exponential",
        target={"power": witness_numbers.fraction(power)},
        size={"heads": heads},
        statement="The sum of these exponentials differs from s to minus the power, "
        "summed over all lags s >= 1, by at most the claim.",
    )


def _search(power: float, heads: int) -> Kernel:
    ladder = _ladder(power)
    while len(ladder) < heads:
        ladder.append(_next(power, ladder))
    fit = ladder[heads - 1]
    rates, weights = _parameters(power, fit.log_rates, fit.log_shares)
    target = Kernel.of("power", (power,), (1,))
    return Kernel.of("exponential", rates.tolist(), weights.tolist(), target)


@lru_cache(maxsize=512)
def _distance(kernel: Kernel) -> arb:
    return zeros.l1_distance(kernel)


def certified_error(power: float, heads: int) -> float:
    """Upper end of the certified l1 distance of `shortest`, lags ``s >= 1``.

    Infinite where the zeros of the deviation could not all be found.
    """
    try:
        return balls.upper(_distance(shortest(power, heads)))
    except PrecisionError:
        return math.inf


def fewest(power: float, error: float) -> int:
    """The fewest terms whose `certified_error` is at most ``error``.

    ValueError if the error is not positive, or needs more than 72 terms.
    """
    above(0, error=error)
    for heads in range(1, MOST + 1):
        if _promising(float(power), heads, error) and (
            certified_error(power, heads) <= error
        ):
            return heads
    raise ValueError(
        f"error {error:g} needs more than {MOST} terms; the nearest error that is "
        f"reached is {certified_error(power, MOST):.2g}"
    )


def _promising(power: float, heads: int, error: float) -> bool:
    """Whether a check is worth its time: by a stored claim, or a search's estimate."""
    claim = witnesses.claimed(shortest_question(power, heads))
    if claim is not None:
        return claim <= error
    shortest(power, heads)
    return _ladder(power)[heads - 1].estimate <= 1.1 * error


@dataclass(frozen=True)
class _Fit:
    """Log rates, log weights in units of the rule's, and roughly the l1 distance."""

    log_rates: np.ndarray
    log_shares: np.ndarray
    estimate: float


@lru_cache(maxsize=16)
def _ladder(power: float) -> list[_Fit]:
    """The fits with 1, 2, 3, ... terms; starts with one."""
    return [_fit(power, np.array([[0.0], [0.5]]))]


def _next(power: float, ladder: list[_Fit]) -> _Fit:
    """The fit with one more term, from continuations of the fits before."""
    heads = len(ladder) + 1
    last, *older = [
        np.array([stretched(fit.log_rates, heads), stretched(fit.log_shares, heads)])
        for fit in ladder[:-4:-1]
    ]
    starts = [last - np.array([np.linspace(1.5, 0, heads), np.zeros(heads)])]
    if heads > 3:
        starts.insert(0, 2 * last - older[0])
    if heads > 5:
        starts.insert(0, 3 * last - 3 * older[0] + older[1])
    found: list[_Fit] = []
    for start in starts:
        found.append(_fit(power, start))
        if found[-1].estimate < ladder[-1].estimate:
            break
    return min(found, key=lambda fit: fit.estimate)


def _fit(power: float, start: np.ndarray) -> _Fit:
    """Least squares for ``sum_s s e(s)^2``, which spreads ``s e(s)`` evenly."""
    heads = start.shape[1]
    log_rates = np.clip(np.sort(start[0]), *LOG_RATE_RANGE)
    lags, counts = _lags(math.exp(-log_rates[0]))
    scale = np.sqrt(lags * counts)
    wanted = lags**-power

    def terms(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rates, weights = _parameters(power, p[:heads], p[heads:])
        return rates, weights * np.exp(-lags[:, None] * rates)

    def residual(p: np.ndarray) -> np.ndarray:
        return scale * (terms(p)[1].sum(1) - wanted)

    def jacobian(p: np.ndarray) -> np.ndarray:
        rates, each = terms(p)
        slopes = np.hstack([(power - lags[:, None] * rates) * each, each])
        return scale[:, None] * slopes

    with np.errstate(over="ignore", invalid="ignore"):
        found = least_squares(
            residual,
            jacobian,
            np.concatenate([log_rates, start[1]]),
            evaluations=EVALUATIONS,
            tolerance=1e-12,
        )
    order = np.argsort(found[:heads])
    log_rates, log_shares = found[:heads][order], found[heads:][order]
    low, high = LOG_RATE_RANGE
    if not (low < log_rates[0] and log_rates[-1] < high):
        return _Fit(np.clip(start[0], low, high), start[1], math.inf)  # it diverged
    lags, counts = _lags(math.exp(-log_rates[0]))
    rates, weights = _parameters(power, log_rates, log_shares)
    off = (weights * np.exp(-lags[:, None] * rates)).sum(1) - lags**-power
    beyond = lags[-1] ** (1 - power) / (power - 1)
    return _Fit(log_rates, log_shares, float(counts @ np.abs(off) + beyond))


def _parameters(
    power: float, log_rates: np.ndarray, log_shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rates, and weights in units of the trapezoidal rule's."""
    weights = np.exp(log_shares + power * log_rates) / math.gamma(power)
    return np.exp(log_rates), weights


def _lags(slowest: float) -> tuple[np.ndarray, np.ndarray]:
    """Lags up to 60 slowest decay times, and how many lags each stands for."""
    near = np.arange(1.0, NEAR + 1)
    end = max(60 * slowest, 2 * NEAR)
    count = int(PER_FACTOR * math.log(end / NEAR)) + 2
    far = np.unique(np.round(np.geomspace(NEAR + 1, end, count)))
    lags = np.concatenate([near, far])
    edges = np.concatenate([[0.5], (lags[1:] + lags[:-1]) / 2, lags[-1:]])
    return lags, np.diff(edges)
