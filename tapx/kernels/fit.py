"""Variable projection for sums of decays (Golub and Pereyra 1973).

A sum of decays is linear in its weights. For given rates the best weights are a linear
least-squares problem, so they are eliminated, and only the logarithms of the rates are
refined. The arithmetic is a QR decomposition in float64, never the normal equations,
whose condition is the square.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapx.kernels.family import Family
from tapx.kernels.least_squares import least_squares

LOG_RATE_RANGE = (-14.0, 4.1)
"""Logarithms of the rates searched: from 1e-6 (constant on the window) to 60, where
``exp(-60)`` and ``2**-60`` are far below every error that is reported."""

EVALUATIONS = 150  # residuals evaluated at most in one refinement


def design(
    log_rates: np.ndarray, lags: np.ndarray, family: str | Family
) -> tuple[np.ndarray, np.ndarray]:
    """Columns ``decay_h(s)`` and their derivatives in log rate, (lags, heads) each."""
    family = Family.of(family)
    seen = np.asarray(lags) >= family.first_lag
    exponent = np.outer(family.depth(lags), np.exp(log_rates))
    columns = np.exp(-exponent) * seen[:, None]
    return columns, -exponent * columns


def fitted_weights(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The least-squares weights of columns (m, n) for values (m,)."""
    scale = np.linalg.norm(columns, axis=0)
    return np.linalg.lstsq(columns / scale, values, rcond=1e-15)[0] / scale


def stretched(curve: np.ndarray, heads: int) -> np.ndarray:
    """The same curve over a head's relative rank, read at `heads` ranks.

    Optimal log rates drift slowly with the number of heads when they are read so.
    """
    ranks = np.linspace(0, 1, len(curve))
    return np.interp(np.linspace(0, 1, heads), ranks, curve)


def refine(
    start: np.ndarray, lags: np.ndarray, values: np.ndarray, family: str | Family
) -> np.ndarray:
    """Refine log rates by variable projection; returns them in ascending order.

    With ``A = QR`` the residual is ``(1 - QQ')b`` and its derivative in the rate of
    head h is ``-(1 - QQ')A_h' c_h - Q R^{-T} e_h (A_h' . r)``.
    """
    from scipy.linalg import solve_triangular  # slow to load, only searches need it

    cache: dict[bytes, Any] = {}

    def state(log_rates: np.ndarray) -> Any:
        key = log_rates.tobytes()
        if key not in cache:
            cache.clear()
            inside = np.clip(log_rates, *LOG_RATE_RANGE)
            columns, slopes = design(inside, lags, family)
            scale = np.linalg.norm(columns, axis=0)
            basis, triangle = np.linalg.qr(columns / scale)
            residual = values - basis @ (basis.T @ values)
            outside = log_rates - inside
            cache[key] = basis, triangle, slopes / scale, residual, outside
        return cache[key]

    def residual(log_rates: np.ndarray) -> np.ndarray:
        return np.append(state(log_rates)[3], state(log_rates)[4])

    def jacobian(log_rates: np.ndarray) -> np.ndarray:
        basis, triangle, slopes, rest, outside = state(log_rates)
        coefficients = np.linalg.lstsq(triangle, basis.T @ values, rcond=1e-15)[0]
        moved = (slopes - basis @ (basis.T @ slopes)) * coefficients
        tiny = np.abs(np.diag(triangle)) < 1e-300
        safe = triangle + np.diag(np.where(tiny, 1e-300, 0.0))
        turned = basis @ solve_triangular(safe, np.eye(len(outside)), trans=1)
        inside = np.where(outside == 0.0, 1.0, 0.0)
        change = -(moved + turned * (slopes.T @ rest)) * inside
        change = np.nan_to_num(change, posinf=0.0, neginf=0.0)
        return np.vstack([change, np.diag(1.0 - inside)])

    found = least_squares(residual, jacobian, start, evaluations=EVALUATIONS)
    return np.sort(np.clip(found, *LOG_RATE_RANGE))
