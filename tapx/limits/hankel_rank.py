"""How near to a power of the lag no linear recurrence of H states can come.

The argument of :mod:`tapx.limits.rank`, in l1 and over all lags. For the response g of
any linear recurrence of H states, real or complex, such as a sum of H exponentials, the
infinite matrix ``g(1 + i + j)``, ``i, j >= 0``, has rank H at most. The matrix of a
deviation e has norm at most ``sum_{s>=1} |e(s)|``: each lag stands on one antidiagonal,
whose matrix has norm 1. So by Eckart and Young

``sum_{s >= 1} |g(s) - s^-b|  >=  sigma_{H+1}``  of the matrix ``(1 + i + j)^-b``,

whatever the decays and weights. Compressing the matrix by an isometry can only lower
its singular values. We average over blocks of indices that grow geometrically, whose
entries are second differences of Hurwitz zeta values, and enclose an eigenvalue.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache, reduce

import numpy as np
from flint import arb, arb_mat

from tapx.checks import at_least
from tapx.kernels import balls
from tapx.kernels.family import refuse_unsummable
from tapx.limits.rank import exactly, largest_row

NEAR = 24  # indices that are blocks of their own
GROWTH = 1.15  # ratio of the edges of the blocks beyond
BITS = 192  # working precision


def lower_bound(power: float, heads: int, reach: float = 1e8) -> float:
    """A proved lower bound of the l1 distance of ``heads`` states to ``s^-power``.

    The power is above 1, and the heads, exponentials or states of a linear recurrence,
    are 0 or more (ValueError). Indices up to about `reach` are used. The bound is over
    all lags ``s >= 1``, rounded down; 0.0 where float64 eigenvectors cannot certify one
    (below about 1e-15).
    """
    refuse_unsummable(power)
    at_least(0, heads=heads)
    matrix, vectors = _compressed(float(power), float(reach))
    if heads >= vectors.shape[1]:
        return 0.0
    with balls.precision(BITS):
        # Courant and Fischer: on a space of heads + 1 dimensions the quadratic form is
        # nowhere larger, relative to the norm, than the eigenvalue of that rank. Both
        # are bounded by Gershgorin's discs.
        rows = exactly(vectors.T[: heads + 1])
        form = (rows * matrix * rows.transpose()).tolist()
        rests = (2 * row[i] - sum(map(abs, row), arb(0)) for i, row in enumerate(form))
        least = reduce(arb.min, (rest.lower() for rest in rests))
        return max(0.0, balls.lower(least / largest_row(rows * rows.transpose())))


def fewest(power: float, error: float, reach: float = 1e8) -> int:
    """No linear recurrence with fewer states comes within ``error`` in l1.

    ValueError below 1e-12, where the certificate gives out.
    """
    if error < 1e-12:
        raise ValueError(f"error {error:g}: the nearest valid error is 1e-12")
    heads = 0
    while lower_bound(power, heads, reach) > error:
        heads += 1
    return heads


@lru_cache(maxsize=8)
def _compressed(power: float, reach: float) -> tuple[arb_mat, np.ndarray]:
    """The compressed matrix in balls, and its eigenvectors, largest value first."""
    edges = list(range(NEAR + 1))
    while edges[-1] < reach:
        edges.append(math.ceil(edges[-1] * GROWTH))
    size, b = len(edges) - 1, arb(power)

    @cache
    def second_sum(m: int) -> arb:
        """A function of m whose second difference is ``m^-b``."""
        point = arb(m)
        # sum_{s >= m} (s - m + 1) s^-b, continued to b <= 2 where it diverges.
        first = -point.digamma() if power == 2 else (b - 1).zeta(point)
        return first - (m - 1) * b.zeta(point)

    with balls.precision(BITS):
        rows = [[arb(0)] * size for _ in range(size)]
        for i in range(size):
            for j in range(i, size):
                (a, a2), (c, c2) = edges[i : i + 2], edges[j : j + 2]
                total = second_sum(1 + a + c) + second_sum(1 + a2 + c2)
                total -= second_sum(1 + a2 + c) + second_sum(1 + a + c2)
                rows[i][j] = rows[j][i] = total / arb((a2 - a) * (c2 - c)).sqrt()
        floats = np.array([[float(x.mid()) for x in row] for row in rows])
        vectors = np.linalg.eigh(floats)[1][:, ::-1]
        return arb_mat(rows), vectors
