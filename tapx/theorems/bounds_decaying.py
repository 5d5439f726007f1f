"""The right-hand sides of Lemmas F.3 and F.6, and the exact rate of their class.

Both lemmas speak of all kernels with ``|rho(s)| <= amplitude * e^(-decay s)`` (F.3,
lags from 0 on) or ``amplitude * s^(-decay)`` (F.6, lags from 1 on). Write c_T for the
height of the bump on the node of lag T and w_T for its half-width, the gap to the next
node. Up to the factor M_n, its n-th derivative is at most

    D_T = c_T w_T^-n,   c_T = amplitude e^((gamma - decay) T)  or
                              amplitude T^(1 + gamma - decay).

Why the bounds hold. The gap before a node is larger than the gap after it (the nodes
are a convex sequence), so the bump of T vanishes at all other nodes and outside of
``(x_(T+1), x_(T-1))``. Between the nodes of T + 1 and T only the bumps of these two
lags do not vanish, hence ``|h^(n)| <= M_n max_T (D_T + D_(T+1))``. Now

    D_T = amplitude (1 - e^-alpha)^-n e^((n alpha + gamma - decay) T),       or
    D_T = amplitude T^(n (1 + alpha) + 1 + gamma - decay) q_T^-n,
          q_T = T (1 - (1 + 1/T)^-alpha), which grows with T.

For orders with ``n alpha + gamma <= decay`` (or ``n (1 + alpha) + 1 + gamma <= decay``)
D_T does not grow, and its first value is the largest. For larger orders it grows
without end and the argument gives nothing. For such an n, the derivatives of lower
order tend to 0 at ``x = 0``, so h has n - 1 continuous derivatives on [0, 1], the last
of them Lipschitz, and Jackson's theorem applies (to h smoothed a little first, if the
n-th derivative jumps). The sum of ``e^(-gamma s)`` or ``s^(-1-gamma)`` does the rest.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from tapx.checks import one_of
from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import FAMILIES
from tapx.kernels.proofs import bump_derivative
from tapx.theorems.lemmas import ORDERS, SPACING, jackson


def largest_order(
    family: str, decay: Number, alpha: Number = SPACING, gamma: Number = SPACING
) -> int:
    """The largest order that the proof allows, 0 if it allows none.

    ``floor((decay - gamma) / alpha)`` for exponentials and
    ``floor((decay - 1 - gamma) / (1 + alpha))`` for powers. At the paper's spacing:
    ``floor(100 decay - 1)``, where it prints ``floor(99 decay)``, and
    ``floor(decay / 1.01 - 1)``, where it prints ``floor(0.99 decay) - 1``.

    Args:
        family: of the heads, "exponential" or "power".
        decay: beta, positive.
        alpha: spacing of the rates, positive.
        gamma: lowest rate (or lowest rate minus 1 for powers), positive.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    one_of(family, FAMILIES, "family")
    b, a, g = exact(decay), exact(alpha), exact(gamma)
    if not (b > 0 and a > 0 and g > 0):
        raise ValueError(
            f"decay {float(b):g}, alpha {float(a):g} and gamma {float(g):g} must be "
            "positive"
        )
    order = (b - g) / a if family == "exponential" else (b - 1 - g) / (1 + a)
    return max(0, int(order.floor()))


def _bound(
    family: str,
    amplitude: Number,
    decay: Number,
    heads: int,
    order: int,
    alpha: Number,
    gamma: Number,
) -> float:
    largest = largest_order(family, decay, alpha, gamma)
    if not 1 <= order <= largest:
        allowed = (
            f"1 to {largest}"
            if largest
            else "none; a larger decay or a smaller alpha and gamma are needed"
        )
        raise ValueError(
            f"order {order} with decay {float(exact(decay)):g}: the allowed orders are "
            f"{allowed}"
        )
    if exact(amplitude) <= 0:
        raise ValueError(f"amplitude {amplitude!r} must be positive")
    b, a, g = (arb(exact(x)) for x in (decay, alpha, gamma))
    if family == "exponential":
        first = (1 - (-a).exp()) ** -order
        second = first * (order * a + g - b).exp()
        tail = 1 / (1 - (-g).exp())
    else:
        first = (1 - arb(2) ** -a) ** -order
        second = arb(2) ** (1 + g - b) * (arb(2) ** -a - arb(3) ** -a) ** -order
        tail = (1 + g).zeta()
    derivative = arb(exact(amplitude)) * bump_derivative(order) * (first + second)
    return balls.upper(tail * derivative * jackson(order, heads))


