"""The right-hand sides of Lemmas F.1 to F.6, G.5 and G.6 with explicit constants.

The paper hides constants in O(.); here each is worked out, so that a bound is a number
that can be compared with a measured error: a float64 number rounded up, or ``inf``
beyond its range. Every bound of Appendix F is ``tail * M_n * D * jackson``: the sum of
the slowest decay over all lags, the bump's largest n-th derivative, the largest height
over width to the n-th power, and Jackson's factor.

The arguments are those of the paper: the `family` of the heads; the `lag` T, from the
first on that they see; `heads`, m, at least the `order` n, which is 1 or more; `alpha`,
the spacing of the rates, and `gamma`, the lowest rate (minus 1 for powers), both
positive; `amplitude` and `decay`, beta, of the kernels' bound, both positive. Others
raise a ValueError.

F.3 and F.6 speak of all kernels with ``|rho(s)| <= amplitude * e^(-decay s)`` (lags
from 0 on) or ``amplitude * s^(-decay)`` (lags from 1 on). Write c_T for the height of
the bump on the node of lag T and w_T for its half-width, the gap to the next node. Then

    D_T = c_T w_T^-n,   c_T = amplitude e^((gamma - decay) T)  or
                              amplitude T^(1 + gamma - decay).

Why these bounds hold. The gap before a node is larger than the gap after it (the nodes
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

Example:
    >>> [tapx.outward(tapx.lemmas.recall_bound("lin", 1, m, 2)) for m in (100, 1000)]
    ['1373', '13.61']
"""

from __future__ import annotations

import math
from operator import itemgetter

from flint import arb

from tapx import result
from tapx.checks import at_least, fewest
from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import Family
from tapx.kernels.proofs import SPACING, bump_derivative


def jackson(order: int, heads: int) -> arb:
    """Jackson's factor: ``(pi/4)^n / (m (m-1) ... (m-n+1))``.

    A function on [0, 1] with n-th derivative bounded by 1 has a polynomial with m
    coefficients within this distance (Cheney 1982, Jackson's Theorem V, scaled from
    [-1, 1]). It replaces Lemma G.5 of the paper: the constant is explicit, and no
    derivative has to vanish. ValueError for an order below 1, or fewer heads than that.
    """
    at_least(1, order=order)
    if heads < order:
        raise ValueError(
            f"heads {heads} with order {order}: Jackson's theorem needs at least as "
            f"many coefficients as the order; the nearest valid order is {heads}"
        )
    factor = (arb.pi() / 4) ** order
    for k in range(order):
        factor /= heads - k
    return factor


def _bound(family: Family, gamma: Number, order: int, heads: int, height: arb) -> float:
    tail = family.tail(family.base(exact(gamma)))
    smooth = bump_derivative(order) * height * jackson(order, heads)
    return balls.upper(tail * smooth)


def _check_positive(**numbers: Number) -> None:
    for name, number in numbers.items():
        if not exact(number) > 0:
            raise ValueError(f"{name} {float(exact(number)):g} must be positive")


