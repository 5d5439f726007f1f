"""One token in, one answer out, with a memory that never grows.

A lin block without dot products needs of its whole past one state a head
(`recurrence`). The answers are those of evaluation "recurrence", and the cost of a
token is the same at every place.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least
from tapx.network import recurrence
from tapx.network.attention import Attention
from tapx.network.heads import check_dtype


class BlockStream:
    """A lin block of attention, fed one token of each sequence of a batch at a time.

    Attributes:
        states: (heads, batch, D), ``h_t = e^{-p} h_{t-1} + x_t``; zero at first.
        totals: (heads,), the same sum of ones.

    Raises:
        ValueError: another position function, dot products, or a batch of less than 1.
    """

    def __init__(self, attention: Attention, batch: int = 1):
        recurrence.refuse(attention.position.family, attention.score)
        at_least(1, batch=batch)
        self.attention = attention
        heads, size = attention.heads, attention.dimension
        self.states = attention.value.new_zeros(heads, batch, size)
        self.totals = attention.value.new_zeros(heads)

    @property
    def kept(self) -> int:
        """How many numbers the block keeps between two tokens."""
        return self.states.numel() + self.totals.numel()

    def step(self, token: Float[Tensor, "batch D"]) -> Float[Tensor, "batch D"]:
        """Take the next token of each sequence and return the block's output there.

        Raises:
            TypeError: tokens of another type than the weights.
        """
        check_dtype(token, self.attention.value)
        decay = torch.exp(-self.attention.slopes)
        self.states = decay[:, None, None] * self.states + token
        self.totals = decay * self.totals + 1
        out = self.attention.from_states(
            self.states[:, :, None], token[:, None], self.totals[:, None]
        )
        return out[:, 0]
