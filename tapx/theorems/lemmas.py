"""The right-hand side of every theorem, as a function with explicit constants.

The paper hides constants in O(.); here each is worked out, so that a bound is a
number that can be compared with a measured error. The bounds of the lemmas are
float64 numbers rounded up, or ``inf`` beyond its range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol, runtime_checkable

from flint import arb

from tapx.checks import one_of
from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import FAMILIES
from tapx.kernels.proofs import bump_derivative

SPACING = Fraction(1, 100)
"""The paper's alpha and gamma."""

ORDERS = range(1, 21)
"""Orders of smoothness tried where a bound may choose its own."""


def jackson(order: int, heads: int) -> arb:
    """Jackson's factor: ``(pi/4)^n / (m (m-1) ... (m-n+1))``.

    A function on [0, 1] with n-th derivative bounded by 1 has a polynomial with m
    coefficients within this distance (Cheney 1982, Jackson's Theorem V, scaled from
    [-1, 1]). It replaces Lemma G.5 of the paper: the constant is explicit, and no
    derivative has to vanish.

    Raises:
        ValueError: if ``order < 1`` or ``heads < order``.
    """
    if order < 1:
        raise ValueError(f"order {order}: the nearest valid order is 1")
    if heads < order:
        raise ValueError(
            f"heads {heads} with order {order}: Jackson's theorem needs at least as "
            f"many coefficients as the order; the nearest valid order is {heads}"
        )
    factor = (arb.pi() / 4) ** order
    for k in range(order):
        factor /= heads - k
    return factor


def _delta_bound(
    family: str, lag: int, heads: int, order: int, alpha: Number, gamma: Number
) -> float:
    a, g = arb(exact(alpha)), arb(exact(gamma))
    if not (a > 0 and g > 0):
        raise ValueError("alpha and gamma must be positive")
    if family == "exponential":
        node, after = (-a * lag).exp(), (-a * (lag + 1)).exp()
        height = (g * lag).exp()
        tail = 1 / (1 - (-g).exp())
    else:
        if lag < 1:
            raise ValueError(f"lag {lag}: a power kernel sees lags from 1 on")
        node, after = arb(lag) ** -a, arb(lag + 1) ** -a
        height = arb(lag) ** (1 + g)
        tail = (1 + g).zeta()
    width = node - after
    error = height * bump_derivative(order) * width**-order * jackson(order, heads)
    return balls.upper(tail * error)


