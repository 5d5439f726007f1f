"""Many one-layer, FFN-free models without dot products, evaluated side by side.

Such a model is linear in its tokens. At the last of T positions it returns

``y = sum_s k(s) x_{T-1-s} + constant``,
``k(s) = sum_h c_h w_h(s) + r W_E [s = 0]``, ``c_h = r W_O W_V^h W_E``,

with the softmax weights ``w_h(s)`` of head h and the readout r. Small models spend
their time in Python, not in arithmetic: a stack holds many of them along a leading
axis of cells, and forms only the kernels k. Values and gradients are those of
:class:`tapx.network.transformer.Transformer` with ``evaluation="last"``; the tests
compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.network.attention import Attention
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer

# exp of less is subnormal in float32, which is slow and, beside a largest weight of
# 1, nothing: the weight is left at exp(-80) = 1.8e-35.
SMALLEST_LOGIT = -80.0

SLOPES = "attentions.0.slopes"
BIAS = "attentions.0.position.bias"


class _Kernels(torch.autograd.Function):
    """Kernel and constant of every cell, with the gradient written out.

    Autograd would spend more time on the dozen small steps from the matrices to the
    coefficients than the arithmetic takes. For the softmax weights the gradient needs
    three sums over lags a head, ``<w, g>``, ``<w, phi>`` and ``<w, phi g>``, and no
    second array of heads times lags.
    """

    @staticmethod
    def forward(
        ctx: Any,
        slopes: Float[Tensor, "cells heads"],
        readout: Float[Tensor, "cells dimension"],
        embedding: Float[Tensor, "cells dimension"],
        bias: Float[Tensor, "cells dimension"],
        output: Float[Tensor, "cells dimension dimension"],
        value: Float[Tensor, "cells heads dimension dimension"],
        phi: Float[Tensor, "cells lags"],
        hidden: Tensor,
        table: Float[Tensor, "cells heads lags"],
    ) -> tuple[Float[Tensor, "cells lags"], Float[Tensor, " cells"]]:
        """`table` is scratch; `hidden` names the cells that do not see lag 0."""
        mixed = (readout[:, None] @ output)[:, 0]
        rows = torch.einsum("ce,chef->chf", mixed, value)
        coefficients = (rows @ embedding[..., None])[..., 0]
        # Softmax weights sum to one, so the bias passes each head unchanged.
        passed = readout + rows.sum(1)
        # Every phi has its maximum 0 at the first visible lag and slopes are
        # positive: the softmax needs no shift.
        torch.mul(slopes[..., None], phi[:, None], out=table)
        table.clamp_(min=SMALLEST_LOGIT)
        torch.exp(table, out=table)
        if len(hidden):
            table[hidden, :, 0] = 0.0
        total = table.sum(-1)
        kernels = torch.bmm((coefficients / total)[:, None], table)[:, 0]
        kernels[:, 0] += (readout * embedding).sum(-1)
        ctx.save_for_backward(
            *(table, total, phi, coefficients, mixed, rows, passed),
            *(readout, embedding, bias, output, value),
        )
        return kernels, (passed * bias).sum(-1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients in the slopes and in all matrices."""
        table, total, phi, coefficients, mixed, rows, passed = ctx.saved_tensors[:7]
        readout, embedding, bias, output, value = ctx.saved_tensors[7:]
        kernels, constant = grads
        weighted = torch.stack([kernels, phi, phi * kernels], dim=1)
        sums = torch.bmm(weighted, table.transpose(1, 2)) / total[:, None]
        in_slopes = coefficients * (sums[:, 2] - sums[:, 1] * sums[:, 0])
        in_coefficients = sums[:, 0]
        at_zero, constant = kernels[:, :1], constant[:, None]
        in_passed = constant * bias
        in_rows = in_coefficients[..., None] * embedding[:, None] + in_passed[:, None]
        in_mixed = torch.einsum("chef,chf->ce", value, in_rows)
        in_embedding = (in_coefficients[:, None] @ rows)[:, 0] + at_zero * readout
        in_readout = in_passed + at_zero * embedding
        in_readout = in_readout + (output @ in_mixed[..., None])[..., 0]
        in_output = readout[..., None] * in_mixed[:, None]
        in_value = mixed[:, None, :, None] * in_rows[:, :, None]
        return (
            *(in_slopes, in_readout, in_embedding, constant * passed),
            *(in_output, in_value, None, None, None),
        )


