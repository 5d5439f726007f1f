"""Two-layer ReLU nets as Barron functions: norm, slopes, sampling, sup errors.

A net ``f(x) = sum_k a_k relu(b_k . x + c_k)`` has Barron norm (G.2 of the paper) at
most ``sum_k |a_k| (||b_k||_1 + |c_k|)``, and a random m-neuron net drawn from it in the
right proportions is off by the order of ``norm / sqrt(m)`` (Lemma G.6).
"""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import above, at_least


class TwoLayerNet:
    """``sum_k outer_k relu(inner_k . x + bias_k)``.

    Args:
        outer: (width,), the a_k.
        inner: (width, dimension), the b_k.
        bias: (width,), the c_k; zero if None. Tensors, arrays and nested lists are
            taken, and kept in float64.

    Raises:
        ValueError: shapes that do not fit, or a number that is not finite.

    Example:
        >>> net = tapx.TwoLayerNet([1, -1], [[1, 2], [3, 4]])
        >>> net.width, net.dimension, net.norm, net(torch.tensor([1.0, 0.0])).item()
        (2, 2, 10.0, -2.0)
    """

    outer: Float[Tensor, " width"]
    inner: Float[Tensor, "width dimension"]
    bias: Float[Tensor, " width"]

    def __init__(self, outer: Any, inner: Any, bias: Any = None) -> None:
        """Bring all to float64 and check the shapes."""
        self.outer = torch.as_tensor(outer, dtype=torch.float64)
        self.inner = torch.as_tensor(inner, dtype=torch.float64)
        bias = torch.zeros_like(self.outer) if bias is None else bias
        self.bias = torch.as_tensor(bias, dtype=torch.float64)
        outer, inner, bias = (tuple(part.shape) for part in vars(self).values())
        if len(inner) != 2 or not inner[1] or not outer == inner[:1] == bias:
            raise ValueError(
                "shapes must be (width,), (width, dimension), (width,), not "
                f"{outer}, {inner}, {bias}"
            )
        for name, part in vars(self).items():
            if not torch.isfinite(part).all():
                raise ValueError(f"{name} holds a number that is not finite")

    def __call__(self, x: Float[Tensor, "*batch dimension"]) -> Float[Tensor, "*batch"]:
        """The value at each point."""
        hidden = torch.relu(x.to(torch.float64) @ self.inner.T + self.bias)
        return hidden @ self.outer

    @property
    def width(self) -> int:
        """Number of neurons."""
        return len(self.outer)

    @property
    def dimension(self) -> int:
        """Size of a point."""
        return self.inner.shape[1]

    @property
    def sizes(self) -> Float[Tensor, " width"]:
        """``||b_k||_1 + |c_k|``, what the Barron norm charges a neuron."""
        return self.inner.abs().sum(1) + self.bias.abs()

    @property
    def norm(self) -> float:
        """An upper bound of the Barron norm: this net is one way to write f."""
        return float((self.outer.abs() * self.sizes).sum())

    @cached_property
    def coordinate_slopes(self) -> Float[Tensor, " dimension"]:
        """For each coordinate, a proven upper bound of ``|df/dx_j|`` everywhere.

        The derivative is a sum of some of the ``a_k b_kj``. Of two opposite neurons,
        ``(b, c)`` and ``(-b, -c)``, exactly one is active, so that
        ``relu(z) - relu(-z) = z`` has slope 1 and not 2.
        """
        directions, ahead, behind = self._opposites
        one, other = ahead[:, None] * directions, -behind[:, None] * directions
        highest = torch.maximum(one, other).sum(0)
        lowest = torch.minimum(one, other).sum(0)
        # Summing m numbers in float64 errs by less than m units in the last place.
        slack = (one.abs() + other.abs()).sum(0) * (self.width + 4) * 2**-52
        return torch.maximum(highest, -lowest) + slack

    @cached_property
    def lipschitz(self) -> float:
        """A proven upper bound of the Lipschitz constant in the Euclidean norm."""
        directions, ahead, behind = self._opposites
        sizes = torch.maximum(ahead.abs(), behind.abs()) * directions.norm(dim=1)
        smaller = min(float(self.coordinate_slopes.norm()), float(sizes.sum()))
        return smaller * (1 + (self.width + self.dimension + 4) * 2**-52)

    @cached_property
    def _opposites(self) -> tuple[Tensor, Tensor, Tensor]:
        """Directions b up to sign, and the outer weights on either side of each."""
        keys = torch.cat([self.inner, self.bias[:, None]], dim=1)
        leading = keys.gather(1, (keys != 0).int().argmax(1, keepdim=True))
        flipped = leading[:, 0] < 0
        # Adding 0.0 makes the negative zero of a flipped row a plain zero.
        keys = torch.where(flipped[:, None], -keys, keys) + 0.0
        directions, index = torch.unique(keys, dim=0, return_inverse=True)
        ahead, behind = torch.zeros(2, len(directions), dtype=torch.float64)
        ahead = ahead.index_add(0, index[~flipped], self.outer[~flipped])
        behind = behind.index_add(0, index[flipped], self.outer[flipped])
        return directions[:, :-1], ahead, behind

    def gradient(
        self, x: Float[Tensor, "*batch dimension"]
    ) -> Float[Tensor, "*batch dimension"]:
        """The gradient at each point (on a kink, that of the inactive side)."""
        active = (x.to(torch.float64) @ self.inner.T + self.bias) > 0
        return (active * self.outer) @ self.inner

    def merged(self) -> "TwoLayerNet":
        """The same function with equal neurons written once."""
        keys = torch.cat([self.inner, self.bias[:, None]], dim=1)
        unique, index = torch.unique(keys, dim=0, return_inverse=True)
        outer = torch.zeros(len(unique), dtype=torch.float64)
        outer.index_add_(0, index, self.outer)
        return TwoLayerNet(outer, unique[:, :-1], unique[:, -1])

    def minus(self, other: "TwoLayerNet") -> "TwoLayerNet":
        """The difference of two nets, with neurons that they share written once."""
        return _joined(self, other).merged()


