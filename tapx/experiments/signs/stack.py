"""Many one-layer models for the toy experiments 1b to 3a, evaluated side by side.

A model here is the paper's one-layer Transformer with its FFN, read at the last of T
tokens -1 or 1. Each head pools the tokens once, ``p_h = sum_s w_h(s) x_{T-1-s}``, with
softmax weights w_h of one slope times a position function (the paper's relative
positions) or of one free number a lag.

**Dot products cost nothing here.** On signs ``e^{g x} = cosh(g) (1 + x tanh(g))``, so a
head whose logits have the further term ``g x_{T-1-s}`` returns

``(p_h + tanh g) / (1 + p_h tanh g)``

where g, the product of query and key, depends on the current token alone. A dot product
bends what the head has pooled; it does not pool anything else.

A stack holds models of equal heads along a leading axis of cells. Widths may differ:
missing neurons are zero and stay zero, since a neuron with no weight in or out has no
gradient; so do query and key of cells without dot products. Values and gradients are
those of :class:`tapx.network.transformer.Transformer` with ``evaluation="last"``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.experiments import stacks
from tapx.experiments.stacks import BIAS, SLOPES
from tapx.experiments.training import by_seed
from tapx.network.transformer import Transformer


class _Pooled(torch.autograd.Function):
    """What each head pools, ``sum_s w(s) x(s)``, for batches shared by several cells.

    The softmax and its gradient are written out: autograd would keep three arrays of
    cells, heads and lags where one is enough.
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        phi: Tensor | None,
        hidden: Tensor,
        rows: Sequence[Tensor],
        batches: Sequence[Tensor],
    ) -> Float[Tensor, "cells batch heads"]:
        """`logits` is (cells, heads) slopes with phi, or (cells, heads, lags) without.

        `rows` are the cells that share each batch of (batch, lags) tokens.
        """
        if phi is None:
            table = torch.softmax(logits, -1)
        else:
            table = stacks.decays(logits, phi, hidden)
            table /= table.sum(-1, keepdim=True)
        cells, heads, lags = table.shape
        pooled = table.new_empty(cells, len(batches[0]), heads)
        for which, tokens in zip(rows, batches, strict=True):
            own = tokens @ table[which].view(-1, lags).T
            pooled[which] = own.view(len(tokens), -1, heads).transpose(0, 1)
        ctx.save_for_backward(table, *([] if phi is None else [phi]))
        ctx.rows, ctx.batches = rows, batches
        return pooled

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient in slopes or logits."""
        table, *rest = ctx.saved_tensors
        _, heads, lags = table.shape
        in_table = torch.empty_like(table)
        for which, tokens in zip(ctx.rows, ctx.batches, strict=True):
            own = grads[0][which].transpose(1, 2).reshape(-1, len(tokens)) @ tokens
            in_table[which] = own.view(-1, heads, lags)
        in_table *= table
        if rest:
            (phi,) = rest
            sums = torch.bmm(in_table, torch.stack([torch.ones_like(phi), phi], -1))
            mean = torch.bmm(table, phi[..., None])[..., 0]
            return sums[..., 1] - mean * sums[..., 0], None, None, None, None
        return in_table - table * in_table.sum(-1, keepdim=True), *[None] * 4


class SignStack:
    """Parameters of models, cells first.

    Args:
        models: one-layer Transformers with FFN, score "none" or "dot", normalisation
            "finite", scalar inputs, equal heads and dimension. Either all have a
            `PerLag` encoding, or none.
        seeds: for each model, the seed of the batches that it sees.
        length: T, the number of lags.

    Attributes:
        leaves: the trainable tensors by the models' names, each with cells first and
            zeros where a cell has nothing. Slopes are kept as their logarithms, so that
            they stay positive.
        rows: the cells of each seed.

    Raises:
        ValueError: models that a stack cannot hold.
    """

    def __init__(
        self, models: Sequence[Transformer], seeds: Sequence[int], length: int
    ):
        """Copy the models' parameters."""
        blocks = stacks.held_blocks(models, ("none", "dot"), feed_forward=True)
        self.rows = by_seed(seeds)
        phi, self.hidden = stacks.seen_positions(blocks, length)
        self.leaves = stacks.leaves_of(models)
        self.phi = None if BIAS in self.leaves else phi.to(blocks[0].value.dtype)

    def answers(
        self, batches: Sequence[Float[Tensor, "batch lags"]]
    ) -> Float[Tensor, "cells batch"]:
        """Every cell's answer to its batch, differentiable in the leaves.

        The batches are one for each seed, ascending; column s has the tokens at lag s.
        """
        leaves, rows = self.leaves, list(self.rows.values())
        logits = leaves[BIAS] if self.phi is None else torch.exp(leaves[SLOPES])
        pooled = _Pooled.apply(logits, self.phi, self.hidden, rows, batches)
        current = pooled.new_empty(len(logits), len(batches[0]), 1)
        for which, tokens in zip(rows, batches, strict=True):
            current[which] = tokens[:, :1]
        embedding, bias = leaves["embedding"], leaves["embedding_bias"][:, None]
        own = current * embedding[:, None, :, 0] + bias
        if "attentions.0.query" in leaves:
            query, key = leaves["attentions.0.query"], leaves["attentions.0.key"]
            asked = torch.einsum("cbd,ched->cbhe", own, query)
            offered = torch.einsum("ched,cdi->che", key, embedding)
            bend = torch.tanh((asked * offered[:, None]).sum(-1))
            pooled = (pooled + bend) / (1 + pooled * bend)
        # Softmax weights sum to one: the embedding's bias passes each head unchanged.
        output, value = leaves["attentions.0.output"], leaves["attentions.0.value"]
        mixer = output[:, None] @ value  # cells heads D D
        carried = (mixer @ embedding[:, None])[..., 0]
        passed = mixer.sum(1) @ leaves["embedding_bias"][..., None]
        stream = own + torch.bmm(pooled, carried) + passed.transpose(1, 2)
        inner, shift, outer = (
            leaves[f"feed_forwards.0.{name}"] for name in ("inner", "bias", "outer")
        )
        hidden = torch.baddbmm(shift[:, None], stream, inner.transpose(1, 2))
        return torch.bmm(torch.relu(hidden), outer.transpose(1, 2))[..., 0]

    def write(self, cell: int, model: Transformer) -> None:
        """Copy one cell's parameters into a model of the same sizes."""
        stacks.write_back(self.leaves, cell, model)
