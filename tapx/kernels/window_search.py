"""The search for the best kernels on a finite window of lags.

The weights are linear and are eliminated (:mod:`tapx.kernels.fit`), so the search runs
over the logarithms of the rates alone, and each head count starts from the solutions of
the smaller ones. What it returns proves nothing:
:attr:`tapx.kernels.windows.WindowKernel.squared_error` encloses how far it is off.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from tapx import witness_numbers, witnesses
from tapx.checks import at_least
from tapx.kernels.balls import check_at_most, upper_decimal
from tapx.kernels.family import LOG, Family
from tapx.kernels.fit import LOG_RATE_RANGE, design, fitted_weights, refine, stretched
from tapx.kernels.windows import Goal, WindowKernel
from tapx.witnesses import Entry, Question

_mse = attrgetter("mse")  # what float64 numbers achieve, not what the search believes

ENOUGH = 1e-27  # squared errors below this are rounding, and are not improved further

# Least distances between the log rates of powers that are tried after refinement.
GAPS = (1e-4, 1e-3, 1e-2, 0.02, 0.05)


def best(
    target: Goal, heads: int, family: str | Family, first: int = 1, last: int = 999
) -> WindowKernel:
    """Best kernel found for ``heads`` heads on the lags first to last.

    Once the squared error is below :data:`ENOUGH`, or float64 weights cannot improve
    it, further heads halve the last head's weight among them (exact in binary), so the
    error never grows with the number of heads.

    Args:
        target: the kernel to match.
        heads: number of terms, at least 1.
        family: "exponential" or "power".
        first: 0 or 1. A sum of powers is 0 at lag 0, so with ``first=0`` its error
            contains ``target.at_zero ** 2``.
        last: last lag, above ``first + 1``.

    ValueError outside of these ranges.
    """
    family = Family.of(family)
    at_least(1, heads=heads)
    if first not in (0, 1) or last < first + 2:
        raise ValueError(f"window {first} to {last}: first is 0 or 1, last > first + 1")
    if family is LOG and first == 0:
        # No power sees lag 0: the error there is fixed, and hides the rest.
        return replace(best(target, heads, family, 1, last), first=0)
    return _best(target, int(heads), family, int(first), int(last))


@lru_cache(maxsize=512)
def _best(
    target: Goal, heads: int, family: Family, first: int, last: int
) -> WindowKernel:
    empty = WindowKernel(family, (), (), target, first, last)

    def read(entry: Entry) -> WindowKernel:
        numbers = (map(Fraction, entry[key]) for key in ("rates", "weights"))
        rates, weights = (tuple(map(float, row)) for row in numbers)
        kernel = replace(empty, rates=rates, weights=weights)
        check_at_most(kernel.squared_error, entry, "a squared distance")
        return kernel

    def write(kernel: WindowKernel) -> dict[str, Any]:
        return {
            "rates": witness_numbers.fractions(kernel.rates),
            "weights": witness_numbers.fractions(kernel.weights),
            "claim": upper_decimal(kernel.squared_error),
        }

    question = window_question(target, heads, family, first, last)
    return witnesses.answer(question, read, lambda: climb(empty, heads), write)


def window_question(
    target: Goal, heads: int, family: Family, first: int, last: int
) -> Question:
    """The question that `best` asks: a kernel near a target on a window of lags."""
    return Question(
        group="windows",
        name=f"{family}-for-{target.name}",
        kind="window-squares",
        family=family.word,
        target=target.described() | {"first": first, "last": last},
        size={"heads": heads},
        statement=f"The squared differences between the {family} kernel with these "
        f"rates and weights and the target, summed over the lags {first} to {last}, "
        "come to at most the claim.",
    )


def climb(empty: WindowKernel, heads: int) -> WindowKernel:
    """The best kernel found with `heads` heads, from the best with fewer.

    Of `empty` count the family, the target and the window.
    """
    ladder = _ladder(empty)
    while len(ladder) < heads and _climb(ladder):
        pass
    found = ladder[min(heads, len(ladder)) - 1]
    rates, weights = list(found.rates), list(found.weights)
    while len(rates) < heads:
        rates.append(rates[-1])
        weights[-1:] = [weights[-1] / 2] * 2
    return replace(found, rates=tuple(rates), weights=tuple(weights))


@lru_cache(maxsize=64)
def _ladder(empty: WindowKernel) -> list[WindowKernel]:
    """The kernels found so far for 1, 2, 3, ... heads; starts with one head."""
    starts = [np.array([log_rate]) for log_rate in np.linspace(-8.0, 3.0, 8)]
    return [min((_kernel(start, empty) for start in starts), key=_mse)]


def _climb(ladder: list[WindowKernel]) -> bool:
    """Append the best kernel found with one more head; False where that is no gain."""
    kernel = ladder[-1]
    if kernel.mse < ENOUGH:
        return False
    starts = _starts(ladder)
    found = min((_kernel(start, kernel) for start in starts), key=_mse)
    if found.family is LOG:
        # Near-equal rates need weights so large that their rounding shows: see
        # whether some distance between the rates serves float64 better, or the starts
        # as they are, since what refinement gains exactly it may lose in rounding.
        spread = [_weighted(_apart(found, gap), found) for gap in GAPS]
        plain = [_weighted(start, kernel) for start in starts]
        found = min(found, *spread, *plain, key=_mse)
    if found.mse < kernel.mse:
        ladder.append(found)
    return ladder[-1] is found


def _kernel(start: np.ndarray, like: WindowKernel) -> WindowKernel:
    """Refine log rates from a start and attach the least-squares weights."""
    lags = _lags(like)
    return _weighted(refine(start, lags, like.target.values(lags), like.family), like)


def _lags(kernel: WindowKernel) -> np.ndarray:
    """The lags of the window that the family sees."""
    return np.arange(max(kernel.first, kernel.family.first_lag), kernel.last + 1)


def _weighted(log_rates: np.ndarray, like: WindowKernel) -> WindowKernel:
    """The kernel of these rates with its least-squares weights."""
    columns = design(log_rates, _lags(like), like.family)[0]
    weights = fitted_weights(columns, like.target.values(_lags(like)))
    rates = tuple(np.exp(log_rates).tolist())
    return replace(like, rates=rates, weights=tuple(weights.tolist()))


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
    if heads >= 4:  # continue the last step
        older = np.log(ladder[-2].rates)
        starts.append(2 * stretched(known, heads) - stretched(older, heads))
    if heads <= 4:
        ends = np.concatenate([[known[0] - 1.5], known, [known[-1] + 1.5]])
        between = (ends[1:] + ends[:-1]) / 2
        starts.append(stretched(known, heads) + np.linspace(-0.5, 0.5, heads))
        starts += [np.sort(np.append(known, more)) for more in between]
    kernel = ladder[-1]
    if kernel.family is LOG:
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
        tail = climb(replace(kernel, rates=(), weights=(), first=1), heads - 1)
        starts.append(np.append(np.log(tail.rates), LOG_RATE_RANGE[1] - 0.1))
    return starts
