"""Other ways to write the benchmark's network: what ours is measured against."""

from __future__ import annotations

from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, nn

from tapx.checks import one_of
from tapx.network.attention import Attention
from tapx.network.transformer import Transformer

HEADS, DIMENSION = 8, 4


def network(dimension: int = DIMENSION) -> Transformer:
    """The one-layer network that is measured."""
    return Transformer(1, dimension, 1, HEADS, 32, "lin", normalisation="finite")


class DenseRival(nn.Module):
    """The same network with its attention block from x-transformers (ALiBi, fused).

    Queries are zero, so that the weights depend on the lag alone; layer norms are left
    out; values, output matrix, embedding and readout are those of `ours`.
    """

    def __init__(self, ours: Transformer) -> None:
        super().__init__()
        from x_transformers import Decoder

        self.block = Decoder(
            dim=DIMENSION,
            depth=1,
            heads=HEADS,
            attn_dim_head=DIMENSION,
            custom_layers=("a",),
            alibi_pos_bias=True,
            alibi_num_heads=HEADS,
            attn_flash=True,
        )
        for name, module in list(self.block.named_modules()):
            if type(module).__name__ == "LayerNorm" and hasattr(module, "ln"):
                parent = self.block.get_submodule(name.rpartition(".")[0])
                setattr(parent, name.rpartition(".")[2], nn.Identity())
        self.embedding = nn.Linear(1, DIMENSION)
        self.readout = deepcopy(ours.feed_forwards[0])
        attention = cast(Attention, ours.attentions[0])
        theirs = dict(self.block.named_parameters())
        matrices = {name.rpartition(".to_")[2]: p for name, p in theirs.items()}
        with torch.no_grad():
            self.embedding.weight.copy_(ours.embedding)
            self.embedding.bias.copy_(ours.embedding_bias)
            matrices["q.weight"].zero_()
            matrices["v.weight"].copy_(attention.value.reshape(-1, DIMENSION))
            matrices["out.weight"].copy_(attention.output.repeat(1, HEADS))

    def forward(self, x: Tensor) -> Tensor:
        """The answer at the last position; the attention is formed at all of them."""
        return self.readout(self.block(self.embedding(x))[:, -1])[..., 0]


class PlainRival(nn.Module):
    """The same network at the last position, as a reader of the formula writes it.

    Every token is embedded and every head makes values of all of them; the weights are
    a softmax over the lags. The weights of `ours` are copied, and trained.

    Args:
        ours: one layer, position lin, normalisation "finite".
        way: what gathers the values. "sum" is a softmax and a weighted sum. "fused" is
            torch's ``scaled_dot_product_attention`` with one query, whose logits of the
            lags enter as its mask; as in `DenseRival` the block has keys of its own and
            a query matrix that is zero before training. "fused without keys" makes no
            keys, a zero query meets the values instead.

    Raises:
        ValueError: `way` is none of these.
    """

    WAYS = ("sum", "fused", "fused without keys")

    def __init__(self, ours: Transformer, way: str) -> None:
        super().__init__()
        self.way = one_of(way, self.WAYS, "way")
        attention = cast(Attention, ours.attentions[0])
        self.embedding = deepcopy(ours.embedding)
        self.bias = deepcopy(ours.embedding_bias)
        self.slopes = deepcopy(attention.slopes)
        self.value = deepcopy(attention.value)
        self.output = deepcopy(attention.output)
        if way == "fused":
            self.key = deepcopy(attention.value)
            self.query = nn.Parameter(torch.zeros_like(attention.value))
        self.readout = deepcopy(ours.feed_forwards[0])

    def forward(self, x: Tensor) -> Tensor:
        """The answer at the last position, (batch,), of inputs (batch, time, 1)."""
        tokens = nn.functional.linear(x, self.embedding, self.bias)
        values = torch.einsum("btd,hed->bhte", tokens, self.value)
        lags = torch.arange(x.shape[1] - 1, -1, -1, dtype=x.dtype)
        logits = -self.slopes[:, None] * lags
        if self.way == "sum":
            weights = torch.softmax(logits, -1)
            gathered = torch.einsum("hs,bhse->bhe", weights, values)
        else:
            keys, query = values, torch.zeros_like(values[:, :, :1])
            if self.way == "fused":
                keys = torch.einsum("btd,hed->bhte", tokens, self.key)
                query = torch.einsum("btd,hed->bhte", tokens[:, -1:], self.query)
            gathered = nn.functional.scaled_dot_product_attention(
                query, keys, values, attn_mask=logits[:, None]
            )[:, :, 0]
        stream = tokens[:, -1] + gathered.sum(1) @ self.output.T
        return self.readout(stream)[..., 0]
