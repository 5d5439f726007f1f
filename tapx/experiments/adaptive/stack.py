"""Transformers of one depth, evaluated side by side at every position.

Cells may differ in score, position function, normalisation, seed and whatever else
leaves the shapes alone. Queries and keys of a cell without dot products are zero, and
stay zero, since each has the other for its gradient. Values and gradients are those of
:class:`tapx.network.transformer.Transformer` with ``evaluation="dense"``; the tests
compare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.experiments import stacks
from tapx.kernels.family import LIN, LOG, Family
from tapx.network.attention import Attention
from tapx.network.positions import Position
from tapx.network.transformer import Transformer

NORMALISED = ("none", "finite")


class DeepStack:
    """Parameters of models, cells first.

    Args:
        models: Transformers for tokens that are numbers, of equal sizes, all with FFNs
            that do not round or all without, positions "lin" or "log",
            normalisation "none" or "finite".

    Attributes:
        leaves: the trainable tensors by the models' names, each with cells first.
            Slopes are kept as their logarithms, so that they stay positive.

    Raises:
        ValueError: no models, or models that a stack cannot hold.
    """

    def __init__(self, models: Sequence[Transformer]):
        """Copy the models' parameters."""
        blocks = held(models)
        positions = [cast(Position, block.position) for block in blocks]
        self.layers = len(models[0].attentions)
        self.feed_forward = bool(models[0].feed_forwards)
        self.leaves = stacks.leaves_of(models)
        self.log = torch.tensor([Family.of(p.name) is LOG for p in positions])[
            :, None, None
        ]
        self.tmx = torch.tensor([b.score == "tmx" for b in blocks])[:, None, None, None]
        finite = torch.tensor([b.normalisation == "finite" for b in blocks])
        self.finite = finite[:, None, None, None, None]

    def answers(
        self,
        tokens: Float[Tensor, "cells batch time"],
        leaves: Mapping[str, Tensor] | None = None,
    ) -> Float[Tensor, "cells batch time"]:
        """Every cell's answers to its batch, differentiable in the leaves.

        `leaves` stand in for the stack's own, of another dtype for example.
        """
        part = self.leaves if leaves is None else leaves
        bias = part["embedding_bias"][:, None, None]
        stream = tokens[..., None] * part["embedding"][:, None, None, :, 0] + bias
        for layer in range(self.layers):
            stream = stream + self._attention(stream, part, layer)
            if self.feed_forward:
                written = _feed_forward(stream, part, layer)
                last = layer == self.layers - 1
                stream = written if last else stream + written
        if self.feed_forward:
            return stream[..., 0]
        return torch.einsum("cbtd,cd->cbt", stream, part["readout"][:, 0])

    def _attention(
        self, stream: Tensor, part: Mapping[str, Tensor], layer: int
    ) -> Float[Tensor, "cells batch time dimension"]:
        name = f"attentions.{layer}."
        slopes = part[name + "slopes"].exp()
        place = torch.arange(stream.shape[2])
        lags = place[:, None] - place
        # phi of a pair is finite where it is not seen, so that no gradient is NaN.
        far = lags.clamp(min=1).to(stream.dtype)
        phi = torch.where(self.log, -far.log(), -lags.clamp(min=0).to(stream.dtype))
        hidden = (lags < self.log.long())[:, None, None]
        logits = (slopes[:, :, None, None] * phi[:, None])[:, None]
        if name + "query" in part:
            asked = torch.einsum("cbtd,ched->cbhte", stream, part[name + "query"])
            offered = torch.einsum("cbtd,ched->cbhte", stream, part[name + "key"])
            logits = logits + asked @ offered.transpose(-1, -2)
        if name + "direction" in part:
            inner = torch.einsum("cbtd,chd->cbht", stream, part[name + "direction"])
            above = inner.clamp(min=1)
            # Minus phi, continued below the first lag as TMX does.
            minus = torch.where(self.log[..., None], above.log() + inner - above, inner)
            term = slopes[:, None, :, None] * minus * self.tmx
            logits = logits + term[..., None]
        # Where weights are normalised, the largest is taken out first.
        seen = logits.masked_fill(hidden, -math.inf)
        largest = seen.detach().amax(-1, keepdim=True).clamp(min=-1e30)
        weights = torch.exp(seen - largest * self.finite)
        total = weights.sum(-1, keepdim=True)
        divide = self.finite & (total > 0)
        weights = weights / torch.where(divide, total, torch.ones_like(total))
        pooled = weights @ stream[:, :, None]  # cells batch heads time D
        mixer = part[name + "output"][:, None] @ part[name + "value"]
        return torch.einsum("cbhtd,ched->cbte", pooled, mixer)

    def write(self, cell: int, model: Transformer) -> None:
        """Copy one cell's parameters into a model of the same sizes."""
        stacks.write_back(self.leaves, cell, model)


def _feed_forward(stream: Tensor, part: Mapping[str, Tensor], layer: int) -> Tensor:
    inner, bias, outer = (
        part[f"feed_forwards.{layer}.{name}"] for name in ("inner", "bias", "outer")
    )
    hidden = torch.einsum("cbtd,cmd->cbtm", stream, inner) + bias[:, None, None]
    return torch.einsum("cbtm,cem->cbte", torch.relu(hidden), outer)


def held(models: Sequence[Transformer]) -> list[Attention]:
    """The first attentions of models that a stack can hold side by side.

    Raises:
        ValueError: no models, one that it cannot hold, or models of unequal sizes.
    """
    if not models:
        raise ValueError("at least one model is needed, none was given")
    sizes = set()
    for model in models:
        block = model.attentions[0]
        assert isinstance(block, Attention)
        fits = {
            "input_dimension=1": model.embedding.shape[1] == 1,
            "position 'lin' or 'log'": block.position.name in (LIN.name, LOG.name),
            f"normalisation {' or '.join(map(repr, NORMALISED))}": block.normalisation
            in NORMALISED,
            "FFNs that do not round": all(
                net.precision == "none" for net in model.feed_forwards
            ),
        }
        missing = [what for what, true in fits.items() if not true]
        if missing:
            raise ValueError(f"the stack holds models with {', '.join(missing)}")
        shapes = [tuple(value.shape) for value in model.state_dict().values()]
        sizes.add((len(model.attentions), shapes[0], len(model.feed_forwards)))
    if len(sizes) != 1:
        raise ValueError(
            f"models of (layers, embedding, FFNs) {sorted(sizes)}: a stack holds equal "
            "ones"
        )
    return [cast(Attention, model.attentions[0]) for model in models]