class Stack:
    """Parameters of models that share all sizes, cells first.

    Args:
        models: FFN-free one-layer Transformers, score "none", normalisation
            "finite", scalar inputs, equal dimension and heads. Position functions may
            differ; per-lag encodings make a stack of their own.
        length: T, the number of lags.

    Attributes:
        log_slopes: (cells, heads). A slope is ``exp`` of its parameter, so it stays
            positive whatever the optimiser does. For per-lag encodings the logits,
            (cells, heads, lags).
        matrices: (cells, numbers): embedding, its bias, readout, W_V and W_O.

    Raises:
        ValueError: a model that is not of this kind, or sizes that differ.
    """

    def __init__(self, models: Sequence[Transformer], length: int):
        """Copy the models' parameters."""
        blocks = [only_attention(model) for model in models]
        sizes = {(block.dimension, block.heads) for block in blocks}
        if len(sizes) != 1:
            raise ValueError(f"models of (dimension, heads) {sorted(sizes)}: use one")
        (self.dimension, self.heads) = sizes.pop()
        self.length = length
        kinds = {isinstance(block.position, PerLag) for block in blocks}
        if len(kinds) != 1:
            raise ValueError("models with per-lag encodings make a stack of their own")
        (self.free,) = kinds
        skipped = (SLOPES, BIAS)
        self.names = [n for n, _ in models[0].named_parameters() if n not in skipped]
        dtype = blocks[0].value.dtype
        self.exact_phi, self.hidden = seen_positions(blocks, length, self.free)
        self.phi = self.exact_phi.to(dtype)
        parameters = [dict(model.named_parameters()) for model in models]
        self.shapes = [parameters[0][name].shape for name in self.names]
        if self.free:
            self.log_slopes = torch.stack([p[BIAS].detach() for p in parameters])
        else:
            slopes = torch.stack([p[SLOPES].detach() for p in parameters])
            self.log_slopes = slopes.log()
        self.matrices = torch.stack(
            [
                torch.cat([p[name].detach().reshape(-1) for name in self.names])
                for p in parameters
            ]
        )
        shape = (len(models), self.heads, 0 if self.free else length)
        self.table = torch.empty(*shape, dtype=dtype)

    def kernels(
        self, log_slopes: Tensor, matrices: Tensor
    ) -> tuple[Float[Tensor, "cells lags"], Float[Tensor, " cells"]]:
        """Kernel over the lags and constant of every cell, differentiable."""
        part = self.parts(matrices)
        if self.free:
            return _free_kernels(torch.softmax(log_slopes, -1), part)
        return _Kernels.apply(
            torch.exp(log_slopes),
            part["readout"][:, 0],
            part["embedding"][..., 0],
            part["embedding_bias"],
            part["attentions.0.output"],
            part["attentions.0.value"],
            self.phi,
            self.hidden,
            self.table,
        )

    def exact_kernels(self) -> tuple[Tensor, Tensor]:
        """Kernels and constants of the present parameters, computed in float64."""
        return self.as_double().kernels(
            self.log_slopes.double(), self.matrices.double()
        )

    def as_double(self) -> Stack:
        """A view of the same sizes whose arithmetic is float64."""
        twin = copy(self)
        twin.phi = self.exact_phi
        twin.table = torch.empty(self.table.shape, dtype=torch.float64)
        return twin

    def parts(self, matrices: Tensor) -> dict[str, Tensor]:
        """The matrices by the name they have in the Transformer, cells first."""
        cells = matrices.shape[0]
        pieces = matrices.split([shape.numel() for shape in self.shapes], dim=1)
        return {
            name: piece.reshape(cells, *shape)
            for name, piece, shape in zip(self.names, pieces, self.shapes, strict=True)
        }

    def write(self, cell: int, model: Transformer) -> None:
        """Copy one cell's parameters into a model of the same sizes."""
        values = {n: v[cell] for n, v in self.parts(self.matrices).items()}
        if self.free:
            values[BIAS] = self.log_slopes[cell]
        else:
            values[SLOPES] = self.log_slopes[cell].exp()
        model.load_state_dict(values)


def seen_positions(
    blocks: Sequence[Attention], length: int, free: bool
) -> tuple[Tensor, Tensor]:
    """Phi at all lags, 0 where it is invisible, and the cells where lag 0 is."""
    if free:
        return torch.empty(0), torch.empty(0, dtype=torch.long)
    lags = torch.arange(length, dtype=torch.float64)
    phi = torch.stack([block.position(lags) for block in blocks])
    unseen = torch.isinf(phi)
    return phi.masked_fill(unseen, 0.0), unseen[:, 0].nonzero()[:, 0]


def _free_kernels(
    weights: Float[Tensor, "cells heads lags"], part: dict[str, Tensor]
) -> tuple[Float[Tensor, "cells lags"], Float[Tensor, " cells"]]:
    """Kernels and constants where each lag has a number of its own."""
    readout, embedding = part["readout"][:, 0], part["embedding"][..., 0]
    mixed = (readout[:, None] @ part["attentions.0.output"])[:, 0]
    rows = torch.einsum("ce,chef->chf", mixed, part["attentions.0.value"])
    coefficients = (rows @ embedding[..., None])[..., 0]
    kernels = torch.bmm(coefficients[:, None], weights)[:, 0]
    at_zero = (readout * embedding).sum(-1, keepdim=True)
    kernels = torch.cat([kernels[:, :1] + at_zero, kernels[:, 1:]], -1)
    passed = readout + rows.sum(1)
    return kernels, (passed * part["embedding_bias"]).sum(-1)


def only_attention(
    model: Transformer, scores: Sequence[str] = ("none",), feed_forward: bool = False
) -> Attention:
    """The attention of a model that a stack can hold.

    Args:
        model: to be held.
        scores: the scores that the stack can evaluate.
        feed_forward: whether it evaluates an FFN.

    Raises:
        ValueError: another model.
    """
    block = model.attentions[0]
    assert isinstance(block, Attention)
    fits = {
        "one layer": len(model.attentions) == 1,
        f"feed_forward={feed_forward}": (model.readout is None) == feed_forward,
        f"score={' or '.join(map(repr, scores))}": block.score in scores,
        "normalisation='finite'": block.normalisation == "finite",
        "input_dimension=1": model.embedding.shape[1] == 1,
    }
    missing = [what for what, true in fits.items() if not true]
    if missing:
        raise ValueError(f"the stack holds models with {', '.join(missing)}")
    return block
