"""Kernels of the proofs of Lemmas F.3 and F.6: one bump for every lag.

A kernel that decays fast enough is approximated as a whole. The lag becomes a node
``x_s = exp(-alpha s)`` (or ``s ** -alpha``) of (0, 1]; on the node of every lag T
stands a bump as wide as the gap to the next node, with height ``e^(gamma T) rho(T)``
(or ``T^(1+gamma) rho(T)``). The bumps add up to one function h on [0, 1] that passes
through all the values, a polynomial Q with as many coefficients as heads approximates
it, and ``e^(-gamma s) Q(x_s)`` (or ``s^(-1-gamma) Q(x_s)``) is the kernel.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from flint import fmpq

from tapx.kernels.balls import Number, exact
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Kernel
from tapx.kernels.proofs import SPACING, node, polynomial_kernel

MEAN = 1.2069003224378743
"""Integral of ``exp(1 - 1/(1 - u^2))`` over ``|u| < 1``: what bumps too narrow to be
seen one by one contribute on average, relative to their height."""


def bumps(
    target: Kernel,
    heads: int,
    family: str | Family,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
    first: int | None = None,
) -> Kernel:
    """The kernel of the proof of Lemma F.3 (exponential) or F.6 (power).

    The polynomial comes from samples of h in float64. Between two neighbouring nodes
    only two bumps do not vanish, so every sample is a sum of two terms although there
    are infinitely many bumps. Where bumps are narrower than the distance of the
    samples, their local mean stands for them. Neither this nor rounding can harm the
    certificate: it is about the weights as returned.

    Heads, family, alpha, gamma and the kernel's rates are those of
    :func:`tapx.kernels.proofs.bump`. For the heights to stay bounded, all rates of the
    target rho must exceed ``gamma`` (exponential heads; no powers then) or
    ``1 + gamma`` (power heads; exponentials of any rate). By default the first lag that
    gets a bump is the first that the heads see; the sums in the paper start at 1, which
    loses lag 0. ValueError outside of these ranges.
    """
    family = Family.of(family)
    family.refuse_unseen(family.first_lag if first is None else first)
    _refuse_slow(target, family, exact(gamma))
    sampled = partial(profile, target=target, family=family, first=first)
    return polynomial_kernel(sampled, heads, family, alpha, gamma, target)


def _refuse_slow(target: Kernel, family: Family, gamma: fmpq) -> None:
    """The heights of the bumps must not grow with the lag."""
    if family is LIN and target.family is LOG:
        raise ValueError(
            "a sum of powers decays more slowly than any exponential; Lemma F.3 "
            "does not apply, use power heads"
        )
    slowest, least = float(min(target.rates)), float(family.base(gamma))
    if family is target.family and slowest <= least:
        raise ValueError(
            f"the target has rate {slowest:g}; the bumps stay bounded for rates above "
            f"{'gamma' if family is LIN else '1 + gamma'} = {least:g} only, so choose "
            "a smaller gamma"
        )


def profile(
    x: np.ndarray,
    target: Kernel,
    family: str | Family,
    alpha: float = 0.01,
    gamma: float = 0.01,
    first: int | None = None,
) -> np.ndarray:
    """The sum of all bumps at descending points ``x`` of (0, 1], float64, same shape.

    Where two bumps or more fall between neighbouring points, their local mean.
    """
    family = Family.of(family)
    start = family.first_lag if first is None else first
    # The lag that x belongs to: s for exponentials, log s for powers.
    place = np.maximum(-np.log(x) / alpha, 0.0)
    with np.errstate(over="ignore"):
        left = np.floor(place if family is LIN else np.exp(place))
    gap = node(left, family, alpha) * _relative_gap(left, family, alpha)
    total = np.zeros_like(x)
    for lag in (left, left + 1):
        here = node(lag, family, alpha)
        half_width = here * _relative_gap(lag, family, alpha)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            u = (x - here) / half_width
            inside = (np.abs(u) < 1) & (lag >= start)
            heights = _heights(target, np.log(lag[inside]), family, gamma)
            total[inside] += heights * np.exp(1 - 1 / (1 - u[inside] ** 2))
    unseen = gap < np.abs(np.gradient(x))
    means = np.log(place[unseen]) if family is LIN else place[unseen]
    total[unseen] = MEAN * _heights(target, means, family, gamma)
    return total


def _relative_gap(lag: np.ndarray, family: Family, alpha: float) -> np.ndarray:
    """``1 - x_{s+1} / x_s`` without cancellation."""
    if family is LIN:
        return np.full_like(lag, -np.expm1(-alpha))
    return -np.expm1(-alpha * np.log1p(1 / lag))


def _heights(
    target: Kernel, log_lags: np.ndarray, family: Family, gamma: float
) -> np.ndarray:
    """``e^(gamma s) rho(s)`` or ``s^(1 + gamma) rho(s)``, given ``log s``."""
    with np.errstate(over="ignore"):
        lags = np.exp(log_lags)
    growth = gamma * lags if family is LIN else (1 + gamma) * log_lags
    decay = lags if target.family is LIN else log_lags
    heights = np.zeros_like(lags)
    for rate, weight in zip(target.float_rates, target.float_weights, strict=True):
        heights += weight * np.exp(growth - rate * decay)
    return heights
