"""Decays in plain float64, and what the best weights leave of a target."""

import numpy as np

from tapx.kernels.family import LIN, Family


def decay(family, rate, lags):
    """``e^(-rate s)``, or ``s^-rate`` and 0 at lag 0."""
    lags = np.asarray(lags, dtype=float)
    if Family.of(family) is LIN:
        return np.exp(-rate * lags)
    return np.where(lags > 0, np.maximum(lags, 1) ** -rate, 0)


def decays(family, rates, lags):
    """A column for each rate."""
    return np.stack([decay(family, rate, lags) for rate in rates], 1)


def summed(kernel, lags):
    """The values of a kernel."""
    pairs = zip(kernel.float_rates, kernel.float_weights, strict=True)
    return sum(weight * decay(kernel.family, rate, lags) for rate, weight in pairs)


def residues(columns, wanted):
    """What least squares leave: the columns, best weighted, less what is wanted."""
    return columns @ np.linalg.lstsq(columns, wanted, rcond=None)[0] - wanted
