"""Gradient descent on the weights alone, solved: what fixed rates make hard.

For fixed rates a model's kernel is ``A c``, with a column of softmax weights and a
number ``c_h`` for each head. With the singular value decomposition ``A = U S V'``
gradient descent with step ``eta`` on ``|A c - rho|^2`` multiplies the error along
``u_i`` by ``1 - 2 eta s_i^2`` in each iteration. So all that it ever does is known:

``|A c_t - rho|^2 = |rest|^2 + sum_i (1 - 2 eta s_i^2)^(2t) (u_i . rho)^2`` from zero.

Nothing here is estimated; the arithmetic is float64.
"""

from __future__ import annotations

import math

import numpy as np

from tapx.checks import at_least
from tapx.kernels.fit import design

NEVER = 10.0**18
"""Iterations that count as never."""


def columns(rates: np.ndarray, lags: int, position: str = "lin") -> np.ndarray:
    """Softmax weights of heads on the lags 0 to ``lags - 1``: (lags, heads), sums 1.

    Raises:
        ValueError: a rate that is not positive, or an unknown position.
    """
    rates = np.asarray(rates, dtype=float)
    if not (rates > 0).all():
        raise ValueError(f"rates {rates}: give positive ones")
    decays = design(np.log(rates), np.arange(lags), position)[0]
    return decays / decays.sum(0)


def singular_values(
    rates: np.ndarray, weights: np.ndarray, lags: int, position: str = "lin"
) -> dict[str, np.ndarray]:
    """Singular values, descending, of a kernel's derivative on the lags from 1 on.

    Near the kernel the loss is the square of this derivative, so gradient descent's
    worst direction needs the square of their largest ratio in iterations.

    Args:
        rates: (heads,) positive.
        weights: (heads,) of the decays themselves.
        lags: T, the number of lags in the softmax.
        position: "lin" or "log".

    Returns:
        "weights": rates fixed. "joint": weights and log rates move. "projected": log
        rates move and the weights follow at their least squares.
    """
    shares = columns(rates, lags, position)
    decays, slopes = design(np.log(rates), np.arange(lags), position)
    total, seen = decays.sum(0), slice(1, None)
    turning = (slopes - shares * slopes.sum(0)) / total * (weights * total)
    shares, turning = shares[seen], turning[seen]
    basis = np.linalg.qr(shares / np.linalg.norm(shares, axis=0))[0]
    parts = {
        "weights": shares,
        "joint": np.hstack([shares, turning]),
        "projected": turning - basis @ (basis.T @ turning),
    }
    return {name: np.linalg.svd(part, compute_uv=False) for name, part in parts.items()}


class FixedRates:
    """The solved descent of some heads' weights, from zero towards a target.

    Args:
        matrix: (lags, heads), a column for each head; lags >= heads >= 1.
        values: (lags,) the target.

    Attributes:
        singular_values: (heads,), descending.
        amounts: (heads,) squared error at the start along each left singular vector.
        rest: squared error that no weights remove.

    Raises:
        ValueError: shapes that do not fit.
    """

    def __init__(self, matrix: np.ndarray, values: np.ndarray):
        """Decompose the matrix."""
        matrix, values = np.asarray(matrix, float), np.asarray(values, float)
        if matrix.ndim != 2 or values.shape != matrix.shape[:1]:
            raise ValueError(
                f"a matrix {matrix.shape} and a target {values.shape}: give "
                "(lags, heads) and (lags,)"
            )
        left, self.singular_values, _ = np.linalg.svd(matrix, full_matrices=False)
        towards = left.T @ values
        self.rest = float(((values - left @ towards) ** 2).sum())
        self.amounts = towards**2

    @property
    def condition(self) -> float:
        """Largest over smallest singular value."""
        return float(self.singular_values[0] / self.singular_values[-1])

    @property
    def largest_step(self) -> float:
        """Steps above this one make gradient descent diverge: ``1 / s_1^2``."""
        return float(self.singular_values[0] ** -2)

    def error(self, iterations: float, step: float | None = None) -> float:
        """Squared error after that many iterations, exactly.

        Args:
            iterations: 0 or more.
            step: the learning rate; half the largest one if None, which removes the
                largest direction in one iteration.

        Raises:
            ValueError: a negative number of iterations.
        """
        at_least(0, iterations=iterations)
        step = self.largest_step / 2 if step is None else step
        factor = np.abs(1 - 2 * step * self.singular_values**2)
        return self.rest + float(factor ** (2 * iterations) @ self.amounts)

    def iterations_to(self, error: float, step: float | None = None) -> float:
        """Least number of iterations to a squared error, within 1 in 1000.

        Infinite where the error is below what the rates allow, or where more than
        `NEVER` iterations are needed.
        """
        if self.error(0, step) <= error:
            return 0.0
        if self.rest >= error or self.error(NEVER, step) > error:
            return math.inf
        low, high = 1.0, NEVER
        while high > low * 1.001:
            middle = math.sqrt(low * high)
            if self.error(middle, step) <= error:
                high = middle
            else:
                low = middle
        return high
