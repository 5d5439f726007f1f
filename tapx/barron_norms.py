"""Barron norms on a cube: exact for nets, bounded from below for any function.

``||f||_B`` is the least ``E[|a| (||b||_1 + |c|)]`` over all ways to write f as a mean
of neurons (G.2 of the paper). For a net of finitely many neurons the least is a linear
programme. Where f has a kink, on a plane that crosses the cube, every way to write f
has neurons there, since all others together are smooth at almost every point of the
plane. So only two things are free: how a kink is shared between ``relu(z)`` and
``relu(-z)``, and how the affine rest is paid. The affine function ``w . x`` alone costs
``min(2, 1 + radius) ||w||_1``. Of other functions, the kinks on a line through zero
bound the norm from below.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array

from tapx.barron import TwoLayerNet

ROUNDING = 2.0**-40
"""Relative slack for float64 in the ends of an interval; the sums are far shorter."""


def norm_certified(net: TwoLayerNet, radius: float) -> tuple[float, float]:
    """An interval for the Barron norm of a net on ``[-radius, radius]^dimension``.

    Solves the linear programme, and takes neither end on trust: the upper end is the
    path norm of the solution plus the price of what it misses, the lower end a solution
    of the dual programme, scaled until it is feasible.

    Planes that agree to 14 digits count as one, and a plane that cuts off less than
    1e-12 of the cube's reach as none.

    Args:
        net: f, of any dimension; comfortable up to a thousand neurons.
        radius: half the cube's side, above 0.

    Returns:
        (lower, upper), about 1e-9 apart in relative terms.

    Raises:
        ValueError: a radius not above 0.
    """
    programme = _programme(net, radius)
    found, lower = _solve(programme)
    missed = np.abs(programme.rows @ found - programme.wanted)
    # An error in a kink costs 1 for each unit, in a slope 2, in the constant 1.
    upper = float(programme.cost @ np.abs(found) + 2 * missed.sum())
    upper += ROUNDING * float((net.outer.abs() * net.sizes).sum())
    return min(lower, upper), upper


def reduced(net: TwoLayerNet, radius: float) -> TwoLayerNet:
    """The net of least path norm that equals `net` on the cube.

    Equal up to the rounding of the linear programme, about 1e-9 of the norm.

    Args:
        net: f.
        radius: half the cube's side, above 0.

    Raises:
        ValueError: a radius not above 0.
    """
    programme = _programme(net, radius)
    found, _ = _solve(programme)
    planes, dimension = programme.planes, net.dimension
    count = len(planes)
    share, linear, above, below, level = np.split(
        found[: 2 * count + 3 * dimension + 1],
        2 * count + dimension * np.arange(4),
    )
    units, ones = np.eye(dimension, dimension + 1), np.ones((dimension, 1))
    tilted = np.concatenate([units[:, :-1], radius * ones], axis=1)
    against = np.concatenate([-units[:, :-1], radius * ones], axis=1)
    top = np.eye(dimension + 1)[-1:]
    keys = np.concatenate([planes, -planes, units, -units, tilted, against, top])
    outer = np.concatenate([share, linear, -linear, above, below, level])
    kept = np.abs(outer) > 1e-14 * max(1.0, net.norm)
    kept[-1] |= not kept.any()  # a net has at least one neuron
    return TwoLayerNet(outer[kept], keys[kept, :-1], keys[kept, -1])


def lower_bound(points: Any, values: Any) -> float:
    """A lower bound of ``||f||_B`` from finitely many values on a line through zero.

    On the line ``x = t e`` with ``||e||_inf = 1`` no neuron is dearer than in space. A
    neuron with its kink at t costs at least ``1 + |t|`` for each unit of slope that it
    bends, and second differences of f measure the bends. The sum of
    ``(1 + |t_i|) |bend at t_i|`` is therefore a lower bound, of any function. For the
    price between the points to be right, 0 must be one of them.

    Args:
        points: the t, rising strictly, with 0 among them, at least three.
        values: ``f(t e)``, as many.

    Raises:
        ValueError: points that do not rise, lack 0 or are too few; other values.
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
    bends = np.diff(np.diff(height) / np.diff(at))
    slack = 4 * 2.0**-52 * (np.abs(height).max() / np.diff(at).min()) * len(at)
    inside = 1 + np.abs(at[1:-1])
    return max(0.0, float((inside * np.abs(bends)).sum() - slack * inside.max()))


class _Programme(NamedTuple):
    """Minimise ``cost @ |x|`` under ``rows @ x = wanted``; a plane is (b, c)."""

    planes: np.ndarray
    cost: np.ndarray
    rows: csr_array
    wanted: np.ndarray


def _programme(net: TwoLayerNet, radius: float) -> _Programme:
    """Unknowns: shares p ahead and q behind each plane, x_j, r + x_j, r - x_j and 1."""
    if not radius > 0:
        raise ValueError(f"radius must be above 0, not {radius}")
    reach = radius * net.inner.abs().sum(1)
    crossing = net.bias.abs() < reach * (1 - 1e-12)
    always = ~crossing & (net.bias > 0)
    keys = torch.cat([net.inner, net.bias[:, None]], dim=1)
    affine = (net.outer[always] @ keys[always]).numpy()
    sizes = net.sizes[crossing]
    keys = keys[crossing] / sizes[:, None]
    weights = (net.outer[crossing] * sizes).numpy()
    leading = keys.gather(1, (keys.abs() > 1e-14).int().argmax(1, keepdim=True))
    flipped = (leading < 0)[:, 0]
    keys = torch.where(flipped[:, None], -keys, keys).round(decimals=14) + 0.0
    planes, index = np.unique(keys.numpy(), axis=0, return_inverse=True)
    index, behind = index.reshape(-1), flipped.numpy()
    count, dimension = len(planes), net.dimension
    total = np.bincount(index, weights, count)
    turned = np.bincount(index[behind], weights[behind], count)
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
    wanted = np.concatenate([total, affine - planes.T @ turned])
    return _Programme(planes, cost, csr_array(rows), wanted)


def _solve(programme: _Programme) -> tuple[np.ndarray, float]:
    """A solution, and a lower bound of the least cost that it does not vouch for."""
    _, cost, rows, wanted = programme
    both = csr_array(block_array([[rows, -rows]]))
    solved = linprog(np.concatenate([cost, cost]), A_eq=both, b_eq=wanted)
    if solved.x is None:
        raise ValueError(f"the linear programme failed: {solved.message}")
    half = len(cost)
    dual = solved.eqlin.marginals
    excess = max(1.0, float((np.abs(rows.T @ dual) / cost).max()))
    slack = ROUNDING * float(np.abs(dual) @ np.abs(wanted))
    lower = max(0.0, (float(dual @ wanted) - slack) / excess)
    return solved.x[:half] - solved.x[half:], lower
