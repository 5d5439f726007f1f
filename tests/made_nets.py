"""Random two-layer nets, each from its seed."""

import torch
from hypothesis import strategies as st
from made_draws import F64, draw

from tapx.network.transformer import FeedForward
from tapx.readouts.two_layer import TwoLayerNet


def random_net(width, dimension, seed, bias=True):
    numbers = draw(width, dimension + 2, seed=seed)
    return TwoLayerNet(numbers[:, 0], numbers[:, 2:], numbers[:, 1] if bias else None)


nets = st.builds(
    random_net, st.integers(1, 8), st.integers(1, 3), st.integers(0, 999), st.booleans()
)


def rounded(numbers, precision):
    """What a neuron of an FFN with this precision makes of each number."""
    ffn = FeedForward(1, 1, precision=precision, dtype=F64)
    with torch.no_grad():
        ffn.inner[:], ffn.outer[:] = 1, 1
        return ffn(torch.as_tensor(numbers, dtype=F64)[..., None])[..., 0]
