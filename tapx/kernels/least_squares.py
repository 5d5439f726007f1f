"""Nonlinear least squares after Levenberg and Marquardt, the same in every run.

MINPACK's routine, which SciPy calls for ``method="lm"``, reads one number past the end
of its array when it refreshes a column norm, so that what happens to lie in memory
there steers the search: two calls with one start may end at two places. This one reads
its arguments alone. Steps are damped in units of the columns' largest norms so far, as
in MINPACK, and each damped system is solved by a QR decomposition, never by the normal
equations, whose condition is the square.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

TOO_STIFF = 1e16  # damping at which no step makes progress any more


@np.errstate(over="ignore", invalid="ignore")  # where it leaves float64, it ends
def least_squares(
    residual: Function,
    jacobian: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    tolerance: float = 1e-15,
) -> np.ndarray:
    """Parameters that make ``|residual|^2`` small, from a start downhill.

    Args:
        residual: parameters (n,) to residuals (m,), m >= n.
        jacobian: parameters (n,) to the derivatives (m, n).
        start: (n,), like the best parameters met, which are returned.
        evaluations: residuals evaluated at most, at least 1.
        tolerance: ends where a step gains, or moves, by less than this relatively.

    The start is returned where the residual is not finite there.
    """
    x, rest = start, residual(start)
    value = float(rest @ rest)
    scale, damping, growth = np.zeros(len(x)), 1e-3, 2.0
    triangle = None
    for _ in range(evaluations - 1):
        if not 0 < value < np.inf or damping > TOO_STIFF:
            break
        if triangle is None:
            basis, triangle = np.linalg.qr(jacobian(x))
            seen = basis.T @ rest  # the part of the residual that steps can change
            scale = np.maximum(scale, np.linalg.norm(triangle, axis=0))
        damped = np.vstack([triangle, np.diag(np.sqrt(damping) * scale)])
        if not np.isfinite(damped).all():  # slopes beyond float64
            break
        wanted = np.append(-seen, np.zeros(len(x)))
        step = np.linalg.lstsq(damped, wanted, rcond=None)[0]
        if np.linalg.norm(scale * step) <= tolerance * np.linalg.norm(scale * x):
            break
        after = residual(x + step)
        gain = value - float(after @ after)
        if not gain > 0:
            damping, growth = growth * damping, 2 * growth
            continue
        promised = float(seen @ seen - np.sum((seen + triangle @ step) ** 2))
        x, rest, triangle = x + step, after, None
        if gain <= tolerance * value:
            break
        value -= gain
        ratio = gain / promised if promised > 0 else 0.0
        damping *= max(1 / 3, 1 - (2 * ratio - 1) ** 3)  # Nielsen's rule
        growth = 2.0
    return x
