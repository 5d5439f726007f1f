"""How well any H exponentials can pick out single tokens, in mean square.

Experiments 1b, 2a, 2b and 3a of the paper ask for the tokens at a few lags among 1000.
For independent signs the mean squared error of a linear readout is the squared
Euclidean distance of its kernel to the deltas at these lags, on the lags from 1 on: the
current token reaches the readout by the residual connection as well.

The argument is that of :mod:`tapx.limits.rank`. The Hankel matrix ``g(1 + i + j)``
of H exponentials has rank H. Scale rows and columns by numbers ``d_i`` with
``sum_{i+j=s} d_i^2 d_j^2 <= 1``. If the matrix has singular values sigma for the
deltas, no H exponentials come nearer to them, in square, than
``sum_{k>H} sigma_k^2``. Two scalings are tried: ``d_i^2`` the coefficients of
``(1 - z)^(-1/2)``, for which all sums are 1, and all ``d_i`` equal. For one lag T the
second is better and gives ``1 - H / T``.

The matrix of a lag T has entries up to lag ``2 T - 1``, so the window must reach there.
The bounds hold for growing exponentials too. Hence a window read backwards has the same
ones, and lags near its far end are counted from there. No bound for the whole past may
be used on a window that ends soon after the lag: on lags 1 to T a delta at T is nearly
a polynomial of degree ``c sqrt(T)``, which as many nearly equal decays can be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from math import comb

import numpy as np
from flint import arb, fmpz_mat

from tapx.checks import check_lags
from tapx.kernels import balls

MARGIN = 1e-9
"""What :mod:`tapx.experiments.signs.floors` takes off, times a target's variance, for
the float64 of the target's own numbers. The bounds here are computed exactly and need
no margin."""

BITS = 53
"""Binary digits after the point to which eigenvectors and matrix are rounded."""

LAST = 999
"""The last lag of the experiments, whose inputs have 1000 tokens."""


def scales(count: int) -> np.ndarray:
    """The numbers d_0, ..., d_(count-1), shape (count,).

    ``d_i^2`` is ``binomial(2 i, i) / 4^i``, so that ``sum_i d_i^2 d_(s-i)^2 = 1``.

    Raises:
        ValueError: a count below 1.
    """
    if count < 1:
        raise ValueError(f"count {count}: the nearest valid count is 1")
    ratios = 1 - 0.5 / np.arange(1, count)
    return np.sqrt(np.cumprod(np.concatenate([[1.0], ratios])))


def least_errors(
    lags: Sequence[int], last: int = LAST, sizes: Sequence[float] | None = None
) -> np.ndarray:
    """Lower bounds on the mean squared error for 0, 1, 2, ... exponentials.

    The target is the sum of the tokens at ``lags``, each times its size, the inputs are
    independent signs, and the readout is linear; lag 0 costs it nothing. The bounds
    hold for all rates and weights, on every window of lags that begins at 0 or 1 and
    ends at ``last``, or, for lags in its nearer half, later.

    Args:
        lags: distinct lags, each 1 to ``last``, and all in the same half of the window:
            up to ``(last + 1) / 2``, or all from there on.
        last: last lag of the window, at least 1.
        sizes: a finite factor for each lag; all 1 if None.

    The singular values are proved as follows. float64 proposes eigenvectors V, which
    are rounded to whole multiples of 2^-53, and the matrix M is rounded to M' in the
    same way, at a known distance in Frobenius norm. Then ``V'M'V`` and ``V'V`` are
    computed exactly, in whole numbers. The distance of a matrix to those of rank H is
    ``sqrt(sum_{k>H} sigma_k^2)``; it moves by no more than the matrix does, and
    ``V'M'V`` has at most ``|V|^2`` times that of ``M'``.

    Returns:
        Bounds, shape (R + 1,), from the sum of the squared sizes (no head at all) down
        to 0, rounded down; about 1e-13 below the singular values. R is the largest
        distance of a lag from lag 0, or for the far half from ``last + 1``: so many
        exponentials can do anything there.

    Raises:
        ValueError: no lags, a repeated lag, one out of range, lags in both halves, or
            sizes that are not finite or not one for each lag.
        TypeError: a lag that is no whole number.
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
        binomials = [arb(comb(2 * i, i)) / arb(4) ** i for i in range(size)]
        arcsine = [binomial.sqrt() for binomial in binomials]
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
    gram = isometry.transpose() * isometry
    off, values = 0, []
    for i, row in enumerate(turned.tolist()):
        values.append(int(row[i]) ** 2)
        off += sum(int(x) ** 2 for x in row) - values[-1]
    defect = sum(
        (int(x) - (i == j) * unit**2) ** 2
        for i, row in enumerate(gram.tolist())
        for j, x in enumerate(row)
    )
    lost = arb(off).sqrt()
    lengths = 1 + arb(defect).sqrt() / unit**2
    bounds, tail = [], sum(values)
    for value in sorted(values, reverse=True):
        inside = (arb(tail).sqrt() - lost) / arb(unit) ** 3 / lengths
        distance = inside - missed.abs_upper().sqrt() / unit
        bounds.append(balls.square(distance.max(arb(0))))
        tail -= value
    return bounds


def heads_needed(lags: Sequence[int], error: float, last: int = LAST) -> int:
    """The fewest exponentials whose bound in :func:`least_errors` is at most `error`.

    Raises:
        ValueError: a negative error, or lags as above.
    """
    if not error >= 0:
        raise ValueError(f"error {error!r} is negative; the nearest valid error is 0")
    return int(np.argmax(least_errors(lags, last) <= error))