def lemma_f3(
    amplitude: Number,
    decay: Number,
    heads: int,
    order: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> float:
    """Lemma F.3: ``||rho - sum of m exponentials||_1``, constants spelt out.

    ``amplitude M_n (1 + e^(n alpha + gamma - decay)) (1 - e^-alpha)^-n
    (pi/4)^n / ((1 - e^-gamma) m (m-1) ... (m-n+1))``, for every kernel with
    ``|rho(s)| <= amplitude e^(-decay s)``; the proof is in the module's docstring.

    Args:
        amplitude: of the kernel's bound, positive.
        decay: beta, positive.
        heads: m, at least ``order``.
        order: n, from 1 to ``largest_order("exponential", ...)``.
        alpha: spacing of the rates.
        gamma: lowest rate.

    Raises:
        ValueError: on parameters out of range; for an order it names the allowed ones.
    """
    with balls.precision(256):
        return _bound("exponential", amplitude, decay, heads, order, alpha, gamma)


def lemma_f6(
    amplitude: Number,
    decay: Number,
    heads: int,
    order: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> float:
    """Lemma F.6: as :func:`lemma_f3` for powers, over the lags from 1 on.

    ``amplitude M_n (D_1 + D_2) zeta(1 + gamma) (pi/4)^n / (m (m-1) ... (m-n+1))`` with
    ``D_T = T^(1 + gamma - decay) (T^-alpha - (T+1)^-alpha)^-n``, for every kernel with
    ``|rho(s)| <= amplitude s^(-decay)`` at ``s >= 1``. Some order is allowed only for
    a decay above 2.

    Raises:
        ValueError: on parameters out of range; for an order it names the allowed ones.
    """
    with balls.precision(256):
        return _bound("power", amplitude, decay, heads, order, alpha, gamma)


def best_order(
    family: str,
    amplitude: Number,
    decay: Number,
    heads: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> tuple[int, float]:
    """The allowed order that makes the lemma's bound least, and that bound.

    Raises:
        ValueError: if no order is allowed, or on parameters out of range.
    """
    bound = (
        lemma_f3 if one_of(family, FAMILIES, "family") == "exponential" else lemma_f6
    )
    largest = min(largest_order(family, decay, alpha, gamma), heads)
    orders = [order for order in ORDERS if order <= largest] or [1]
    return min(
        ((n, bound(amplitude, decay, heads, n, alpha, gamma)) for n in orders),
        key=lambda pair: pair[1],
    )


def class_optimum(family: str, amplitude: Number, decay: Number, heads: int) -> float:
    """The least error that heads with the same rates reach for the whole class.

    ``amplitude e^(-decay m) / (1 - e^-decay)``, or
    ``amplitude zeta(decay, m + 1)``: what is left of the largest kernel of the class
    beyond its first m lags. With any m rates (weights free for each kernel) some kernel
    of the class is not nearer than this, and with large rates all are as near to it as
    one likes (proved in the chapter on adaptive kernels; not in the paper).

    Args:
        family: of the heads, "exponential" (lags from 0) or "power" (lags from 1).
        amplitude: of the class, positive.
        decay: beta; positive, above 1 for powers.
        heads: m, at least 0.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    least = 0 if one_of(family, FAMILIES, "family") == "exponential" else 1
    if heads < 0 or exact(amplitude) <= 0 or exact(decay) <= least:
        raise ValueError(
            f"heads {heads} must not be negative, amplitude {amplitude!r} be positive, "
            f"and decay {decay!r} above {least}"
        )
    with balls.precision(256):
        size, b = arb(exact(amplitude)), arb(exact(decay))
        if family == "exponential":
            return balls.upper(size * (-b * heads).exp() / (1 - (-b).exp()))
        return balls.upper(size * b.zeta(arb(heads + 1)))


def alternating_floor(family: str, decay: Number, heads: int) -> float:
    """What no heads come nearer than to ``(-1)^s r(s)``, of any rates and weights.

    ``e^(-decay m) / (1 - e^(-2 decay))`` for ``r(s) = e^(-decay s)``, lags from 0, and
    ``2^-decay zeta(decay, (m + 1) / 2)`` for ``r(s) = s^-decay``, lags from 1. The
    heads may be exponentials or powers: a sum of m of either changes sign m - 1 times
    at most, and where it has the wrong sign it errs by r(s) or more. So at best it is
    right at the first m lags and wrong at every second one beyond (proved in the
    chapter on essentially sparse memories; not in the paper).

    Args:
        family: of r, "exponential" or "power".
        decay: beta; positive, above 1 for powers.
        heads: m, at least 1.

    Returns:
        The floor, rounded down.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    least = 0 if one_of(family, FAMILIES, "family") == "exponential" else 1
    if heads < 1 or exact(decay) <= least:
        raise ValueError(
            f"heads {heads} must be at least 1 and decay {decay!r} above {least}"
        )
    with balls.precision(256):
        b = arb(exact(decay))
        if family == "exponential":
            return balls.lower((-b * heads).exp() / (1 - (-2 * b).exp()))
        return balls.lower(arb(2) ** -b * b.zeta(arb(heads + 1) / 2))


def best_spacing(family: str, decay: float, order: int) -> tuple[float, float]:
    """The alpha and gamma that make the lemma's bound least for one order.

    Found by a search on the allowed ones; larger spacings resolve the first lags
    with fewer coefficients.

    Raises:
        ValueError: if no spacing allows the order: ``order >= 1`` for exponentials,
            and ``1 <= order < decay - 1`` for powers.
    """
    from scipy.optimize import minimize

    exponential = one_of(family, FAMILIES, "family") == "exponential"
    room = decay if exponential else decay - 1 - order
    if order < 1 or room <= 0:
        needed = "at least 1" if exponential else f"1 up to below {decay - 1:g}"
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
        bound = lemma_f3 if exponential else lemma_f6
        return math.log(bound(1, decay, 10**6, order, alpha, gamma))

    found = minimize(size, (1.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-6})
    return spacing(found.x)
