"""Barron norms on a cube: proved for nets, bounded from below for any function.

``||f||_B`` is the least ``E[|a| (||b||_1 + |c|)]`` over all ways to write f as a mean
of neurons (G.2 of the paper). For a net of finitely many neurons the least is a linear
programme. Where f has a kink, on a plane that crosses the cube, every way to write f
has neurons there, since all others together are smooth at almost every point of the
plane. So only two things are free: how a kink is shared between ``relu(z)`` and
``relu(-z)``, and how the affine rest is paid. The affine function ``w . x`` alone costs
``min(2, 1 + radius) ||w||_1``. Of other functions, the kinks on a line through zero
bound the norm from below.

A solver in float64 proposes; what is proved from its proposal is computed with exact
rational numbers and balls. Which planes coincide and which cross the cube is decided
exactly: two kinks of opposite signs that all but coincide cost what they cost.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from flint import arb, fmpq

from tapx import checks
from tapx.kernels import balls
from tapx.readouts.two_layer import TwoLayerNet

BITS = 256
"""Working precision of the balls."""


def norm_certified(net: TwoLayerNet, radius: float) -> tuple[float, float]:
    """An interval for the Barron norm of a net on ``[-radius, radius]^dimension``.

    The upper end is the path norm of a net that equals f: the shares behind the planes
    and the tilted neurons are those of a linear programme in float64, the rest follows
    from them exactly. The lower end is the value of a dual solution: only the prices of
    the affine functions are the solver's, brought to where they are allowed, and the
    best price of each kink follows from them. Both are evaluated in balls, so that the
    interval contains the norm however badly the solver did.

    Args:
        net: f, taken exactly as it is; comfortable up to a thousand neurons.
        radius: half the cube's side, above 0.

    Returns:
        (lower, upper), about 1e-9 apart in relative terms; farther only where planes
        all but coincide, or all but miss the cube, and the solver confused them.

    Raises:
        ValueError: a radius not above 0, or a solver that found nothing.

    Example:
        >>> lower, upper = tapx.norm_certified(tapx.TwoLayerNet([1, 1], [[1], [-1]]), 2)
        >>> f"{lower:.6f}", f"{upper:.6f}"
        ('2.000000', '2.000000')
    """
    kinks = _kinks(net, radius)
    found = _solve(kinks, radius)
    with balls.precision(BITS):
        return max(0.0, _lower(kinks, found, radius)), _upper(kinks, found, radius)


def lower_bound(points: Any, values: Any) -> float:
    """A lower bound of ``||f||_B`` from finitely many values on a line through zero.

    On the line ``x = t e`` with ``||e||_inf = 1`` no neuron is dearer than in space. A
    neuron with its kink at t costs at least ``1 + |t|`` for each unit of slope that it
    bends, and second differences of f measure the bends. The sum of
    ``(1 + |t_i|) |bend at t_i|`` is therefore a lower bound, of any function. For the
    price between the points to be right, 0 must be one of them.

    The sum is computed in balls. Each value may be off by 2^-52 times the largest, as
    values from float64 are: what that could add to the bends is taken off.

    The points are the t, rising strictly, with 0 among them, at least three, and there
    are as many values ``f(t e)``; ValueError otherwise.
    """
    at, height = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
    if at.ndim != 1 or at.shape != height.shape or len(at) < 3:
        raise ValueError(
            f"three points or more and as many values are needed, not shapes "
            f"{at.shape} and {height.shape}"
        )
    if not (np.diff(at) > 0).all() or 0 not in at:
        near = float(at[np.abs(at).argmin()])
        raise ValueError(
            f"points must rise strictly and hold 0; the nearest to 0 is {near}"
        )
    if not (np.isfinite(at).all() and np.isfinite(height).all()):
        raise ValueError("points and values must be finite numbers")
    with balls.precision(BITS):
        t, f = [arb(x) for x in at.tolist()], [arb(x) for x in height.tolist()]
        off = arb(float(np.abs(height).max())) / arb(2) ** 52
        gaps, rises = ([b - a for a, b in pairwise(row)] for row in (t, f))
        slopes = [rise / gap for rise, gap in zip(rises, gaps, strict=True)]
        total = arb(0)
        for i in range(1, len(t) - 1):
            bend = abs(slopes[i] - slopes[i - 1])
            lost = 2 * off * (1 / gaps[i] + 1 / gaps[i - 1])
            total += (1 + abs(t[i])) * (bend - lost)
        return max(0.0, balls.lower(total))


class _Kinks(NamedTuple):
    """A net on the cube, exactly: its kinks, and the affine rest."""

    # (b, c) with ||b||_1 + |c| = 1, the first nonzero number positive
    planes: list[tuple[Fraction, ...]]
    total: list[Fraction]  # for each plane, the sum of a (||b||_1 + |c|)
    rest: list[Fraction]  # slopes and constant that are left if all kinks are relu(z)


def _kinks(net: TwoLayerNet, radius: float) -> _Kinks:
    """Decide exactly which planes coincide and which cross the cube."""
    checks.above(0, radius=radius)
    half = Fraction(radius)
    total: dict[tuple[Fraction, ...], Fraction] = {}
    rest = [Fraction(0)] * (net.dimension + 1)
    numbers = (net.outer.tolist(), net.inner.tolist(), net.bias.tolist())
    for outer, inner, bias in zip(*numbers, strict=True):
        key, weight = [*map(Fraction, inner), Fraction(bias)], Fraction(outer)
        reach = half * sum(map(abs, key[:-1]))
        crosses = abs(key[-1]) < reach
        if not weight or not (crosses or key[-1] > 0):
            continue
        size = sum(map(abs, key))
        flipped = crosses and next(x for x in key if x) < 0
        if crosses:
            sign = -1 if flipped else 1
            plane = tuple(sign * x / size for x in key)
            total[plane] = total.get(plane, Fraction(0)) + weight * size
        if flipped or not crosses:  # relu(-z) = relu(z) - z
            rest = [r + weight * x for r, x in zip(rest, key, strict=True)]
    planes = sorted(total)
    return _Kinks(planes, [total[plane] for plane in planes], rest)


class _Found(NamedTuple):
    """What the solver proposes, float64."""

    behind: np.ndarray  # (planes,), shares of relu(-z)
    above: np.ndarray  # (dimension,), of r + x_j
    below: np.ndarray  # (dimension,), of r - x_j
    prices: np.ndarray  # (dimension + 1,), dual variables of slopes and constant


def _solve(kinks: _Kinks, radius: float) -> _Found:
    """What HiGHS proposes: nothing that is proved rests on it.

    Unknowns: shares p ahead and q behind each plane, x_j, r + x_j, r - x_j and 1.
    """
    from scipy.optimize import linprog  # slow to load, and only searches need it
    from scipy.sparse import block_array, csr_array, eye_array

    count, dimension = len(kinks.planes), len(kinks.rest) - 1
    planes = np.array(kinks.planes, dtype=float).reshape(count, dimension + 1)
    # sum p relu(z) + q relu(-z) + rest = sum (p + q) relu(z) + (rest - sum q z).
    unit, shift = np.eye(dimension), np.full((1, dimension), radius)
    rest = np.block(
        [[unit, unit, -unit, np.zeros((dimension, 1))], [0 * shift, shift, shift, 1.0]]
    )
    rows = block_array(
        [
            [eye_array(count), eye_array(count), None],
            [None, csr_array(-planes.T), csr_array(rest)],
        ]
    )
    tilt = np.full(2 * dimension, 1.0 + radius)
    cost = np.concatenate([np.ones(2 * count), np.full(dimension, 2.0), tilt, [1.0]])
    wanted = np.array([*kinks.total, *kinks.rest], dtype=float)
    scale = float(np.abs(wanted).max(initial=0.0)) or 1.0
    both = csr_array(block_array([[rows, -rows]]))
    solved = linprog(np.tile(cost, 2), A_eq=both, b_eq=wanted / scale)
    if solved.x is None:
        raise ValueError(f"the linear programme failed: {solved.message}")
    found = scale * np.subtract(*np.split(solved.x, 2))
    ends = np.cumsum([count, count, *3 * [dimension]])
    _, behind, _, above, below, _ = np.split(found, ends)
    return _Found(behind, above, below, solved.eqlin.marginals[count:])


def _ball(number: Fraction) -> arb:
    return arb(fmpq(number.numerator, number.denominator))


def _upper(kinks: _Kinks, found: _Found, radius: float) -> float:
    """The path norm of the net with the shares found, completed exactly."""
    half, cost = arb(radius), arb(0)
    left = [_ball(number) for number in kinks.rest]
    for plane, total, share in zip(*kinks[:2], found.behind.tolist(), strict=True):
        behind = arb(share)
        cost += abs(behind) + abs(_ball(total) - behind)
        if share:
            left = [r + behind * _ball(x) for r, x in zip(left, plane, strict=True)]
    tilted = zip(found.above.tolist(), found.below.tolist(), strict=True)
    for axis, (above, below) in enumerate(tilted):
        cost += (1 + half) * (abs(arb(above)) + abs(arb(below)))
        left[axis] -= arb(above) - arb(below)
        left[-1] -= half * (arb(above) + arb(below))
    cost += 2 * sum(map(abs, left[:-1]), arb(0)) + abs(left[-1])
    return balls.upper(cost)


def _lower(kinks: _Kinks, found: _Found, radius: float) -> float:
    """The value of the dual solution that has the prices found for affine functions.

    Prices v are allowed if ``|v_j| <= 2``, ``|r v_0 +- v_j| <= 1 + r`` and
    ``|v_0| <= 1``. Then ``|v . z| <= 2`` for each plane, and the price y of its kink is
    free within ``|y| <= 1`` and ``|y - v . z| <= 1``.
    """
    half = arb(radius)
    prices = [arb(price) for price in found.prices.tolist()]
    worst = arb(1).max(abs(prices[-1]))
    for price in prices[:-1]:
        tilt = (half * abs(prices[-1]) + abs(price)) / (1 + half)
        worst = worst.max(abs(price) / 2).max(tilt)
    prices = [price / worst for price in prices]
    value = sum((p * _ball(r) for p, r in zip(prices, kinks.rest, strict=True)), arb(0))
    for plane, total in zip(*kinks[:2], strict=True):
        slope = sum((p * _ball(x) for p, x in zip(prices, plane, strict=True)), arb(0))
        if total > 0:
            value += _ball(total) * (1 + slope.min(arb(0)))
        else:
            value += _ball(total) * (slope.max(arb(0)) - 1)
    return balls.lower(value)
