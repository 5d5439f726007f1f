"""The weights of a network with adaptive memories, stage by stage (section 4).

The stream has ``D = (M + 1)(d + 1)`` coordinates: M + 1 blocks of d for the current
token and the memories, then M coordinates for the lags and one for a constant. Every
attention copies block 0 into another block, with a weight that position and token make
together: ``exp(-rate (s - g))`` with lin, ``(s / g)^-rate`` with log.
"""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from tapx.kernels.adaptive import AdaptiveKernel
from tapx.kernels.family import LIN
from tapx.network.attention import Attention
from tapx.network.transformer import FeedForward, Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems.stages import Stage


def network(
    target: AdaptiveMemory,
    plan: Sequence[Stage],
    kernels: Sequence[AdaptiveKernel],
    memory_nets: Sequence[TwoLayerNet],
    readout: TwoLayerNet,
    heads: int,
    position: str,
    score: str,
    pointers: str,
) -> Transformer:
    """The Transformer that a plan describes, without normalisation, in float64.

    Args:
        target: gives the sizes.
        plan: what each layer fetches and computes.
        kernels: one a memory; a layer's groups of heads stand side by side.
        memory_nets: one a memory, on the blocks that it reads: the lag itself, or its
            logarithm, as `pointers` says.
        readout: what the last FFN computes from all blocks.
        heads: heads of each layer; those that no memory needs have value matrix 0.
        position: "lin" or "log".
        score: "dot" (Theorems 4.1, 4.4) or "tmx" (Proposition 4.3).
        pointers: "lag" if the stream holds the lags, "log" if their logarithms.
    """
    size, memories = target.input_dimension, len(target.tables)
    dimension = (memories + 1) * (size + 1)
    widths = [
        sum(memory_nets[k].width for k in stage.compute) + (layer == 0)
        for layer, stage in enumerate(plan[:-1])
    ]
    model = Transformer(
        *(size, dimension, len(plan), heads, max(*widths, readout.width), position),
        score=score,
        normalisation="none",
        precision="integer" if pointers == "lag" else "log",
        slopes=torch.ones(heads, dtype=torch.float64),
        dtype=torch.float64,
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.endswith("slopes"):
                parameter.zero_()
        model.embedding[:size] = torch.eye(size)  # the current token into block 0
        for layer, stage in enumerate(plan):
            attention = cast(Attention, model.attentions[layer])
            attention.output.copy_(torch.eye(dimension))
            head = 0
            for k in stage.fetch:
                for rate, weight in zip(
                    kernels[k].float_rates, kernels[k].float_weights, strict=True
                ):
                    _fetch(attention, head, k, float(rate), float(weight), size)
                    head += 1
            feed_forward = cast(FeedForward, model.feed_forwards[layer])
            neurons = _Neurons(feed_forward)
            if layer == len(plan) - 1:
                neurons.add(readout, 0)
                continue
            for k in stage.compute:
                neurons.add(memory_nets[k], (memories + 1) * size + k)
            if layer == 0:
                # [1] = 1 and log[e^log 2] = log 2: the constant survives the rounding.
                constant = 1.0 if pointers == "lag" else math.log(2)
                neurons.add(TwoLayerNet([constant], [[0.0]], [1.0]), dimension - 1)
    return model


def _fetch(
    attention: Attention, head: int, memory: int, rate: float, weight: float, size: int
) -> None:
    """One head of a memory's group: block 0 into its block, from its lag."""
    dimension = attention.dimension
    pointer = dimension * size // (size + 1) + memory
    rows = slice((memory + 1) * size, (memory + 2) * size)
    attention.slopes[head] = rate
    attention.value[head, rows, :size] = weight * torch.eye(size, dtype=torch.float64)
    if attention.score == "tmx":
        attention.direction[head, pointer] = 1.0
        return
    # The constant is 1 beside lags and log 2 beside logarithms.
    unit = 1.0 if attention.position.family is LIN else math.log(2)
    attention.query[head, 0, pointer] = math.sqrt(rate)
    attention.key[head, 0, dimension - 1] = math.sqrt(rate) / unit


class _Neurons:
    """Fills the neurons of one FFN from the first free one on."""

    def __init__(self, feed_forward: FeedForward):
        self.feed_forward, self.free = feed_forward, 0

    def add(self, net: TwoLayerNet, output: int) -> None:
        """A net that reads the first coordinates and writes one output."""
        rows = slice(self.free, self.free + net.width)
        inner: Tensor = self.feed_forward.inner
        inner[rows, : net.dimension] = net.inner
        self.feed_forward.bias[rows] = net.bias
        self.feed_forward.outer[output, rows] = net.outer
        self.free += net.width
