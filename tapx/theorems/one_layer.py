"""The weights of the one-layer networks: what each matrix does to each block.

Theorems 3.1 and 5.1 share them. Block 0 of the stream holds the current token, and a
group of heads without dot product fills each other block with one convolution.
"""

import numpy as np
import torch

from tapx.kernels.kernel import Kernel
from tapx.network.attention import Attention
from tapx.network.transformer import FeedForward, Transformer
from tapx.readouts.two_layer import TwoLayerNet


def network(
    size: int,
    chosen: tuple[Kernel, ...],
    net: TwoLayerNet,
    width: int,
    position: str,
) -> Transformer:
    """The network of Theorem 3.1 or 5.1: a group of heads for each kernel.

    Args:
        size: d, numbers of a token; ``D = (M + 1) d``.
        chosen: M kernels; the heads of group k copy block 0 into block k, k = 1..M.
        net: the readout, on all M + 1 blocks.
        width: neurons of the FFN, at least those of the net.
        position: "lin" or "log", fitting the family of the kernels.

    Returns:
        One layer, float64, score "none", normalised over all lags.
    """
    dimension = (len(chosen) + 1) * size
    slopes = torch.from_numpy(np.concatenate([k.float_rates for k in chosen]))
    weights = np.concatenate([k.float_weights for k in chosen])
    group = np.repeat(np.arange(len(chosen)), [k.heads for k in chosen])
    model = Transformer(
        *(size, dimension, 1, len(slopes), width, position, "none", "infinite"),
        slopes=slopes,
        dtype=torch.float64,
    )
    attention, feed_forward = model.attentions[0], model.feed_forwards[0]
    assert isinstance(attention, Attention) and isinstance(feed_forward, FeedForward)
    block = torch.eye(size, dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter is not attention.slopes:
                parameter.zero_()
        # W_E: the current token into block 0.
        model.embedding[:size] = block
        # W_V of a head in group k: block k <- block 0, times weight and denominator.
        totals = attention.position.infinite_sum(slopes).numpy()
        for head, (k, scale) in enumerate(zip(group, weights * totals, strict=True)):
            rows = slice((k + 1) * size, (k + 2) * size)
            attention.value[head, rows, :size] = scale * block
        attention.output.copy_(torch.eye(dimension))
        # The FFN is the readout; neurons it does not need stay zero.
        feed_forward.inner[: net.width] = net.inner
        feed_forward.bias[: net.width] = net.bias
        feed_forward.outer[0, : net.width] = net.outer
    return model