def _joined(f: TwoLayerNet, g: TwoLayerNet) -> TwoLayerNet:
    """``f - g`` with all neurons of both."""
    if f.dimension != g.dimension:
        raise ValueError(
            f"cannot subtract a net on R^{g.dimension} from one on R^{f.dimension}"
        )
    pairs = ((f.outer, -g.outer), (f.inner, g.inner), (f.bias, g.bias))
    return TwoLayerNet(*map(torch.cat, pairs))


def relu_sum(directions: Any) -> TwoLayerNet:
    """``sum_k relu(<w_k, x>)``, w_k in rows: the readout of experiments 1b, 2a, 3a."""
    return TwoLayerNet(torch.ones(len(directions)), directions)


def normal_directions(width: int, dimension: int, seed: int) -> Tensor:
    """Rows ``w_k ~ N(0, I)`` from a seed, (width, dimension), float64."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(width, dimension, generator=generator, dtype=torch.float64)


def sample(net: TwoLayerNet, width: int, generator: torch.Generator) -> TwoLayerNet:
    """A random net of `width` neurons whose mean is `net` (Maurey's sampling).

    Neuron k is drawn with probability ``|a_k| (||b_k||_1 + |c_k|) / norm``, and every
    drawn one gets the same share ``norm / width`` of the total. The norm of the result
    is the norm of `net`; neurons may repeat.

    Raises:
        ValueError: width below 1.

    Example:
        >>> net = tapx.TwoLayerNet([1, -1], [[1, 2], [3, 4]])
        >>> drawn = tapx.sample(net, 5, torch.Generator().manual_seed(0))
        >>> drawn.width, f"{drawn.norm:.3g}"
        (5, '10')
    """
    at_least(1, width=width)
    shares = net.outer.abs() * net.sizes
    if net.norm == 0:
        return TwoLayerNet(torch.zeros(width), torch.zeros(width, net.dimension))
    drawn = torch.multinomial(shares, width, replacement=True, generator=generator)
    outer = torch.sign(net.outer) * net.norm / (width * net.sizes.clamp(min=1e-300))
    return TwoLayerNet(outer[drawn], net.inner[drawn], net.bias[drawn])


def sup_certified(
    net: TwoLayerNet,
    radius: float,
    tolerance: float = 0.01,
    max_boxes: int = 200_000,
) -> tuple[float, float]:
    """Proven interval for ``max |f|`` on the cube ``[-radius, radius]^dimension``.

    Branch and bound: on a box, neurons that cannot change sign make an exact linear
    part; the others are bounded by their slopes. Boxes that may hold the maximum are
    split along the coordinate that contributes most.

    Args:
        net: f, in low dimension (3 or fewer is comfortable).
        radius: half the cube's side, above 0.
        tolerance: stop when upper is within this fraction of lower.
        max_boxes: stop, with a wider interval that still holds, after so many.

    Returns:
        (lower, upper): lower is met at a point found, upper is proven.

    Raises:
        ValueError: a radius that is not above 0.

    Example:
        >>> size = tapx.TwoLayerNet([1, 1], [[1], [-1]])  # |x|
        >>> lower, upper = tapx.sup_certified(size, 2)
        >>> tapx.outward(lower, 3, up=False), tapx.outward(upper, 3)
        ('1.98', '2.01')
    """
    above(0, radius=radius)
    # Rounding in float64, that of adding equal neurons included.
    scale = net.norm * max(1.0, radius)
    rounding = (net.width + net.dimension + 8) * 2.0**-52 * scale
    net = net.merged()
    centres = np.zeros((1, net.dimension))
    halves = np.full((1, net.dimension), float(radius))
    lower, settled, seen = 0.0, 0.0, 0
    while len(centres):
        seen += len(centres)
        parts = len(centres) * net.width // 2**21 + 1  # keeps the memory small
        pieces = zip(
            np.array_split(centres, parts), np.array_split(halves, parts), strict=True
        )
        found = [_on_boxes(net, *piece) for piece in pieces]
        values, gains = (np.concatenate(both) for both in zip(*found, strict=True))
        lower = max(lower, float(values.max()))
        uppers = values + gains.sum(1)
        keep = uppers > lower * (1 + tolerance)
        settled = max(settled, float(uppers[~keep].max(initial=0.0)))
        if seen > max_boxes:
            settled = max(settled, float(uppers.max()))
            break
        centres, halves, gains = centres[keep], halves[keep], gains[keep]
        axis = gains.argmax(1)
        rows = np.arange(len(centres))
        halves[rows, axis] /= 2
        step = np.zeros_like(halves)
        step[rows, axis] = halves[rows, axis]
        centres = np.concatenate([centres - step, centres + step])
        halves = np.concatenate([halves, halves])
    return max(0.0, lower - rounding), max(settled, lower) + rounding


def _on_boxes(
    net: TwoLayerNet, centres: np.ndarray, halves: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``|f|`` at the centres, and what each half side may add to it."""
    outer, inner, bias = (n.numpy() for n in (net.outer, net.inner, net.bias))
    slopes = outer[:, None] * inner
    middle = centres @ inner.T + bias
    values = np.maximum(middle, 0) @ outer
    reach = halves @ np.abs(inner).T
    on = middle - reach >= 0
    open_ = (np.abs(middle) < reach) & ~on
    slope = on @ slopes
    steepest = np.maximum(
        np.abs(slope + open_ @ np.maximum(slopes, 0)),
        np.abs(slope + open_ @ np.minimum(slopes, 0)),
    )
    return np.abs(values), steepest * halves


def sup_distance_certified(
    f: TwoLayerNet, g: TwoLayerNet, radius: float, tolerance: float = 0.01
) -> tuple[float, float]:
    """Proven interval for ``max |f - g|`` on the cube of half-side `radius`."""
    return sup_certified(_joined(f, g), radius, tolerance)
