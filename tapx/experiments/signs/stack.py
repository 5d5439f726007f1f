"""Many one-layer models for the toy experiments 1b to 3a, evaluated side by side.

A model here is the paper's one-layer Transformer with its FFN, read at the last of T
tokens -1 or 1, with or without dot products. Each head pools the tokens once,
``p_h = sum_s w_h(s) x_{T-1-s}``, with softmax weights w_h that are either one slope
times a position function (the paper's relative positions) or one free number a lag.

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

from tapx.experiments.stacks import SMALLEST_LOGIT, only_attention, seen_positions
from tapx.network.positions import PerLag
from tapx.network.transformer import FeedForward, Transformer

_SCORES = ("none", "dot")
"""What the stack evaluates."""


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

        `hidden` names the cells that do not see lag 0, `rows` those that share each
        batch of (batch, lags) tokens.
        """
        if phi is None:
            table = torch.softmax(logits, -1)
        else:
            table = logits[..., None] * phi[:, None]
            table.clamp_(min=SMALLEST_LOGIT).exp_()
            if len(hidden):
                table[hidden, :, 0] = 0.0
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
    """Parameters of one-layer models with equal heads and dimension, cells first.

    Args:
        models: one-layer Transformers with FFN, score "none" or "dot", normalisation
            "finite", scalar inputs. Either all have a `PerLag` encoding, or none.
        seeds: for each model, the seed of the batches that it sees.
        length: T, the number of lags.

    Attributes:
        leaves: the trainable tensors by name, each with cells first. Slopes are kept
            as their logarithms, ``attentions.0.slopes``, so that they stay positive.

    Raises:
        ValueError: models that a stack cannot hold.
    """

    def __init__(
        self, models: Sequence[Transformer], seeds: Sequence[int], length: int
    ):
        """Copy the models' parameters."""
        blocks = [only_attention(model, _SCORES, True) for model in models]
        nets = [_only_ffn(model) for model in models]
        if len({(b.heads, b.dimension, type(b.position)) for b in blocks}) != 1:
            raise ValueError("models in a stack have equal heads, dimension and rpe")
        self.widths = [len(net.bias) for net in nets]
        self.scores = [block.score for block in blocks]
        self.free = isinstance(blocks[0].position, PerLag)
        self.dtype = blocks[0].value.dtype
        self.seeds = sorted(set(seeds))
        self.rows = [
            torch.tensor([i for i, own in enumerate(seeds) if own == seed])
            for seed in self.seeds
        ]
        phi, self.hidden = seen_positions(blocks, length, self.free)
        self.phi = None if self.free else phi.to(self.dtype)
        most = max(self.widths)
        states = [_padded(model, most) for model in models]
        self.leaves = {
            name: torch.stack([state[name] for state in states]) for name in states[0]
        }

    def answers(
        self, leaves: dict[str, Tensor], batches: Sequence[Float[Tensor, "batch lags"]]
    ) -> Float[Tensor, "cells batch"]:
        """Every cell's answer to its batch, differentiable in `leaves`.

        Args:
            leaves: as the attribute.
            batches: one for each of `seeds`; column s holds the tokens at lag s.
        """
        logits = leaves["logits"] if self.free else torch.exp(leaves["log_slopes"])
        pooled = _Pooled.apply(logits, self.phi, self.hidden, self.rows, batches)
        current = pooled.new_empty(len(logits), len(batches[0]), 1)
        for which, tokens in zip(self.rows, batches, strict=True):
            current[which] = tokens[:, :1]
        embedding, bias = leaves["embedding"], leaves["embedding_bias"][:, None]
        own = current * embedding[:, None, :, 0] + bias
        if "dot" in self.scores:
            asked = torch.einsum("cbd,ched->cbhe", own, leaves["query"])
            offered = torch.einsum("ched,cdi->che", leaves["key"], embedding)
            bend = torch.tanh((asked * offered[:, None]).sum(-1))
            pooled = (pooled + bend) / (1 + pooled * bend)
        # Softmax weights sum to one: the embedding's bias passes each head unchanged.
        mixer = leaves["output"][:, None] @ leaves["value"]  # cells heads D D
        rows = (mixer @ embedding[:, None])[..., 0]
        passed = mixer.sum(1) @ leaves["embedding_bias"][..., None]
        stream = own + torch.bmm(pooled, rows) + passed.transpose(1, 2)
        hidden = torch.baddbmm(
            leaves["bias"][:, None], stream, leaves["inner"].transpose(1, 2)
        )
        return torch.bmm(torch.relu(hidden), leaves["outer"].transpose(1, 2))[..., 0]

    def weights(self) -> Float[Tensor, "cells heads lags"]:
        """The softmax weights of every head, in float64."""
        if self.free:
            return torch.softmax(self.leaves["logits"].double(), -1)
        assert self.phi is not None
        table = self.leaves["log_slopes"].double().exp()[..., None]
        table = torch.exp(table * self.phi.double()[:, None])
        table[self.hidden, :, 0] = 0.0
        return table / table.sum(-1, keepdim=True)

    def write(self, cell: int, model: Transformer) -> None:
        """Copy one cell's parameters into a model of the same sizes."""
        values = {name: leaf[cell] for name, leaf in self.leaves.items()}
        width = self.widths[cell]
        state = {
            "embedding": values["embedding"],
            "embedding_bias": values["embedding_bias"],
            "attentions.0.value": values["value"],
            "attentions.0.output": values["output"],
            "feed_forwards.0.inner": values["inner"][:width],
            "feed_forwards.0.bias": values["bias"][:width],
            "feed_forwards.0.outer": values["outer"][:, :width],
        }
        if self.free:
            state["attentions.0.position.bias"] = values["logits"]
        else:
            state["attentions.0.slopes"] = values["log_slopes"].exp()
        if self.scores[cell] == "dot":
            state["attentions.0.query"] = values["query"]
            state["attentions.0.key"] = values["key"]
        model.load_state_dict(state)


def _padded(model: Transformer, width: int) -> dict[str, Tensor]:
    """A model's parameters, copied, with neurons added that are zero."""
    block = only_attention(model, _SCORES, True)
    net, dimension = _only_ffn(model), block.dimension
    missing = width - len(net.bias)
    none = torch.zeros_like(block.value)
    is_dot = block.score == "dot"
    state = {
        "embedding": model.embedding,
        "embedding_bias": model.embedding_bias,
        "value": block.value,
        "output": block.output,
        "query": block.query if is_dot else none,
        "key": block.key if is_dot else none,
        "inner": torch.cat([net.inner, net.inner.new_zeros(missing, dimension)]),
        "bias": torch.cat([net.bias, net.bias.new_zeros(missing)]),
        "outer": torch.cat([net.outer, net.outer.new_zeros(1, missing)], 1),
    }
    if isinstance(block.position, PerLag):
        state["logits"] = block.position.bias
    else:
        state["log_slopes"] = block.slopes.log()
    return {name: value.detach().clone() for name, value in state.items()}


def _only_ffn(model: Transformer) -> FeedForward:
    """The FFN of a model that passed the checks of `only_attention`."""
    net = model.feed_forwards[0]
    assert isinstance(net, FeedForward)
    return net