def lemma_f1(
    lag: int, heads: int, order: int, alpha: Number = SPACING, gamma: Number = SPACING
) -> float:
    """Lemma F.1: ``||1{. = T} - sum of m exponentials||_1``, constants spelt out.

    ``M_n (pi/4)^n e^{gamma T} / ((1-e^-gamma) w^n m (m-1) ... (m-n+1))`` with the width
    ``w = e^{-alpha T} (1 - e^-alpha)`` and ``M_n = bump_derivative(n)``. For
    ``alpha = gamma = 0.01`` it is the paper's ``C(n) e^{0.01 (n+1) T} / m^n``, where
    C(n) holds a factor near ``100^(n+1)``.

    Args:
        lag: T, at least 0.
        heads: m, at least ``order``.
        order: n, at least 1.
        alpha: spacing of the rates.
        gamma: lowest rate.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    with balls.precision(256):
        return _delta_bound("exponential", lag, heads, order, alpha, gamma)


def lemma_f4(
    lag: int, heads: int, order: int, alpha: Number = SPACING, gamma: Number = SPACING
) -> float:
    """Lemma F.4: as :func:`lemma_f1` for powers, ``C(n) T^{1.01 (n+1)} / m^n``.

    The width is ``T^-alpha - (T+1)^-alpha``, the height ``T^(1+gamma)`` and the tail
    sum ``zeta(1 + gamma)``. ``lag`` is at least 1.

    Raises:
        ValueError: on parameters out of range.
    """
    with balls.precision(256):
        return _delta_bound("power", lag, heads, order, alpha, gamma)


def lemma_f2(
    largest_lag: int,
    heads: int,
    order: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> float:
    """Lemma F.2: the bound of :func:`lemma_f1` at T, for every adaptive lag B <= T.

    The kernel for T is read at ``s - B + T``, so the error for B is that of the fixed
    kernel on the lags from ``T - B`` on.

    Raises:
        ValueError: on parameters out of range; ``largest_lag`` is at least 1.
    """
    _check_adaptive(largest_lag)
    return lemma_f1(largest_lag, heads, order, alpha, gamma)


def lemma_f5(
    largest_lag: int,
    heads: int,
    order: int,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
) -> float:
    """Lemma F.5: the bound of :func:`lemma_f4` at T, for every adaptive lag B <= T.

    The kernel for T is read at ``s T / B``. These points keep a distance of ``T / B``,
    at least 1, from T, so the bump vanishes there, and the tail sum
    ``sum_s (s T / B)^(-1 - gamma)`` is at most ``zeta(1 + gamma)``.

    Raises:
        ValueError: on parameters out of range; ``largest_lag`` is at least 1.
    """
    _check_adaptive(largest_lag)
    return lemma_f4(largest_lag, heads, order, alpha, gamma)


def _check_adaptive(largest_lag: int) -> None:
    if largest_lag < 1:
        raise ValueError(
            f"largest lag {largest_lag}: adaptive lags are at least 1; the nearest "
            "valid one is 1"
        )


def lemma(family: str) -> Callable[..., float]:
    """The bound of a family: :func:`lemma_f1` or :func:`lemma_f4`."""
    one_of(family, FAMILIES, "family")
    return lemma_f1 if family == "exponential" else lemma_f4


def best_order(
    family: str, lag: int, heads: int, alpha: Number = SPACING, gamma: Number = SPACING
) -> tuple[int, float]:
    """The order that makes the lemma's bound least, and that bound."""
    bound = lemma(family)
    orders = [n for n in ORDERS if n <= heads]
    return min(
        ((n, bound(lag, heads, n, alpha, gamma)) for n in orders),
        key=lambda pair: pair[1],
    )


def nonvacuous_heads(
    family: str, lag: int, alpha: Number = SPACING, gamma: Number = SPACING
) -> int:
    """The fewest heads at which the lemma's bound, at its best order, is below 1.

    An error of 1 is what no head at all reaches, so a bound of 1 or more says nothing.
    """
    high = 1
    while best_order(family, lag, high, alpha, gamma)[1] >= 1:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if best_order(family, lag, middle, alpha, gamma)[1] < 1:
            high = middle
        else:
            low = middle
    return high


def best_spacing(family: str, lag: int) -> tuple[float, float]:
    """The alpha and gamma that make the lemma's bound least, for every order.

    For exponentials ``e^{aT} / (1 - e^-a)`` is least at ``a = log(1 + 1/T)``, where it
    is below ``e (T + 1)``: the bound becomes polynomial in T. For powers the widest
    bump has ``a = log(log(T+1) / log T) / log((T+1)/T)``; the height is traded
    against ``zeta(1 + gamma)`` by a search.

    Raises:
        ValueError: for lags below 1 (exponential) or 2 (power).
    """
    least = 1 if one_of(family, FAMILIES, "family") == "exponential" else 2
    if lag < least:
        raise ValueError(f"lag {lag}: the nearest valid lag is {least}")
    if family == "exponential":
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


def l2_lower_bound(lag: int, heads: int) -> float:
    """No sum of ``heads`` exponentials comes nearer in l2 to a delta at ``lag``.

    ``sqrt(1 - heads / (lag + 1))`` for all rates and weights (Blaschke products; proved
    in the chapter on kernels; not in the paper).

    Raises:
        ValueError: if ``lag < 0`` or ``heads < 0``.
    """
    if lag < 0 or heads < 0:
        raise ValueError(f"lag {lag} and heads {heads} must not be negative")
    return math.sqrt(max(0.0, 1 - heads / (lag + 1)))


