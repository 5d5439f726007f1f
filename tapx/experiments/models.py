"""Models of one layer for tokens that are numbers: at their start, or with a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer

Row = Sequence[float] | np.ndarray


def drawn_model(
    position: str, slopes: Row, seed: int, dimension: int, lags: int, **options: Any
) -> Transformer:
    """A model at its start, float32.

    Args:
        position: as in `positions.get`, or "free": one number for each lag and head,
            all alike at the start.
        slopes: (heads,) at the start; "free" positions leave them out.
        seed: of the other weights.
        dimension: D.
        lags: those of a "free" position.
        options: what else a `Transformer` takes.
    """
    free, heads = position == "free", len(slopes)
    return Transformer(
        *(1, dimension, 1, heads),
        position=PerLag(heads, lags) if free else position,
        slopes=None if free else slopes,
        seed=seed,
        **options,
    )


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
    options |= {"position": position, "dtype": torch.float64}
    model = Transformer(*(1, 2, 1, len(sizes)), feed_forward=False, **options)
    state = model.state_dict() | {
        "embedding": torch.tensor([[1.0], [0.0]]),
        "readout": torch.tensor([[at_zero, 1.0]], dtype=torch.float64),
        "attentions.0.value": value,
        "attentions.0.output": torch.eye(2),
    }
    model.load_state_dict(state)
    return model
