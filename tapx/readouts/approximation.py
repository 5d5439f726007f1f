"""Fewer neurons for a Barron function: greedy, in its convex hull, trained.

Sampling (`tapx.readouts.two_layer.sample`) takes m neurons of a net at random. The same
neurons may be chosen instead: one at a time, each the best for what is still missing.
`orthogonal` refits all weights after every choice, `hull` (Frank and Wolfe) stays a
convex combination, so that its Barron norm never exceeds that of the net. Or no neuron
of the net is used at all: `trained` moves m free ones by gradient descent. All three
minimise the mean square over given points; the sup error is measured afterwards.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least
from tapx.readouts.two_layer import TwoLayerNet


def box_points(
    count: int, dimension: int, radius: float, generator: torch.Generator
) -> Float[Tensor, "count dimension"]:
    """Uniform random points of the cube ``[-radius, radius]^dimension``, float64."""
    unit = torch.rand(count, dimension, generator=generator, dtype=torch.float64)
    return (2 * unit - 1) * radius


class _Dictionary:
    """The neurons of a net at unit size, and their inner products over points."""

    def __init__(self, net: TwoLayerNet, points: Float[Tensor, "count dimension"]):
        if points.dim() != 2 or points.shape[1] != net.dimension or not len(points):
            raise ValueError(
                f"points must be rows of {net.dimension} numbers, not "
                f"{tuple(points.shape)}"
            )
        used = net.sizes > 0
        self.inner, self.bias = net.inner[used], net.bias[used]
        self.sizes = net.sizes[used]
        hidden = torch.relu(points @ self.inner.T + self.bias) / self.sizes
        values = net(points)
        self.gram = (hidden.T @ hidden / len(points)).numpy()
        self.wanted = (hidden.T @ values / len(points)).numpy()
        self.norm = net.norm

    def net(self, weights: np.ndarray, chosen: np.ndarray) -> TwoLayerNet:
        """Some neurons, bit for bit, so that a difference merges them, reweighed."""
        index = torch.from_numpy(chosen)
        outer = torch.from_numpy(weights) / self.sizes[index]
        return TwoLayerNet(outer, self.inner[index], self.bias[index])


def orthogonal(
    net: TwoLayerNet, widths: Sequence[int], points: Float[Tensor, "count dimension"]
) -> list[TwoLayerNet]:
    """Orthogonal greedy choice among the neurons of `net`, one net for each width.

    The widths are each from 1 to that of `net`, and the mean square is taken over the
    points. ValueError for another width, or points of another dimension.
    """
    _check(widths, net.width)
    words = _Dictionary(net, points)
    scale = np.sqrt(np.diag(words.gram).clip(1e-300))
    chosen: list[int] = []
    weights = np.zeros(0)
    nets = {}
    for count in range(1, max(widths) + 1):
        left = words.wanted - words.gram[:, chosen] @ weights
        gain = np.abs(left) / scale
        gain[chosen] = -1.0
        chosen.append(int(gain.argmax()))
        block = words.gram[np.ix_(chosen, chosen)]
        # A little ridge: neurons of one net can be nearly equal on the points.
        block = block + 1e-13 * np.trace(block) / count * np.eye(count)
        weights = np.linalg.solve(block, words.wanted[chosen])
        nets[count] = words.net(weights, np.array(chosen))
    return [nets[width] for width in widths]


def hull(
    net: TwoLayerNet, widths: Sequence[int], points: Float[Tensor, "count dimension"]
) -> list[TwoLayerNet]:
    """Frank and Wolfe in the convex hull of ``+-norm * neuron``, one net a width.

    Step k moves towards the neuron best aligned with what is missing, as far as pays.
    The norm of each result is at most `net.norm`, as with sampling. The widths, each
    from 1 on, are steps, hence neurons at most; the rest is as in :func:`orthogonal`.
    """
    _check(widths, max(widths, default=1))
    words = _Dictionary(net, points)
    weights = np.zeros(len(words.wanted))
    nets = {}
    for count in range(1, max(widths) + 1):
        left = words.wanted - words.gram @ weights
        best = int(np.abs(left).argmax())
        step = -weights
        step[best] += np.sign(left[best]) * words.norm
        length = float(step @ words.gram @ step)
        share = float(step @ left) / length if length > 0 else 0.0
        weights = weights + min(1.0, max(0.0, share)) * step
        used = np.flatnonzero(weights)
        nets[count] = words.net(weights[used], used)
    return [nets[width] for width in widths]


def trained(
    net: TwoLayerNet,
    width: int,
    points: Float[Tensor, "count dimension"],
    generator: torch.Generator,
    iterations: int = 200,
) -> TwoLayerNet:
    """`width` free neurons fitted to `net` by L-BFGS from a random start, float64.

    ValueError for a width or number of iterations below 1, or points as in
    :func:`orthogonal`.
    """
    at_least(1, width=width, iterations=iterations)
    _Dictionary(net, points[:1])  # refuses points of another dimension
    values = net(points)
    spread = float(values.square().mean().sqrt()) or 1.0
    drawn = torch.randn(
        width, net.dimension + 2, generator=generator, dtype=torch.float64
    )
    start = drawn[:, 1:] / drawn[:, 1:].abs().sum(1, keepdim=True)
    # The best outer weights for the first neurons: the descent starts from there.
    hidden = torch.relu(points @ start[:, :-1].T + start[:, -1])
    outer = torch.linalg.lstsq(hidden, values[:, None] / spread, driver="gelsd")
    leaves = [outer.solution[:, 0], start[:, :-1].clone(), start[:, -1].clone()]
    for leaf in leaves:
        leaf.requires_grad_()
    optimiser = torch.optim.LBFGS(
        leaves,
        max_iter=iterations,
        history_size=20,
        tolerance_grad=1e-12,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Any:
        optimiser.zero_grad()
        made = torch.relu(points @ leaves[1].T + leaves[2]) @ leaves[0]
        loss = (made - values / spread).square().mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    outer, inner, bias = (leaf.detach() for leaf in leaves)
    return TwoLayerNet(outer * spread, inner, bias)


def _check(widths: Sequence[int], largest: int) -> None:
    for width in widths or [0]:
        if not 1 <= width <= largest:
            raise ValueError(f"width {width}: 1 to {largest} are allowed")
