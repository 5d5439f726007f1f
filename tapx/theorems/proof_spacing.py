"""Spacings of the rates at which the lemmas' bounds are least.

The paper takes 1/100 for both alpha and gamma, whatever the lag or the decay.
"""

from __future__ import annotations

import math

import numpy as np

from tapx.checks import at_least
from tapx.kernels.family import LIN, Family
from tapx.theorems import lemmas


def recall_spacing(family: str | Family, lag: int) -> tuple[float, float]:
    """The alpha and gamma that make `recall_bound` least, for every order.

    For exponentials ``e^{aT} / (1 - e^-a)`` is least at ``a = log(1 + 1/T)``, where it
    is below ``e (T + 1)``: the bound becomes polynomial in T. For powers the widest
    bump has ``a = log(log(T+1) / log T) / log((T+1)/T)``; the height is traded
    against ``zeta(1 + gamma)`` by a search. ValueError for lags below 1 (exponential)
    or 2 (power).
    """
    family = Family.of(family)
    at_least(family.first_lag + 1, lag=lag)
    if family is LIN:
        spacing = math.log1p(1 / lag)
        return spacing, spacing
    alpha = math.log(math.log(lag + 1) / math.log(lag)) / math.log1p(1 / lag)
    from scipy.optimize import minimize_scalar
    from scipy.special import zeta

    gamma = minimize_scalar(
        lambda g: g * math.log(lag) + math.log(zeta(1 + g)),
        bounds=(1e-3, 10),
        method="bounded",
    ).x
    return alpha, float(gamma)


def decay_spacing(
    family: str | Family, decay: float, order: int
) -> tuple[float, float]:
    """The alpha and gamma that make `decay_bound` least for one order.

    Found by a search on the allowed ones; larger spacings resolve the first lags
    with fewer coefficients. ValueError if no spacing allows the order: ``order >= 1``
    is needed for exponentials, and ``1 <= order < decay - 1`` for powers.
    """
    from scipy.optimize import minimize

    family = Family.of(family)
    room = decay if family is LIN else decay - 1 - order
    if order < 1 or room <= 0:
        needed = "at least 1" if family is LIN else f"1 up to below {decay - 1:g}"
        raise ValueError(
            f"order {order} with decay {decay:g}: the order must be {needed}"
        )

    def spacing(parameters: np.ndarray) -> tuple[float, float]:
        # Shares of the room for alpha and gamma, a hair inside the allowed range.
        share, split = (0.5 + 0.5 * math.tanh(p) for p in parameters)
        total = room * (1 - 1e-9) * share
        return total * split / order, total * (1 - split)

    def size(parameters: np.ndarray) -> float:
        alpha, gamma = spacing(parameters)
        if not (alpha > 1e-12 and gamma > 1e-12):
            return math.inf
        return math.log(
            lemmas.decay_bound(family, 1, decay, 10**6, order, alpha, gamma)
        )

    found = minimize(size, (1.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-6})
    return spacing(found.x)