def recall_bound(
    family: str | Family,
    lag: int,
    heads: int,
    order: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> float:
    """Lemmas F.1 and F.4: ``||1{. = T} - sum of m heads||_1``, constants spelt out.

    ``M_n (pi/4)^n e^{gamma T} / ((1-e^-gamma) w^n m (m-1) ... (m-n+1))`` for lin, with
    the width ``w = e^{-alpha T} (1 - e^-alpha)`` and ``M_n = bump_derivative(n)``. For
    ``alpha = gamma = 0.01`` it is the paper's ``C(n) e^{0.01 (n+1) T} / m^n``, where
    C(n) holds a factor near ``100^(n+1)``. For log the width is ``T^-alpha -
    (T+1)^-alpha``, the height ``T^(1+gamma)`` and the tail sum ``zeta(1 + gamma)``.

    F.2 and F.5 have the same bound for every adaptive lag B from 1 to T: the kernel for
    T is read at ``s - B + T`` (lin), so the error for B is that of the fixed kernel on
    the lags from ``T - B`` on; or at ``s T / B`` (log), points that keep a distance of
    ``T / B``, at least 1, from T, so the bump vanishes there, and the tail sum
    ``sum_s (s T / B)^(-1 - gamma)`` is at most ``zeta(1 + gamma)``.

    ValueError for arguments out of the module's ranges.
    """
    family = Family.of(family)
    family.refuse_unseen(lag)
    _check_positive(alpha=alpha, gamma=gamma)
    with balls.precision(256):
        rise = 1 / family.decay(family.base(exact(gamma)), lag)
        height = rise * family.width(lag, arb(exact(alpha))) ** -order
        return _bound(family, gamma, order, heads, height)


def largest_order(
    family: str | Family,
    decay: Number,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> int:
    """The largest order that the proof of F.3 or F.6 allows, 0 if it allows none.

    ``floor((decay - gamma) / alpha)`` for exponentials and
    ``floor((decay - 1 - gamma) / (1 + alpha))`` for powers. At the paper's spacing:
    ``floor(100 decay - 1)``, where it prints ``floor(99 decay)``, and
    ``floor(decay / 1.01 - 1)``, where it prints ``floor(0.99 decay) - 1``. ValueError
    for arguments out of the module's ranges.
    """
    family = Family.of(family)
    _check_positive(decay=decay, alpha=alpha, gamma=gamma)
    room = exact(decay) - family.base(exact(gamma))
    return max(0, int((room / family.base(exact(alpha))).floor()))


def decay_bound(
    family: str | Family,
    amplitude: Number,
    decay: Number,
    heads: int,
    order: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> float:
    """Lemmas F.3 and F.6: ``||rho - sum of m heads||_1``, constants spelt out.

    For every kernel with ``|rho(s)| <= amplitude e^(-decay s)`` or ``amplitude
    s^(-decay)`` at the lags that the heads see: ``amplitude M_n (D_T + D_(T+1)) tail
    (pi/4)^n / (m (m-1) ... (m-n+1))`` with the first visible T; the proof is in the
    module's docstring. Powers allow some order only for a decay above 2; ValueError for
    another names those that are allowed.
    """
    family = Family.of(family)
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
    _check_positive(amplitude=amplitude)
    slope = exact(decay) - family.base(exact(gamma))
    with balls.precision(256):
        first, width = family.first_lag, arb(exact(alpha))
        heights = (
            family.decay(slope, lag) * family.width(lag, width) ** -order
            for lag in (first, first + 1)
        )
        height = arb(exact(amplitude)) * sum(heights, arb(0))
        return _bound(family, gamma, order, heads, height)


def recall_order(
    family: str | Family,
    lag: int,
    heads: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> tuple[int, float]:
    """The order that makes `recall_bound` least, and that bound."""
    orders = (n for n in result.ORDERS if n <= heads)
    bounds = ((n, recall_bound(family, lag, heads, n, alpha, gamma)) for n in orders)
    return min(bounds, key=itemgetter(1))


def nonvacuous_heads(
    family: str | Family, lag: int, alpha: Number = SPACING, gamma: Number = SPACING
) -> int:
    """The fewest heads at which the lemma's bound, at its best order, is below 1.

    An error of 1 is what no head at all reaches, so a bound of 1 or more says nothing.
    """
    found = fewest(
        lambda heads: recall_order(family, lag, heads, alpha, gamma)[1] < 1,
        most=1 << 400,
    )
    assert found is not None, "the bounds tend to 0 as heads are added"
    return found


def readout(norm: float, width: int, dimension: int, radius: float = 2.0) -> float:
    """Sup error on ``[-radius, radius]^D`` that some net of ``width`` neurons reaches.

    ``4 max(radius, 1) sqrt(D + 1) ||f||_B / sqrt(m)``. The paper gives no constant
    (Lemma G.6); this one follows by sampling neurons: symmetrisation, contraction
    (Ledoux and Talagrand 1991, Theorem 4.12) and the Euclidean norm of a random sum.

    The norm is f's or a bound of it, the radius half the side of the box, neither
    negative; m and D are at least 1. ValueError otherwise.
    """
    at_least(1, width=width, dimension=dimension)
    at_least(0, norm=norm, radius=radius)
    return 4 * max(radius, 1.0) * math.sqrt(dimension + 1) * norm / math.sqrt(width)
