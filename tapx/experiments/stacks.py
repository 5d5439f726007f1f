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

from collections.abc import Mapping, Sequence
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


def decays(
    slopes: Tensor, phi: Tensor, hidden: Tensor, out: Tensor | None = None
) -> Float[Tensor, "cells heads lags"]:
    """Softmax weights before they are divided by their sums.

    Every phi has its maximum 0 at the first visible lag and slopes are positive: the
    softmax needs no shift. `hidden` names the cells that do not see lag 0.
    """
    table = torch.mul(slopes[..., None], phi[:, None], out=out)
    table.clamp_(min=SMALLEST_LOGIT).exp_()
    if len(hidden):
        table[hidden, :, 0] = 0.0
    return table


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
        """`phi` and `hidden` as `decays` takes them; `table` is scratch."""
        mixed, rows, passed, coefficients = _through(readout, embedding, output, value)
        total = decays(slopes, phi, hidden, table).sum(-1)
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


def _through(
    readout: Tensor, embedding: Tensor, output: Tensor, value: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``r W_O``; a head's row ``r W_O W_V^h``; what passes a bias on; the ``c_h``."""
    mixed = (readout[:, None] @ output)[:, 0]
    rows = torch.einsum("ce,chef->chf", mixed, value)
    # Softmax weights sum to one, so the bias passes each head unchanged.
    return mixed, rows, readout + rows.sum(1), (rows @ embedding[..., None])[..., 0]


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
        blocks = held_blocks(models)
        dtype = blocks[0].value.dtype
        self.exact_phi, self.hidden = seen_positions(blocks, length)
        self.phi = self.exact_phi.to(dtype)
        leaves = leaves_of(models)
        self.free = BIAS in leaves
        self.log_slopes = leaves.pop(BIAS if self.free else SLOPES)
        self.shapes = {name: leaf.shape[1:] for name, leaf in leaves.items()}
        self.matrices = torch.cat([leaf.flatten(1) for leaf in leaves.values()], 1)
        shape = len(models), blocks[0].heads, 0 if self.free else length
        self.table = torch.empty(*shape, dtype=dtype)

    def kernels(
        self, log_slopes: Tensor, matrices: Tensor
    ) -> tuple[Float[Tensor, "cells lags"], Float[Tensor, " cells"]]:
        """Kernel over the lags and constant of every cell, differentiable."""
        part = self.parts(matrices)
        readout, embedding = part["readout"][:, 0], part["embedding"][..., 0]
        bias = part["embedding_bias"]
        mixers = part["attentions.0.output"], part["attentions.0.value"]
        if not self.free:
            slopes, seen = torch.exp(log_slopes), (self.phi, self.hidden, self.table)
            return _Kernels.apply(slopes, readout, embedding, bias, *mixers, *seen)
        # Each lag has a number of its own.
        _, _, passed, coefficients = _through(readout, embedding, *mixers)
        kernels = torch.bmm(coefficients[:, None], torch.softmax(log_slopes, -1))[:, 0]
        at_zero = (readout * embedding).sum(-1, keepdim=True)
        kernels = torch.cat([kernels[:, :1] + at_zero, kernels[:, 1:]], -1)
        return kernels, (passed * bias).sum(-1)

    def exact_kernels(self) -> tuple[Tensor, Tensor]:
        """Kernels and constants of the present parameters, computed in float64."""
        twin = copy(self)
        twin.phi = self.exact_phi
        twin.table = torch.empty_like(self.table, dtype=torch.float64)
        return twin.kernels(self.log_slopes.double(), self.matrices.double())

    def parts(self, matrices: Tensor) -> dict[str, Tensor]:
        """The matrices by the name they have in the Transformer, cells first."""
        sizes = [shape.numel() for shape in self.shapes.values()]
        pairs = zip(self.shapes.items(), matrices.split(sizes, dim=1), strict=True)
        return {name: piece.reshape(-1, *shape) for (name, shape), piece in pairs}

    def write(self, cell: int, model: Transformer) -> None:
        """Copy one cell's parameters into a model of the same sizes."""
        own = {BIAS if self.free else SLOPES: self.log_slopes}
        write_back(self.parts(self.matrices) | own, cell, model)


def leaves_of(models: Sequence[Transformer]) -> dict[str, Tensor]:
    """Copies of parameters by name, cells first; slopes by their logarithms.

    There are zeros where a model has no such parameter, or a smaller one.
    """
    states = [model.state_dict() for model in models]
    leaves = {}
    for name in dict.fromkeys(name for state in states for name in state):
        own = {cell: state[name] for cell, state in enumerate(states) if name in state}
        largest = max(value.shape for value in own.values())
        leaves[name] = next(iter(own.values())).new_zeros(len(models), *largest)
        for cell, value in own.items():
            place = leaves[name][cell][tuple(map(slice, value.shape))]
            place.copy_(value.log() if name.endswith("slopes") else value)
    return leaves


def write_back(leaves: Mapping[str, Tensor], cell: int, model: Transformer) -> None:
    """Copy one cell's part of what `leaves_of` made into a model of its sizes."""
    state = model.state_dict()
    for name, own in state.items():
        value = leaves[name][cell][tuple(map(slice, own.shape))]
        state[name] = value.exp() if name.endswith("slopes") else value
    model.load_state_dict(state)


def seen_positions(blocks: Sequence[Attention], length: int) -> tuple[Tensor, Tensor]:
    """Phi at all lags, 0 where it is invisible, and the cells where lag 0 is.

    Both are empty for per-lag encodings.
    """
    lags = torch.arange(length, dtype=torch.float64)
    kinds = [b.position for b in blocks if not isinstance(b.position, PerLag)]
    phi = torch.stack([kind(lags) for kind in kinds] or [lags[:0]])
    unseen = torch.isinf(phi)
    return phi.masked_fill(unseen, 0.0), unseen.any(1).nonzero()[:, 0]


def held_blocks(
    models: Sequence[Transformer],
    scores: Sequence[str] = ("none",),
    feed_forward: bool = False,
) -> list[Attention]:
    """The attentions of models that a stack can hold side by side.

    It can evaluate these scores, and an FFN or none.

    Raises:
        ValueError: a model that it cannot hold, or models of unequal kinds.
    """
    blocks = []
    for model in models:
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
        blocks.append(block)
    sizes = {(b.dimension, b.heads, isinstance(b.position, PerLag)) for b in blocks}
    if len(sizes) != 1:
        raise ValueError(
            f"models of (dimension, heads, per-lag) {sorted(sizes)}: a stack holds "
            "equal heads and dimensions; per-lag encodings have a stack of their own"
        )
    return blocks
