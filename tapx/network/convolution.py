"""Causal convolution of tokens with the lag weights of many heads, by FFT.

Time ``T log T`` where the dense way needs ``T**2``. Large inputs are done head by head
and in chunks of token coordinates, recomputed in the backward pass, so that the memory
of an input of 65,536 tokens stays in bounds.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

CHUNK_BYTES = 256 * 2**20


def _smooth_length(length: int) -> int:
    """The next length of the form 2^a, 3*2^a, 5*2^a or 9*2^a: fast, little padding."""
    # The least power of two that is enough with each factor.
    return min(f << (-(-length // f) - 1).bit_length() for f in (1, 3, 5, 9))


def _one_head(
    weights: Tensor,
    total: Tensor | None,
    gate: Tensor | None,
    spectrum: Tensor,
    mixer: Tensor,
    length: int,
) -> Tensor:
    time = weights.shape[0]
    product = spectrum * torch.fft.rfft(weights, n=length)
    mixed = torch.fft.irfft(product, n=length)[..., :time]
    if total is not None:
        mixed = mixed / total
    if gate is not None:
        mixed = mixed * gate[:, None]
    return mixed.transpose(1, 2) @ mixer


def mix_of_convolutions(
    weights: Float[Tensor, "heads lags"],
    totals: Float[Tensor, "heads lags"] | None,
    x: Float[Tensor, "batch lags inputs"],
    mixers: Float[Tensor, "heads inputs outputs"],
    gates: Float[Tensor, "batch heads lags"] | None = None,
) -> Float[Tensor, "batch lags outputs"]:
    """``sum_h ((x * w_h)(t) gate_h(t) / total_h(t)) mixer_h`` at every position t.

    The weights are those of the first lag that a head sees and of those after; without
    totals nothing is divided, without gates nothing multiplied.
    """
    heads, time = weights.shape
    batch, _, inputs = x.shape
    length = _smooth_length(2 * time - 1)
    coordinate = 4 * batch * length * x.element_size()  # one head's working memory
    width = max(1, CHUNK_BYTES // coordinate)
    large = heads * inputs * coordinate > 4 * CHUNK_BYTES
    convolve: Callable[..., Tensor] = _one_head
    if large and torch.is_grad_enabled():
        convolve = partial(checkpoint, _one_head, use_reentrant=False)
    out = x.new_zeros(batch, time, mixers.shape[-1])
    for start in range(0, inputs, width):
        part = slice(start, start + width)
        spectrum = torch.fft.rfft(x[:, :, part].transpose(1, 2), n=length)
        for h in range(heads):
            total = None if totals is None else totals[h]
            gate = None if gates is None else gates[:, h]
            one = (weights[h], total, gate, spectrum, mixers[h, part], length)
            out = out + convolve(*one)
    return out
