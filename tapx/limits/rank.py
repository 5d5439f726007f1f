"""Lower bounds on the squared distance that any H heads can reach on a window.

A sum of H exponentials has a Hankel matrix ``g(first + i + j)`` of rank at most H, and
a sum of H powers a multiplicative one, ``g(i * j)`` with ``i, j >= 1``: one matrix of
rank one for each head. Scale rows and columns by numbers ``d_i`` with

``sum_{i+j=s} d_i^2 d_j^2 <= 1``  (or ``sum_{ij=s}``)  for every lag s.

Then the squared Frobenius norm of the scaled matrix of an error kernel is at most its
squared distance on the window, and by Eckart and Young no H heads come nearer to the
target than the singular values of its scaled matrix beyond the first H allow:

``sum_s (g(s) - rho(s))^2  >=  sum_{k>H} sigma_k^2``.

Such numbers are: ``d_i^2`` the coefficient of ``z^i`` in ``(1 - z)^(-1/2)``, or of
``i^(-z)`` in ``zeta(z)^(1/2)``, whose squares have all coefficients equal to 1. Both
bounds hold for all real or complex rates, positive or not, and for coinciding rates.

`lower_bound` is for a decay, `least_errors` for the tokens at a few lags, which the
experiments 1b, 2a, 2b and 3a of the paper ask for: for independent signs the mean
squared error of a linear readout is the squared distance of its kernel to the deltas at
these lags, on the lags from 1 on (the current token reaches it by the residual
connection as well). There all ``d_i`` equal are tried, too: for one lag T they are
better and give ``1 - H / T``.

The matrix of a delta at T has entries up to lag ``2 T - 1``, so the window must reach
there. As growing exponentials count, a window read backwards has the same bounds, and
lags near its far end are counted from there. No bound for the whole past may be used on
a window that ends soon after the lag: on lags 1 to T a delta at T is nearly a
polynomial of degree ``c sqrt(T)``, which as many nearly equal decays can be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from math import comb

import numpy as np
from flint import arb, arb_mat, fmpz, fmpz_mat

from tapx.checks import at_least, check_lags
from tapx.kernels import balls
from tapx.kernels.family import LIN, Family
from tapx.kernels.windows import Decay

# Singular values beyond the first H that `lower_bound` certifies and adds up.
SINGULAR_VALUES = 3

# Binary digits after the point to which `least_errors` rounds vectors and matrix.
BITS = 53

MARGIN = 1e-9
"""What :mod:`tapx.experiments.signs.floors` takes off, times a target's variance, for
the float64 of the target's own numbers. `least_errors` is exact and needs no margin."""

LAST = 999  # the last lag of the experiments, whose inputs have 1000 tokens


