"""Models of one layer for tokens that are numbers: at their start, or with a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer

Row = Sequence[float] | np.ndarray


def drawn_model(
    position: str, slopes: Row, seed: int, dimension: int, lags: int, **options: Any
) -> Transformer:
    """A model at its start, float32, with so many heads as slopes.

    The position is as in `positions.get`, or "free": no slopes, but one number for each
    head and each of the `lags`, all alike at the start. The seed is that of the other
    weights; the options are what else a `Transformer` takes.
    """
    heads = len(slopes)
    start: dict[str, Any] = {"position": position, "slopes": slopes}
    if position == "free":
        start = {"position": PerLag(heads, lags)}
    return Transformer(1, dimension, 1, heads, seed=seed, **start, **options)


def kernel_model(
    sizes: Row, at_zero: float, position: str | PerLag, **options: Any
) -> Transformer:
    """The model that answers with its token and what heads pool, in these sizes.

    The construction of Theorem 3.1 for one memory, float64, D = 2: the embedding writes
    the token into the first coordinate, head h moves ``sizes[h]`` times what it pooled
    into the second, and the readout adds the second to `at_zero` times the first.
    """
    value = torch.zeros(len(sizes), 2, 2, dtype=torch.float64)
    value[:, 1, 0] = torch.as_tensor(np.asarray(sizes, dtype=np.float64))
    readout = torch.tensor([[at_zero, 1.0]], dtype=torch.float64)
    state = {"attentions.0.value": value, "readout": readout}
    return written(state, position, feed_forward=False, **options)


def written(
    state: Mapping[str, Tensor], position: str | PerLag, **options: Any
) -> Transformer:
    """The model of one layer for scalar tokens that has these numbers, float64.

    A token is the first coordinate, W_O the identity; what is not given is as drawn.
    The options are those of a `Transformer`, the sizes those of its values.
    """
    heads, dimension, _ = state["attentions.0.value"].shape
    sizes = 1, dimension, 1, heads
    model = Transformer(*sizes, position=position, dtype=torch.float64, **options)
    ones = torch.eye(dimension)
    fixed = {"embedding": ones[:, :1], "attentions.0.output": ones}
    model.load_state_dict({**model.state_dict(), **fixed, **state})
    return model
