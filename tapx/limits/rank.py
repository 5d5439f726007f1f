"""Lower bounds on the squared distance that any H heads can reach on a window.

A sum of H exponentials has a Hankel matrix ``g(first + i + j)`` of rank at most H, and
a sum of H powers a multiplicative one, ``g(i * j)`` with ``i, j >= 1``: one matrix of
rank one for each head. Scale rows and columns by numbers ``d_i`` with

``sum_{i+j=s} d_i^2 d_j^2 = 1``  (or ``sum_{ij=s}``)  for every lag s.

Then the squared Frobenius norm of the scaled matrix of an error kernel is at most its
squared distance on the window, and by Eckart and Young no H heads come nearer to the
target than the singular values of its scaled matrix beyond the first H allow:

``sum_s (g(s) - rho(s))^2  >=  sum_{k>H} sigma_k^2``.

These numbers exist: ``d_i^2`` is the coefficient of ``z^i`` in ``(1 - z)^(-1/2)``, or
of ``i^(-z)`` in ``zeta(z)^(1/2)``, whose squares have all coefficients equal to 1.
Both bounds hold for all real or complex rates, positive or not, and for coinciding
rates too.
"""

from __future__ import annotations

import math
from functools import lru_cache
from math import comb

import numpy as np
from flint import arb, arb_mat, ctx

from tapx.kernels import balls
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.windows import Decay

SINGULAR_VALUES = 3
"""Singular values beyond the first H that are certified and added up."""


def lower_bound(
    target: Decay, heads: int, family: str | Family, first: int = 1, last: int = 999
) -> float:
    """A proved lower bound on the squared distance for ``heads`` heads.

    The singular values are certified in ball arithmetic: with approximate singular
    vectors U, V from float64, ``sigma_k(U'MV) <= |U| |V| sigma_k(M)``, and ``U'MV`` is
    a diagonal plus a remainder whose norm is enclosed (Weyl).

    Args:
        target: the kernel to match.
        heads: number of terms, at least 1.
        family: "exponential" or "power".
        first: first lag of the window, 0 or 1. For powers the bound is on the lags
            from 1 on, plus ``target.at_zero**2`` where ``first`` is 0.
        last: last lag. Lags beyond 999 are not used: the bound then holds, but for
            the longer window it is weaker than it could be.

    Returns:
        The bound, rounded down; 0.0 where float64 singular vectors cannot certify
        one (squared distances below about 1e-28).

    Raises:
        ValueError: no head, or an unknown family.

    Example:
        >>> target = tapx.Decay(tapx.LIN, 0.05)
        >>> tapx.outward(tapx.floor(target, 4, "log"), 3, up=False)
        '0.000624'
        >>> tapx.outward(tapx.best_kernel(target, 4, "log", norm="l2").mse, 3)
        '0.134'
    """
    family = Family.of(family)
    if heads < 1:
        raise ValueError(f"heads={heads}: give at least 1")
    if family is LOG:
        bound = _bound(target, heads, family, 1, min(last, 999))
        if first == 0:
            bound = math.nextafter(bound + target.at_zero**2 * (1 - 2**-50), 0.0)
        return bound
    return _bound(target, heads, family, first, min(last, 999))


def _index_sets(
    family: Family, first: int, last: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of rows and columns, and the lag of each entry of the matrix."""
    if family is LIN:
        rows = np.arange((last - first) // 2 + 1)
        columns = np.arange(last - first - rows[-1] + 1)
        return rows, columns, first + rows[:, None] + columns
    rows = np.arange(1, math.isqrt(last) + 1)
    columns = np.arange(1, last // rows[-1] + 1)
    return rows, columns, rows[:, None] * columns


def _scale(index: int, family: Family) -> arb:
    """``d_i`` as a ball: the square root of central binomials over powers of four."""
    if family is LIN:
        return (arb(comb(2 * index, index)) / arb(4) ** index).sqrt()
    product = arb(1)
    for multiplicity in _multiplicities(index):
        product *= arb(comb(2 * multiplicity, multiplicity)) / 4**multiplicity
    return product.sqrt()


def _multiplicities(number: int) -> list[int]:
    """Exponents in the factorisation into primes."""
    found, factor = [], 2
    while number > 1:
        exponent = 0
        while number % factor == 0:
            number, exponent = number // factor, exponent + 1
        if exponent:
            found.append(exponent)
        factor += 1
    return found


@lru_cache(maxsize=8)
def _matrix(
    target: Decay, family: Family, first: int, last: int
) -> tuple[arb_mat, np.ndarray, np.ndarray, np.ndarray]:
    """The scaled matrix in balls, and its singular value decomposition in float64."""
    rows, columns, lags = _index_sets(family, first, last)
    values = {int(lag): target.ball(int(lag)) for lag in np.unique(lags)}
    left = [_scale(int(i), family) for i in rows]
    right = [_scale(int(j), family) for j in columns]
    entries = [
        [left[i] * values[int(lag)] * right[j] for j, lag in enumerate(line)]
        for i, line in enumerate(lags)
    ]
    floats = np.array([[float(entry.mid()) for entry in line] for line in entries])
    u, sigma, vt = np.linalg.svd(floats, full_matrices=False)
    return arb_mat(entries), u, sigma, vt


@lru_cache(maxsize=256)
def _bound(target: Decay, heads: int, family: Family, first: int, last: int) -> float:
    """The certified sum of a few squared singular values beyond the first heads."""
    before, ctx.prec = ctx.prec, 192
    try:
        matrix, u, sigma, vt = _matrix(target, family, first, last)
        count = min(heads + SINGULAR_VALUES, len(sigma))
        left = arb_mat([[arb(float(x)) for x in line] for line in u.T[:count]])
        right = arb_mat([[arb(float(x)) for x in line] for line in vt[:count]])
        core = left * matrix * right.transpose()
        remainder = arb(0)
        for i in range(count):
            for j in range(count):
                centre = arb(float(sigma[i])) if i == j else arb(0)
                remainder += balls.square(core[i, j] - centre)
        lengths = _norm(left) * _norm(right)
        total = arb(0)
        for k in range(heads, count):
            certain = (arb(float(sigma[k])) - remainder.abs_upper().sqrt()) / lengths
            if certain > 0:
                total += balls.square(certain)
        return max(0.0, math.nextafter(float(total.lower()), 0.0))
    finally:
        ctx.prec = before


def _norm(rows: arb_mat) -> arb:
    """Upper bound on the spectral norm: the root of the Gram matrix's row sums."""
    gram = rows * rows.transpose()
    size = gram.nrows()
    sums = [
        sum((abs(gram[i, j]) for j in range(size)), arb(0)).upper() for i in range(size)
    ]
    return max(sums, key=float).sqrt()
