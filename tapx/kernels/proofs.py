"""The bump of Lemmas F.1 and F.4: the kernel of the proof and its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
from flint import acb, arb, fmpq_poly, fmpz_poly

from tapx.checks import above, at_least
from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import LIN, Family
from tapx.kernels.kernel import Delta, Kernel

SPACING = Fraction(1, 100)
"""The paper's alpha and gamma."""


@lru_cache(maxsize=64)
def bump_derivative(order: int) -> arb:
    """Enclosure of ``max |d^n/du^n exp(1 - 1/(1 - u^2))|`` over ``|u| < 1``.

    The n-th derivative is ``P_n(u) (1 - u^2)^(-2n) exp(1 - 1/(1 - u^2))`` with integer
    polynomials P_n, so its extrema lie at the roots of P_{n+1}, isolated in balls. The
    order is 0 or more (ValueError).
    """
    at_least(0, order=order)
    u, square = fmpz_poly([0, 1]), fmpz_poly([1, 0, -1])
    here = after = fmpz_poly([1])
    for n in range(order + 1):
        here, slope = after, square**2 * after.derivative()
        after = slope + (4 * n * u * square - 2 * u) * here
    with balls.precision(256 + 32 * order):
        largest = arb(0)
        roots: list[tuple[acb, int]] = after.complex_roots()  # type: ignore[assignment]
        for root, _ in roots:
            if root.imag.contains(0) and abs(root.real) < 1:
                x = root.real
                gap = 1 - x * x
                size = abs(here(x)) * gap ** (-2 * order) * (1 - 1 / gap).exp()
                largest = largest.max(size)
        return largest


def bump(
    lag: int,
    heads: int,
    family: str | Family,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> Kernel:
    """The kernel of the proof of Lemma F.1 (exponential) or F.4 (power).

    The lag becomes ``x = exp(-alpha s)`` (or ``s ** -alpha``). A bump
    ``exp(-1 / (1 - u^2))`` stands on the node of ``lag``, as wide as the gap to the
    next node and scaled so that the kernel is 1 there. A polynomial Q with ``heads``
    coefficients approximates it on [0, 1], and ``exp(-gamma s) Q(x)`` (or
    ``s ** (-1 - gamma) Q(x)``) is the kernel. The lemma asks for some polynomial of
    Jackson's theorem; we take the Chebyshev partial sum, which is near the best one.

    Args:
        lag: the lag to recall, at least 0 (exponential) or 1 (power).
        heads: number of polynomial coefficients, at least 1.
        family: "exponential" or "power".
        alpha: spacing of the rates; 0.01 in the paper.
        gamma: lowest rate (or lowest rate minus 1 for powers); 0.01 in the paper.

    Returns:
        A kernel with rates ``gamma + k alpha`` (or ``1 + gamma + k alpha``).

    Raises:
        ValueError: a number out of these ranges, or an unknown family.

    Example:
        >>> kernel = tapx.proof_kernel(2, 64, "lin")
        >>> kernel.heads, tapx.outward(kernel.l1_error, 3)
        (64, '0.355')
    """
    target, family = Delta(lag), Family.of(family)
    family.refuse_unseen(lag)
    profile = partial(bump_profile, lag=lag, family=family)
    return polynomial_kernel(profile, heads, family, alpha, gamma, target)


def chebyshev_points(heads: int) -> np.ndarray:
    """Points of [0, 1], descending, enough to see ``heads`` coefficients."""
    points = 1 << max(14, (8 * heads).bit_length())
    return (np.cos((np.arange(points) + 0.5) * np.pi / points) + 1) / 2


def polynomial_kernel(
    profile: Callable[..., np.ndarray],
    heads: int,
    family: Family,
    alpha: Number,
    gamma: Number,
    target: Delta | Kernel,
) -> Kernel:
    """``exp(-gamma s) Q(exp(-alpha s))``, or ``s ** (-1 - gamma) Q(s ** -alpha)``.

    Q is the partial sum, with as many coefficients as heads, of the Chebyshev series
    on [0, 1] of ``profile(x, alpha=alpha, gamma=gamma)``. ValueError as `bump`.
    """
    from scipy.fft import dct  # slow to load

    at_least(1, heads=heads)
    a, g = exact(alpha), exact(gamma)
    above(0, alpha=float(a), gamma=float(g))
    samples = profile(chebyshev_points(heads), alpha=float(a), gamma=float(g))
    coefficients = dct(samples, type=2)[:heads] / len(samples)
    coefficients[0] /= 2
    polynomial = fmpq_poly([0])
    # T_0 = 1, T_1 = y, T_{k+1} = 2 y T_k - T_{k-1} with y = 2x - 1 on [0, 1].
    before, now = fmpq_poly([1]), fmpq_poly([-1, 2])
    for coefficient in coefficients:
        polynomial += before * exact(float(coefficient))
        before, now = now, fmpq_poly([-2, 4]) * now - before
    rates = tuple(family.base(g) + k * a for k in range(heads))
    return Kernel(family, rates, tuple(polynomial[k] for k in range(heads)), target)


def node(lag: Any, family: str | Family, alpha: float) -> Any:
    """Where lags stand on (0, 1]: ``exp(-alpha lag)`` or ``lag ** -alpha``."""
    return np.exp(-alpha * lag) if Family.of(family) is LIN else lag**-alpha


def bump_profile(
    x: np.ndarray,
    lag: int,
    family: str | Family,
    alpha: float = 0.01,
    gamma: float = 0.01,
) -> np.ndarray:
    """The scaled bump at points ``x`` of [0, 1], before any polynomial (F.1, F.4)."""
    family = Family.of(family)
    centre = node(lag, family, alpha)
    u = (x - centre) / (centre - node(lag + 1, family, alpha))
    height = np.exp(gamma * lag) if family is LIN else lag ** (1 + gamma)
    inside = np.abs(u) < 1
    values = np.zeros_like(x)
    values[inside] = height * np.exp(1 - 1 / (1 - u[inside] ** 2))
    return values
