"""Kernels of the proofs of Lemmas F.3 and F.6: one bump for every lag.

A kernel that decays fast enough is approximated as a whole. The lag becomes a node
``x_s = exp(-alpha s)`` (or ``s ** -alpha``) of (0, 1]; on the node of every lag T
stands a bump as wide as the gap to the next node, with height ``e^(gamma T) rho(T)``
(or ``T^(1+gamma) rho(T)``). The bumps add up to one function h on [0, 1] that passes
through all the values, a polynomial Q with as many coefficients as heads approximates
it, and ``e^(-gamma s) Q(x_s)`` (or ``s^(-1-gamma) Q(x_s)``) is the kernel.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq

from tapx.kernels.balls import Number
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Kernel
from tapx.kernels.proofs import chebyshev_points, exact_spacing, polynomial_kernel

MEAN = 1.2069003224378743
"""Integral of ``exp(1 - 1/(1 - u^2))`` over ``|u| < 1``: what bumps too narrow to be
seen one by one contribute on average, relative to their height."""


def bumps(
    target: Kernel,
    heads: int,
    family: str | Family,
    alpha: Number = Fraction(1, 100),
    gamma: Number = Fraction(1, 100),
    first: int | None = None,
) -> Kernel:
    """The kernel of the proof of Lemma F.3 (exponential) or F.6 (power).

    Args:
        target: the kernel rho, a sum of exponentials or powers. All its rates exceed
            ``gamma`` (exponential heads; no powers then) or ``1 + gamma`` (power
            heads; exponentials of any rate).
        heads: number of polynomial coefficients, at least 1.
        family: of the heads, "exponential" or "power".
        alpha: spacing of the rates; 0.01 in the paper.
        gamma: lowest rate (or lowest rate minus 1 for powers); 0.01 in the paper.
        first: the first lag that gets a bump; by default the first that the heads
            see. The sums in the paper start at 1, which loses lag 0.

    Returns:
        A kernel with rates ``gamma + k alpha`` (or ``1 + gamma + k alpha``) and
        ``target`` as its target, so that ``l1_error`` is certified.

        The polynomial comes from samples of h in float64. Between two neighbouring
        nodes only two bumps do not vanish, so every sample is a sum of two terms
        although there are infinitely many bumps. Where bumps are narrower than the
        distance of the samples, their local mean stands for them. Neither this nor
        rounding can harm the certificate: it is about the weights as returned.

    Raises:
        ValueError: on parameters out of these ranges, or a target that decays too
            slowly for the heights of the bumps to stay bounded.
    """
    family = Family.of(family)
    start = family.first_lag if first is None else first
    family.refuse_unseen(start)
    a, g = exact_spacing(heads, alpha, gamma)
    _refuse_slow(target, family, g)
    x = chebyshev_points(heads)
    samples = profile(x, target, family, float(a), float(g), start)
    return polynomial_kernel(samples, heads, family, a, g, target)


def _refuse_slow(target: Kernel, family: Family, gamma: fmpq) -> None:
    """The heights of the bumps must not grow with the lag."""
    slowest = float(min(target.rates))
    least, needed = float(family.base(gamma)), "1 + gamma"
    if family is LOG:
        if target.family is LIN:
            return
    else:
        needed = "gamma"
        if target.family is LOG:
            raise ValueError(
                "a sum of powers decays more slowly than any exponential; Lemma F.3 "
                "does not apply, use power heads"
            )
    if slowest <= least:
        raise ValueError(
            f"the target has rate {slowest:g}; the bumps stay bounded for rates above "
            f"{needed} = {least:g} only, so choose a smaller gamma"
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
    exponential = family is LIN
    # The lag that x belongs to: s for exponentials, log s for powers.
    place = np.maximum(-np.log(x) / alpha, 0.0)
    with np.errstate(over="ignore"):
        left = np.floor(place if exponential else np.exp(place))
    gap = _node(left, exponential, alpha) * _relative_gap(left, exponential, alpha)
    total = np.zeros_like(x)
    for lag in (left, left + 1):
        node = _node(lag, exponential, alpha)
        half_width = node * _relative_gap(lag, exponential, alpha)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            u = (x - node) / half_width
            inside = (np.abs(u) < 1) & (lag >= start)
            total[inside] += _heights(
                target, np.log(lag[inside]), exponential, gamma
            ) * (np.exp(1 - 1 / (1 - u[inside] ** 2)))
    unseen = gap < np.abs(np.gradient(x))
    means = place[unseen] if not exponential else np.log(place[unseen])
    total[unseen] = MEAN * _heights(target, means, exponential, gamma)
    return total


def _node(lag: np.ndarray, exponential: bool, alpha: float) -> np.ndarray:
    return np.exp(-alpha * lag) if exponential else lag**-alpha


def _relative_gap(lag: np.ndarray, exponential: bool, alpha: float) -> np.ndarray:
    """``1 - x_{s+1} / x_s`` without cancellation."""
    if exponential:
        return np.full_like(lag, -np.expm1(-alpha))
    return -np.expm1(-alpha * np.log1p(1 / lag))


def _heights(
    target: Kernel, log_lags: np.ndarray, exponential: bool, gamma: float
) -> np.ndarray:
    """``e^(gamma s) rho(s)`` or ``s^(1 + gamma) rho(s)``, given ``log s``."""
    with np.errstate(over="ignore"):
        lags = np.exp(log_lags)
    growth = gamma * lags if exponential else (1 + gamma) * log_lags
    decay = lags if target.family is LIN else log_lags
    heights = np.zeros_like(lags)
    for rate, weight in zip(target.float_rates, target.float_weights, strict=True):
        heights += weight * np.exp(growth - rate * decay)
    return heights
