"""Two-layer nets for memory functions: which lag does a token ask for?

On a finite alphabet any memory function g (or log g) is a ReLU net. Take a direction
``u`` along which tokens of different values are apart, and join the values by straight
lines in ``u . x``. The closer two tokens with different values, the steeper the net: no
net can rise by less than ``|g(x) - g(y)| / ||x - y||``.

The networks of Theorems 4.1 and 4.4 compute these values in a feed-forward network and
round. Rounding is exact where the net is within a tolerance of whole numbers, so that a
random net of enough neurons will do: :func:`rounding_width` measures how many.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least
from tapx.kernels.family import LIN, Family
from tapx.readouts.two_layer import TwoLayerNet

CLOSEST = 1e-9
"""Tokens of different values must be this far apart, in units of the largest one."""


def interpolating_net(
    points: Float[Tensor, "points dimension"], values: Float[Tensor, " points"]
) -> TwoLayerNet:
    """A ReLU net with the given values at the given points, to float64 rounding.

    A function of ``u . x`` alone, piecewise linear between the points and constant
    outside them, so that it stays between the least and the largest value. Of a fixed
    set of directions (axes, differences of points, mixed radix combinations, the
    least-squares one) it takes that of the least Lipschitz constant, then of the least
    Barron norm. One value needs one neuron without slope, several need at most one
    neuron more than there are points.

    The points are tokens, or rows of several tokens, the values for instance g or
    log g. ValueError for no points, equal points, a number that is not finite, or
    points of different values so close that no direction tells them apart.
    """
    points, values = _checked(points, values)

    def cost(net: TwoLayerNet) -> tuple[float, float]:
        # Rounded, so that ties fall the same way on every machine.
        return float(f"{lipschitz(net):.9e}"), float(f"{net.norm:.9e}")

    tried = (_along(u, points, values) for u in _directions(points, values))
    chosen = min(filter(None, tried), key=cost, default=None)
    if chosen is None:
        raise ValueError(
            "no direction tells the points of different values apart: they must differ "
            f"by more than {CLOSEST:g} of the largest point"
        )
    return chosen


def coordinate_slopes(net: TwoLayerNet) -> Float[Tensor, " dimension"]:
    """For each coordinate, a bound of ``|df/dx_j|``: sharp if f depends on one ``u.x``.

    For other nets the bound is `TwoLayerNet.coordinate_slopes`.
    """
    index = int(net.inner.abs().sum(1).argmax())
    direction = net.inner[index]
    square = float(direction @ direction)
    if square == 0:
        return torch.zeros(net.dimension, dtype=torch.float64)
    scales = net.inner @ direction / square
    if not torch.allclose(net.inner, scales[:, None] * direction, rtol=0, atol=0):
        return net.coordinate_slopes
    moving = scales != 0
    outer, scale, bias = net.outer[moving], scales[moving], net.bias[moving]
    kinks = -bias / scale  # in units of u.x
    edges = torch.unique(kinks)
    middles = torch.cat([edges[:1] - 1, (edges[1:] + edges[:-1]) / 2, edges[-1:] + 1])
    active = (middles[:, None] - kinks) * scale > 0
    steepest = float(((active * outer) @ scale).abs().max())
    steepest *= 1 + (net.width + 8) * 2**-52
    steepest += float((outer * scale).abs().sum()) * (net.width + 8) * 2**-52
    return torch.minimum(direction.abs() * steepest, net.coordinate_slopes)


def lipschitz(net: TwoLayerNet) -> float:
    """A bound of the Lipschitz constant, sharp if f depends on one ``u . x``."""
    slopes = float(coordinate_slopes(net).norm()) * (1 + (net.dimension + 4) * 2**-52)
    return min(slopes, net.lipschitz)


def least_lipschitz(
    points: Float[Tensor, "points dimension"], values: Float[Tensor, " points"]
) -> float:
    """``max |g(x) - g(y)| / ||x - y||``: no function with these values is flatter.

    ValueError as :func:`interpolating_net`.
    """
    points, values = _checked(points, values)
    gaps = (values[:, None] - values).abs()
    distances = (points[:, None] - points).norm(dim=-1)
    return float((gaps / distances.fill_diagonal_(1.0)).max())


def tolerance(largest_lag: int, position: str) -> float:
    """How near the net must come to be rounded right: 1/2 (lin) or ``1 / (4 T)`` (log).

    That is the paper's; `rounding.margin` is exact. ValueError for a lag below 1, or
    another position function.
    """
    at_least(1, largest_lag=largest_lag)
    return 0.5 if Family.of(position) is LIN else 1 / (4 * largest_lag)


def sampled_errors(
    net: TwoLayerNet,
    points: Float[Tensor, "points dimension"],
    widths: Sequence[int],
    seeds: Sequence[int],
) -> np.ndarray:
    """How far nets drawn as by `two_layer.sample` are off, (seeds, widths, points).

    Only how often each neuron is drawn matters, and these numbers are drawn at once, so
    that a large width costs no more. ValueError for one below 1.
    """
    at_least(1, width=min(widths, default=1))
    hidden = torch.relu(points.to(torch.float64) @ net.inner.T + net.bias)
    parts = (hidden * net.outer).numpy()  # what each neuron adds at each point
    shares = (net.outer.abs() * net.sizes).numpy()
    live = shares > 0
    errors = np.zeros((len(seeds), len(widths), len(points)))
    if not live.any():  # the zero function, which no sample misses
        return errors
    parts, shares = parts[:, live], shares[live] / shares.sum()
    for i, seed in enumerate(seeds):
        generator = np.random.default_rng(seed)
        for j, width in enumerate(widths):
            often = generator.multinomial(width, shares) / (width * shares)
            errors[i, j] = np.abs(parts @ (often - 1))
    return errors


def rounding_width(
    net: TwoLayerNet,
    points: Float[Tensor, "points dimension"],
    tolerance: float | Sequence[float],
    widths: Sequence[int],
    seeds: Sequence[int],
) -> int | None:
    """The first of the widths from which all drawn nets are within the tolerance.

    None if not even the largest will do. The nets are drawn as by
    :func:`sampled_errors`, one of each width for each seed; the widths ascend, and the
    errors must be below one tolerance for all points, or one for each. ValueError
    otherwise.
    """
    if not widths or list(widths) != sorted(set(widths)):
        raise ValueError(f"widths must ascend and not be empty, not {list(widths)}")
    at_least(1, seeds=len(seeds))
    allowed = np.atleast_1d(np.asarray(tolerance, dtype=float))
    if allowed.shape not in ((1,), (len(points),)) or not (allowed > 0).all():
        raise ValueError(
            f"tolerance must be above 0, one number or one for each of {len(points)} "
            f"points, not {tolerance}"
        )
    errors = sampled_errors(net, points, widths, seeds)
    within = np.atleast_1d((errors < allowed).all(axis=(0, 2)))
    if not within[-1]:
        return None
    misses = np.flatnonzero(~within)
    return widths[int(misses[-1]) + 1 if len(misses) else 0]


def _checked(points: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    points = torch.as_tensor(points, dtype=torch.float64)
    values = torch.as_tensor(values, dtype=torch.float64)
    if points.dim() != 2 or values.shape != points.shape[:1] or not len(points):
        raise ValueError(
            "points must be rows and values one a row, at least one, not "
            f"{tuple(points.shape)} and {tuple(values.shape)}"
        )
    if not (torch.isfinite(points).all() and torch.isfinite(values).all()):
        raise ValueError("points and values must be finite numbers")
    if len(torch.unique(points, dim=0)) < len(points):
        raise ValueError("two points are equal; a function has one value at each")
    return points, values


def _directions(points: Tensor, values: Tensor) -> Iterator[Tensor]:
    """Directions to try, each with both signs, in a fixed order."""
    count, dimension = points.shape
    found = list(torch.eye(dimension, dtype=torch.float64))
    steps = torch.tensor([len(torch.unique(column)) for column in points.T])
    axes = torch.arange(dimension)
    orders = [axes, axes.flip(0)]
    if dimension <= 4:
        orders = list(map(torch.tensor, itertools.permutations(range(dimension))))
    for order in orders:
        radix = torch.ones(dimension, dtype=torch.float64)
        radix[order[1:]] *= steps[order[:-1]].cumprod(0)
        for sign in itertools.product((1.0, -1.0), repeat=min(dimension, 6) - 1):
            flips = torch.ones(dimension, dtype=torch.float64)
            flips[1 : len(sign) + 1] = torch.tensor(sign, dtype=torch.float64)
            found.append(flips * radix)
    pairs = itertools.combinations(range(min(count, 12)), 2)
    found += [points[i] - points[j] for i, j in pairs]
    centred = points - points.mean(0)
    solution = torch.linalg.pinv(centred) @ (values - values.mean())
    if float(solution.abs().max()) > 0:
        found.append(solution / solution.abs().max())
    for direction in found:
        yield direction
        yield -direction


def _along(direction: Tensor, points: Tensor, values: Tensor) -> TwoLayerNet | None:
    """The net that is piecewise linear in ``direction . x``; None if values clash."""
    places = points @ direction
    least = CLOSEST * float(direction.norm() * points.norm(dim=1).max())
    order = torch.argsort(places, stable=True)
    row = zip(places[order].tolist(), values[order].tolist(), strict=True)
    first, height = next(row)
    knots, heights = [first], [height]
    for place, value in row:
        if place - knots[-1] > least:
            knots.append(place)
            heights.append(value)
        elif value != heights[-1]:
            return None
    slopes = np.array([0.0, *(np.diff(heights) / np.diff(knots)), 0.0])
    changes = np.diff(slopes)
    kept = np.abs(changes) > 1e-12 * np.abs(slopes).max()
    outer = [heights[0], *changes[kept]]
    inner = torch.stack([0 * direction, *[direction] * int(kept.sum())])
    return TwoLayerNet(outer, inner, [1.0, *-np.array(knots)[kept]])