def readout(norm: float, width: int, dimension: int, radius: float = 2.0) -> float:
    """Sup error on ``[-radius, radius]^D`` that some net of ``width`` neurons reaches.

    ``4 max(radius, 1) sqrt(D + 1) ||f||_B / sqrt(m)``. The paper gives no constant
    (Lemma G.6); this one follows by sampling neurons: symmetrisation, contraction
    (Ledoux and Talagrand 1991, Theorem 4.12) and the Euclidean norm of a random sum.

    Args:
        norm: Barron norm of f, or a bound of it.
        width: m, at least 1.
        dimension: D, at least 1.
        radius: half the side of the box.

    Raises:
        ValueError: on a width or dimension below 1, or a negative norm or radius.
    """
    if width < 1 or dimension < 1:
        raise ValueError(f"width {width} and dimension {dimension} must be at least 1")
    if norm < 0 or radius < 0:
        raise ValueError(f"norm {norm} and radius {radius} must not be negative")
    return 4 * max(radius, 1.0) * math.sqrt(dimension + 1) * norm / math.sqrt(width)


@runtime_checkable
class Readout(Protocol):
    """What a bound needs to know of a readout."""

    norm: float
    lipschitz: float


@runtime_checkable
class FixedTarget(Protocol):
    """What a bound needs to know of a target with fixed memories."""

    lags: tuple[int, ...]
    input_dimension: int
    readout: Readout


def head_shares(lags: tuple[int, ...], position: str) -> list[float]:
    """Shares of the heads in the proof of Theorem 3.1, which sum to 1.

    Proportional to ``e^{0.01 T}`` (lin) or ``T^1.01`` (log).

    Raises:
        ValueError: for no lags, or a position function other than lin and log.
    """
    if not lags:
        raise ValueError("lags is empty; at least one lag is needed")
    if one_of(position, ("lin", "log"), "position function") == "lin":
        sizes = [math.exp(0.01 * (lag - max(lags))) for lag in lags]
    else:
        sizes = [(lag / max(lags)) ** 1.01 for lag in lags]
    return [size / sum(sizes) for size in sizes]


def attention_theorem_3_1(
    lags: tuple[int, ...], heads: int, order: int, position: str
) -> float:
    """E_Attn of Theorem 3.1 with explicit constants; ``inf`` if a share is too small.

    The square root of the sum of squares of F.1 (lin) or F.4 (log), each at the
    heads that the proof gives to its lag, rounded down.
    """
    bound = lemma_f1 if position == "lin" else lemma_f4
    shares = [math.floor(heads * share) for share in head_shares(lags, position)]
    if min(shares) < order:
        return math.inf
    return math.hypot(
        *(bound(lag, m, order) for lag, m in zip(lags, shares, strict=True))
    )


def theorem_3_1(
    target: FixedTarget, heads: int, width: int, order: int, position: str
) -> float:
    """Theorem 3.1: ``E_FFN + ||f||_Lip E_Attn`` with explicit constants.

    Args:
        target: fixed memories with ``lags`` and a ``readout`` of known Barron norm and
            Lipschitz constant.
        heads: H, shared out as in the proof.
        width: neurons of the readout.
        order: n of the lemmas.
        position: "lin" or "log".

    Returns:
        The bound, ``inf`` where a lag gets fewer heads than ``order``. The readout is
        approximated on the box of half-side ``max(2, 1 + E_Attn)``, which holds all
        that the attention can hand over; the paper's 2 is enough for ``E_Attn <= 1``.
    """
    dimension = (len(target.lags) + 1) * target.input_dimension
    attention = attention_theorem_3_1(target.lags, heads, order, position)
    if math.isinf(attention):
        return math.inf
    radius = max(2.0, 1 + attention)
    feed_forward = readout(target.readout.norm, width, dimension, radius)
    return feed_forward + target.readout.lipschitz * attention
