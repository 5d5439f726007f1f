"""One token in, one answer out, with a memory that never grows.

A lin block without dot products needs of its whole past one state a head
(`recurrence`), so a network of such blocks can be fed token by token. The answers are
those of evaluation "recurrence", and the cost of a token is the same at every place.
"""

from collections.abc import Iterable, Iterator
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tapx.network import recurrence
from tapx.network.attention import Attention
from tapx.network.transformer import Transformer


class BlockStream:
    """A lin block of attention, one token at a time.

    Args:
        attention: position "lin", score "none" or "tmx", any normalisation.
        batch: sequences that are fed side by side.

    Attributes:
        states: (heads, batch, D), ``h_t = e^{-p} h_{t-1} + x_t``; zero at first.
        totals: (heads,), the same sum of ones.

    Raises:
        ValueError: another position function, dot products, or a batch of less than 1.
    """

    def __init__(self, attention: Attention, batch: int = 1):
        """Start before the first token."""
        recurrence.refuse(attention.position.family, attention.score)
        if batch < 1:
            raise ValueError(f"batch must be at least 1, not {batch}")
        self.attention = attention
        value, heads = attention.value, attention.heads
        self.states = value.new_zeros(heads, batch, attention.dimension)
        self.totals = value.new_zeros(heads)

    @property
    def kept(self) -> int:
        """How many numbers the block keeps between two tokens, the same at any time."""
        return self.states.numel() + self.totals.numel()

    def step(self, token: Float[Tensor, "batch D"]) -> Float[Tensor, "batch D"]:
        """Take the next token of each sequence and return the block's output there."""
        decay = torch.exp(-self.attention.slopes)
        self.states = decay[:, None, None] * self.states + token
        self.totals = decay * self.totals + 1
        out = self.attention.from_states(
            self.states[:, :, None], token[:, None], self.totals[:, None]
        )
        return out[:, 0]


def stream(
    model: Transformer, tokens: Iterable[Float[Tensor, "batch inputs"]]
) -> Iterator[Float[Tensor, " batch"]]:
    """Feed a network token by token; yields its answer after each.

    Args:
        model: all blocks of position "lin", score "none" or "tmx".
        tokens: the next token of each sequence of a batch, at each turn.

    Raises:
        ValueError: as `BlockStream`, at the first token.
    """
    blocks: list[BlockStream] = []
    for token in tokens:
        if not blocks:
            layers = cast(list[Attention], list(model.attentions))
            blocks = [BlockStream(layer, len(token)) for layer in layers]
        out = nn.functional.linear(token, model.embedding, model.embedding_bias)
        for layer, block in enumerate(blocks):
            out = out + block.step(out)
            if model.feed_forwards and layer < len(blocks) - 1:
                out = out + model.feed_forwards[layer](out)
        yield model.read(out)
