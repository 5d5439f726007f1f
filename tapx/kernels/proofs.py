"""The bump of Lemmas F.1 and F.4: the kernel of the proof and its derivatives."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from flint import acb, arb, fmpq, fmpq_poly, fmpz_poly
from scipy.fft import dct

from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import LIN, Family
from tapx.kernels.kernel import Delta, Kernel


@lru_cache(maxsize=64)
def bump_derivative(order: int) -> arb:
    """Enclosure of ``max |d^n/du^n exp(1 - 1/(1 - u^2))|`` over ``|u| < 1``.

    The n-th derivative is ``P_n(u) (1 - u^2)^(-2n) exp(1 - 1/(1 - u^2))`` with integer
    polynomials P_n, so its extrema lie at the roots of P_{n+1}, isolated in balls.

    Raises:
        ValueError: if ``order`` is negative.
    """
    if order < 0:
        raise ValueError(f"order {order}: the nearest valid order is 0")
    u, square = fmpz_poly([0, 1]), fmpz_poly([1, 0, -1])
    here = fmpz_poly([1])
    for n in range(order + 1):
        after = square**2 * here.derivative() + (4 * n * u * square - 2 * u) * here
        if n < order:
            here = after
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
    alpha: Number = Fraction(1, 100),
    gamma: Number = Fraction(1, 100),
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
    a, g = exact_spacing(heads, alpha, gamma)
    samples = bump_profile(chebyshev_points(heads), lag, family, float(a), float(g))
    return polynomial_kernel(samples, heads, family, a, g, target)


def exact_spacing(heads: int, alpha: Number, gamma: Number) -> tuple[fmpq, fmpq]:
    """The spacing and the lowest rate, exactly; refuses what gives no kernel."""
    if heads < 1:
        raise ValueError(f"heads {heads}: at least 1 head is needed")
    a, g = exact(alpha), exact(gamma)
    if a <= 0 or g <= 0:
        raise ValueError("alpha and gamma must be positive")
    return a, g


def chebyshev_points(heads: int) -> np.ndarray:
    """Points of [0, 1], descending, enough to see ``heads`` coefficients."""
    points = 1 << max(14, (8 * heads).bit_length())
    return (np.cos((np.arange(points) + 0.5) * np.pi / points) + 1) / 2


def polynomial_kernel(
    samples: np.ndarray,
    heads: int,
    family: str | Family,
    alpha: Number,
    gamma: Number,
    target: Delta | Kernel,
) -> Kernel:
    """``exp(-gamma s) Q(exp(-alpha s))``, or ``s ** (-1 - gamma) Q(s ** -alpha)``.

    Args:
        samples: a function on :func:`chebyshev_points`; Q is the partial sum of its
            Chebyshev series on [0, 1].
        heads: number of coefficients of Q, at least 1.
        family: "exponential" or "power".
        alpha: spacing of the rates, positive.
        gamma: lowest rate (or lowest rate minus 1), positive.
        target: what the kernel approximates.

    Returns:
        A kernel with rates ``gamma + k alpha`` (or ``1 + gamma + k alpha``).

    Raises:
        ValueError: on heads, alpha or gamma out of these ranges.
    """
    a, g = exact_spacing(heads, alpha, gamma)
    polynomial = fmpq_poly([0])
    # T_0 = 1, T_1 = y, T_{k+1} = 2 y T_k - T_{k-1} with y = 2x - 1 on [0, 1].
    before, now = fmpq_poly([1]), fmpq_poly([-1, 2])
    for coefficient in _chebyshev_coefficients(samples, heads):
        polynomial += before * exact(float(coefficient))
        before, now = now, fmpq_poly([-2, 4]) * now - before
    family = Family.of(family)
    base = family.base(g)
    rates = tuple(base + k * a for k in range(heads))
    weights = tuple(polynomial[k] for k in range(heads))
    return Kernel(family, rates, weights, target)


def node(lag: int, family: str | Family, alpha: float) -> float:
    """Where a lag stands on (0, 1]: ``exp(-alpha lag)`` or ``lag ** -alpha``."""
    if Family.of(family) is LIN:
        return float(np.exp(-alpha * lag))
    return float(lag) ** -alpha


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


def _chebyshev_coefficients(samples: np.ndarray, count: int) -> np.ndarray:
    """First ``count`` Chebyshev coefficients from samples at Chebyshev points."""
    coefficients = dct(samples, type=2)[:count] / len(samples)
    coefficients[0] /= 2
    return coefficients
