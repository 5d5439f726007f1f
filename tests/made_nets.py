"""Random two-layer nets, each from its seed."""

import torch
from hypothesis import strategies as st

from tapx.readouts.two_layer import TwoLayerNet


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def random_net(width, dimension, seed, bias=True):
    shape = (width, dimension + 2)
    numbers = torch.randn(shape, generator=seeded(seed), dtype=torch.float64)
    return TwoLayerNet(numbers[:, 0], numbers[:, 2:], numbers[:, 1] if bias else None)


nets = st.builds(
    random_net, st.integers(1, 8), st.integers(1, 3), st.integers(0, 999), st.booleans()
)
