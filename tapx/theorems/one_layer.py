"""The weights of the one-layer networks: what each matrix does to each block.

Theorems 3.1 and 5.1 share them.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from tapx.checks import at_least
from tapx.kernels.kernel import Kernel
from tapx.network.attention import Attention
from tapx.network.transformer import Transformer
from tapx.readouts import two_layer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.memories import EssentialMemory, FixedMemory
from tapx.theorems.built import Built


def refuse_few_heads(heads: int, groups: int, what: str) -> None:
    """Refuse (ValueError) fewer heads than groups, named by what they serve."""
    if heads < groups:
        raise ValueError(
            f"{heads} heads cannot serve {groups} {what}: each needs one; the nearest "
            f"valid number of heads is {groups}"
        )


def known_readout(target: Any, width: int | None = None) -> TwoLayerNet:
    """The readout of a target, of known norm and slope.

    TypeError if it is no `TwoLayerNet`, ValueError for a width below 1.
    """
    if not isinstance(target.readout, TwoLayerNet):
        raise TypeError(
            "the construction needs a readout of known norm and slope, a TwoLayerNet, "
            f"not {type(target.readout).__name__}"
        )
    if width is not None:
        at_least(1, width=width)
    return target.readout


def readout_net(
    readout: TwoLayerNet, width: int | None, reach: float, generator: torch.Generator
) -> tuple[TwoLayerNet, float]:
    """What an FFN of so many neurons computes, and its proven error on a box.

    Where f has more neurons they are drawn from it; the box has half-side `reach`.
    """
    if width is None or width >= readout.width:
        return readout, 0.0
    net = two_layer.sample(readout, width, generator)
    return net, two_layer.sup_distance_certified(readout, net, reach)[1]


def blank(
    size: int, *shape: Any, slopes: Tensor | np.ndarray, **options: Any
) -> Transformer:
    """A float64 Transformer that puts the current token into block 0, and no more.

    All its numbers are 0 but for the slopes and the identity ``W_O``.
    """
    model = Transformer(size, *shape, slopes=slopes, dtype=torch.float64, **options)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.endswith("slopes"):
                parameter.zero_()
        model.embedding[:size] = torch.eye(size)
        for attention in model.attentions:
            output = cast(Attention, attention).output
            output.copy_(torch.eye(len(output)))
    return model


def fill(feed_forward: Any, nets: Sequence[tuple[TwoLayerNet, int]]) -> None:
    """Puts nets side by side into an FFN; neurons that are left over stay zero.

    Each reads the first coordinates, as many as it takes, and writes one output.
    """
    free = 0
    for net, output in nets:
        rows = slice(free, free + net.width)
        feed_forward.inner[rows, : net.dimension] = net.inner
        feed_forward.bias[rows] = net.bias
        feed_forward.outer[output, rows] = net.outer
        free += net.width


def copy_block(
    attention: Attention, head: int, block: int, size: int, weight: float
) -> None:
    """Makes a head copy block 0 into another block, with a weight."""
    rows = slice(block * size, (block + 1) * size)
    attention.value[head, rows, :size] = weight * torch.eye(size, dtype=torch.float64)


def assemble(
    target: FixedMemory | EssentialMemory,
    kernels: tuple[Kernel, ...],
    readout: TwoLayerNet,
    width: int | None,
    position: str,
    *,
    errors: tuple[float, ...],
    corrections: tuple[float, ...],
    reach: float,
    length: int,
    seed: int,
) -> Built:
    """The network with these kernels and this readout, and its certificate.

    The heads of group k, of M, copy block 0 into block k. The readout is f on all
    M + 1 blocks, ``D = (M + 1) d``; where it has more neurons than `width`, they are
    sampled, with the `seed`. The position, "lin" or "log", fits the family of the
    kernels, and a box of half-side `reach` holds what the attention hands over. The
    rest is as in `Built`.
    """
    generator = torch.Generator().manual_seed(seed)
    net, readout_error = readout_net(readout, width, reach, generator)
    size = target.input_dimension
    slopes = torch.from_numpy(np.concatenate([k.float_rates for k in kernels]))
    weights = np.concatenate([k.float_weights for k in kernels])
    group = [k for k, kernel in enumerate(kernels) for _ in range(kernel.heads)]
    model = blank(
        *(size, readout.dimension, 1, len(slopes), width or readout.width, position),
        score="none",
        normalisation="infinite",
        slopes=slopes,
    )
    attention = cast(Attention, model.attentions[0])
    with torch.no_grad():
        # W_V of a head in group k: block k <- block 0, times weight and denominator.
        totals = attention.position.infinite_sum(slopes).numpy()
        for head, (k, scale) in enumerate(zip(group, weights * totals, strict=True)):
            copy_block(attention, head, k + 1, size, scale)
        fill(model.feed_forwards[0], [(net, 0)])
    given = (model, target, length, readout_error, kernels, readout, net, errors)
    return Built(*given, corrections)
