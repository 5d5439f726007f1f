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

from tapx.kernels.adaptive import AdaptiveKernel
from tapx.kernels.family import LIN
from tapx.network.attention import Attention
from tapx.network.transformer import Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems.one_layer import blank, copy_block, fill
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

    A layer's groups of heads, one a memory, stand side by side; heads of the layer that
    no memory needs have value matrix 0. The score is "dot" (Theorems 4.1, 4.4) or "tmx"
    (Proposition 4.3). The memory nets give the lags, and the stream holds them, as
    `pointers` says: "lag" for themselves, "log" for their logarithms. The readout is
    what the last FFN computes from all blocks.
    """
    size, memories = target.input_dimension, len(target.tables)
    dimension = (memories + 1) * (size + 1)
    widths = [
        sum(memory_nets[k].width for k in stage.compute) + (layer == 0)
        for layer, stage in enumerate(plan[:-1])
    ]
    model = blank(
        *(size, dimension, len(plan), heads, max(*widths, readout.width), position),
        score=score,
        normalisation="none",
        precision="integer" if pointers == "lag" else "log",
        slopes=torch.ones(heads, dtype=torch.float64),
    )
    with torch.no_grad():
        for layer, stage in enumerate(plan):
            attention = cast(Attention, model.attentions[layer])
            group = [
                (k, *head)
                for k in stage.fetch
                for head in zip(
                    kernels[k].float_rates, kernels[k].float_weights, strict=True
                )
            ]
            for head, (k, rate, weight) in enumerate(group):
                _fetch(attention, head, k, float(rate), float(weight), size)
            parts = [(memory_nets[k], (memories + 1) * size + k) for k in stage.compute]
            if layer == 0:
                # [1] = 1 and log[e^log 2] = log 2: the constant survives the rounding.
                constant = 1.0 if pointers == "lag" else math.log(2)
                one = TwoLayerNet([constant], [[0.0]], [1.0])
                parts.append((one, dimension - 1))
            last = layer == len(plan) - 1
            fill(model.feed_forwards[layer], [(readout, 0)] if last else parts)
    return model


def _fetch(
    attention: Attention, head: int, memory: int, rate: float, weight: float, size: int
) -> None:
    """One head of a memory's group: block 0 into its block, from its lag."""
    dimension = attention.dimension
    pointer = dimension * size // (size + 1) + memory
    attention.slopes[head] = rate
    copy_block(attention, head, memory + 1, size, weight)
    if attention.score == "tmx":
        attention.direction[head, pointer] = 1.0
        return
    # The constant is 1 beside lags and log 2 beside logarithms.
    unit = 1.0 if attention.position.family is LIN else math.log(2)
    attention.query[head, 0, pointer] = math.sqrt(rate)
    attention.key[head, 0, dimension - 1] = math.sqrt(rate) / unit