def lower_bound(
    target: Decay, heads: int, family: str | Family, first: int = 1, last: int = LAST
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
        last: last lag. Those beyond 999 are not used, so the bound is weaker there.

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
    at_least(1, heads=heads)
    seen = max(first, family.first_lag)
    bound = _bound(target, heads, family, seen, min(last, LAST))
    if first < seen:
        bound = math.nextafter(bound + target.at_zero**2 * (1 - 2**-50), 0.0)
    return bound


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
    product = arb(1)
    for order in [index] if family is LIN else [e for _, e in fmpz(index).factor()]:
        product *= arb(comb(2 * order, order)) / arb(4) ** order
    return product.sqrt()


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
    return arb_mat(entries), *np.linalg.svd(floats, full_matrices=False)


@lru_cache(maxsize=256)
def _bound(target: Decay, heads: int, family: Family, first: int, last: int) -> float:
    """The certified sum of a few squared singular values beyond the first heads."""
    with balls.precision(192):
        matrix, u, sigma, vt = _matrix(target, family, first, last)
        count = min(heads + SINGULAR_VALUES, len(sigma))
        left, right = exactly(u.T[:count]), exactly(vt[:count])
        rest = left * matrix * right.transpose() - exactly(np.diag(sigma[:count]))
        remainder = sum((balls.square(x) for x in rest.entries()), arb(0))
        lengths = _norm(left) * _norm(right)
        total = arb(0)
        for value in sigma[heads:count]:
            certain = (arb(float(value)) - remainder.abs_upper().sqrt()) / lengths
            if certain > 0:
                total += balls.square(certain)
        return max(0.0, math.nextafter(float(total.lower()), 0.0))


def exactly(rows: Iterable[np.ndarray]) -> arb_mat:
    """Rows of float64 numbers, exactly."""
    return arb_mat([[arb(float(x)) for x in row] for row in rows])


def _norm(rows: arb_mat) -> arb:
    """Upper bound on the spectral norm: the root of the Gram matrix's row sums."""
    return largest_row(rows * rows.transpose()).sqrt()


def largest_row(matrix: arb_mat) -> arb:
    """An upper bound of the largest sum of absolute entries of a row."""
    sums = (sum(map(abs, row), arb(0)).upper() for row in matrix.tolist())
    return reduce(arb.max, sums)


def least_errors(
    lags: Sequence[int], last: int = LAST, sizes: Sequence[float] | None = None
) -> np.ndarray:
    """Lower bounds on the mean squared error for 0, 1, 2, ... exponentials.

    The target is the sum of the tokens at ``lags``, each times its size, the inputs are
    independent signs, and the readout is linear; lag 0 costs it nothing. The bounds
    hold for all rates and weights, on every window of lags that begins at 0 or 1 and
    ends at ``last``, or, for lags in its nearer half, later.

    The singular values are proved as follows. float64 proposes eigenvectors V, which
    are rounded to whole multiples of 2^-53, and the matrix M is rounded to M' in the
    same way, at a known distance in Frobenius norm. Then ``V'M'V`` and ``V'V`` are
    computed exactly, in whole numbers. The distance of a matrix to those of rank H is
    ``sqrt(sum_{k>H} sigma_k^2)``; it moves by no more than the matrix does, and
    ``V'M'V`` has at most ``|V|^2`` times that of ``M'``.

    Args:
        lags: distinct lags, each 1 to ``last``, and all in the same half of the window:
            up to ``(last + 1) / 2``, or all from there on.
        last: last lag of the window, at least 1.
        sizes: a finite factor for each lag; all 1 if None.

    Returns:
        Bounds, shape (R + 1,), from the sum of the squared sizes (no head at all) down
        to 0, rounded down; about 1e-13 below the singular values. R is the largest
        distance of a lag from lag 0, or for the far half from ``last + 1``: so many
        exponentials can do anything there.

    Errors as `check_lags`, and ValueError for lags out of range or in both halves, or
    sizes that are not finite or not one for each lag.
    """
    lags = check_lags(lags)
    factors = tuple(map(float, [1.0] * len(lags) if sizes is None else sizes))
    if len(factors) != len(lags) or not np.isfinite(factors).all():
        raise ValueError(
            f"sizes {list(factors)} for {len(lags)} lags: give one finite number each"
        )
    return _floors(_from_the_nearer_end(lags, last), factors).copy()


def _from_the_nearer_end(lags: tuple[int, ...], last: int) -> tuple[int, ...]:
    """The lags, or their distances from the lag after the last one."""
    if max(lags) > last:
        raise ValueError(
            f"lag {max(lags)} lies beyond the window's last lag {last}; the nearest "
            f"valid lag is {last}"
        )
    backwards = tuple(last + 1 - lag for lag in lags)
    nearer = min(lags, backwards, key=max)
    if 2 * max(nearer) - 1 > last:
        raise ValueError(
            f"lags {list(lags)} lie in both halves of a window to lag {last}; the "
            f"shortest window that bounds them ends at lag {2 * max(lags) - 1}"
        )
    return nearer


@lru_cache(maxsize=64)
def _floors(lags: tuple[int, ...], sizes: tuple[float, ...]) -> np.ndarray:
    """The better bound of the two scalings for each number of exponentials."""
    size, largest = max(lags), max(map(abs, sizes))
    if largest == 0:
        return np.zeros(size + 1)
    with balls.precision(4 * BITS):
        unit = arb(2) ** math.frexp(largest)[1]  # so that all sizes are below 1
        whole = {s: arb(c) / unit for s, c in zip(lags, sizes, strict=True)}
        even = [1 / arb(size).root(4)] * size
        arcsine = [_scale(i, LIN) for i in range(size)]
        tails = [_tails(whole, scale) for scale in (even, arcsine)]
        best = [unit**2 * a.max(b) for a, b in zip(*tails, strict=True)]
        bounds = np.array([max(0.0, balls.lower(x)) for x in best] + [0.0])
    # What more exponentials cannot do, fewer cannot.
    return np.maximum.accumulate(bounds[::-1])[::-1]


def _tails(sizes: dict[int, arb], scales: list[arb]) -> list[arb]:
    """Lower bounds of ``sum_{k>H} sigma_k^2`` of the Hankel matrix, H = 0, 1, ..."""
    count, unit = len(scales), 1 << BITS
    matrix = [[0] * count for _ in range(count)]
    missed = arb(0)
    for lag, size in sizes.items():
        for i in range(lag):
            entry = size * scales[i] * scales[lag - 1 - i] * unit
            nearest = round(float(entry))
            matrix[i][lag - 1 - i] = nearest
            missed += balls.square(entry - nearest)
    floats = np.array(matrix, dtype=float) / unit
    vectors = np.linalg.eigh((floats + floats.T) / 2)[1]
    isometry = fmpz_mat(np.rint(vectors * unit).astype(np.int64).tolist())
    turned = isometry.transpose() * fmpz_mat(matrix) * isometry  # units of unit^-3
    identity = fmpz_mat(np.eye(count, dtype=int).tolist())
    gram = isometry.transpose() * isometry - unit**2 * identity
    values = [int(turned[i, i]) ** 2 for i in range(count)]
    lost = arb(_squares(turned) - sum(values)).sqrt()
    lengths = 1 + arb(_squares(gram)).sqrt() / unit**2
    bounds, tail = [], sum(values)
    for value in sorted(values, reverse=True):
        inside = (arb(tail).sqrt() - lost) / arb(unit) ** 3 / lengths
        distance = inside - missed.abs_upper().sqrt() / unit
        bounds.append(balls.square(distance.max(arb(0))))
        tail -= value
    return bounds


def _squares(matrix: fmpz_mat) -> int:
    """The sum of the squared entries."""
    return sum(int(x) ** 2 for x in matrix.entries())
