"""Causal convolution of tokens with the lag weights of many heads, by FFT.

Time ``T log T`` where the dense way needs ``T**2``. Where heads are added as they are,
the tokens are transformed once, mixed frequency by frequency, and transformed back
once. Where each position divides or gates every head by itself, each head is
transformed back alone; but sums of weights that settle divide alike from there on.

Large inputs are done in chunks, recomputed in the backward pass, so that the memory of
an input of 65,536 tokens stays in bounds.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

CHUNK_BYTES = 256 * 2**20
CACHE_BYTES = 2**20  # of products of all heads and coordinates, mixed while in cache
SHORTEST = 512  # tokens; what is saved on fewer is less than a second transform costs
SETTLED = (
    2.0**-10
)  # of the unit roundoff: a slope's gradient weighs what is left by lag


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


def _head_by_head(
    weights: Tensor,
    totals: Tensor | None,
    x: Tensor,
    mixers: Tensor,
    gates: Tensor | None,
) -> Tensor:
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


class _Mixed(torch.autograd.Function):
    """``sum_h (kernel_h(f) x(f)) mixer_h`` at every frequency f.

    The products of all heads and coordinates are formed a few frequencies at a time, in
    one place that stays in cache, and again for the gradient: autograd would keep them.
    """

    @staticmethod
    def forward(
        ctx: Any,
        kernels: Complex[Tensor, "heads frequencies"],
        spectrum: Complex[Tensor, "batch inputs frequencies"],
        mixers: Float[Tensor, "heads inputs outputs"],
    ) -> Complex[Tensor, "batch outputs frequencies"]:
        """Real and imaginary parts of the products are columns of one real product."""
        ctx.save_for_backward(kernels, spectrum, mixers)
        rows = mixers.flatten(0, 1).T.contiguous()
        shape = len(spectrum), len(rows), spectrum.shape[-1]
        mixed = spectrum.new_empty(shape)
        for part, scratch in _parts(kernels, spectrum):
            torch.mul(kernels[:, None, part], spectrum[:, None, :, part], out=scratch)
            mixed[..., part] = torch.view_as_complex(
                (rows @ _columns(scratch)).unflatten(-1, (-1, 2))
            )
        return mixed

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients in all three."""
        kernels, spectrum, mixers = ctx.saved_tensors
        (wanted,) = grads
        in_kernels, in_spectrum = torch.empty_like(kernels), torch.empty_like(spectrum)
        rows = mixers.flatten(0, 1)
        in_rows = torch.zeros_like(rows)
        for part, scratch in _parts(kernels, spectrum):
            kernel, tokens = kernels[:, None, part], spectrum[:, None, :, part]
            own = wanted[..., part].contiguous()
            torch.mul(kernel, tokens, out=scratch)
            in_rows += (_columns(scratch) @ _columns(own).transpose(1, 2)).sum(0)
            back = (rows @ _columns(own)).unflatten(-1, (-1, 2))
            products = torch.view_as_complex(back).view_as(scratch)
            torch.mul(products, tokens.conj(), out=scratch)
            in_kernels[:, part] = scratch.sum((0, 2))
            torch.mul(products, kernel.conj(), out=scratch)
            in_spectrum[..., part] = scratch.sum(1)
        return in_kernels, in_spectrum, in_rows.view_as(mixers)


def _columns(products: Tensor) -> Tensor:
    """(batch, ..., frequencies), complex, as real (batch, all, 2 * frequencies)."""
    return torch.view_as_real(products).flatten(-2).flatten(1, -2)


def _parts(kernels: Tensor, spectrum: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Frequencies, a few at a time, and a place for their products."""
    (heads, count), (batch, inputs, _) = kernels.shape, spectrum.shape
    products = batch * heads * inputs
    width = max(64, CACHE_BYTES // (products * spectrum.element_size()))
    place = spectrum.new_empty(products * min(width, count))
    for start in range(0, count, width):
        part = slice(start, min(start + width, count))
        own = place[: products * (part.stop - start)]
        yield part, own.view(batch, heads, inputs, -1)


def _together(weights: Tensor, x: Tensor, mixers: Tensor) -> Tensor:
    time = x.shape[1]
    length = _smooth_length(2 * time - 1)
    kernels = torch.fft.rfft(weights, n=length)
    spectrum = torch.fft.rfft(x.transpose(1, 2), n=length)
    mixed = _Mixed.apply(kernels, spectrum, mixers)
    return torch.fft.irfft(mixed, n=length)[..., :time].transpose(1, 2)


def _settles(weights: Tensor, totals: Tensor) -> int:
    """A position from which on every head's sum of weights is its last, to rounding."""
    place = weights.shape[1]
    with torch.no_grad():
        left = totals[:, -1] * torch.finfo(totals.dtype).eps * SETTLED
        while place > SHORTEST:
            earlier = 3 * place // 4
            if not bool((weights[:, earlier:].sum(-1) <= left).all()):
                break
            place = earlier
    return place


def mix_of_convolutions(
    weights: Float[Tensor, "heads lags"],
    totals: Float[Tensor, "heads lags"] | None,
    x: Float[Tensor, "batch lags inputs"],
    mixers: Float[Tensor, "heads inputs outputs"],
    gates: Float[Tensor, "batch heads lags"] | None = None,
) -> Float[Tensor, "batch lags outputs"]:
    """``sum_h ((x * w_h)(t) gate_h(t) / total_h(t)) mixer_h`` at every position t.

    The weights are those of the first lag that a head sees and of those after; without
    totals nothing is divided, without gates nothing multiplied. Totals are the sums of
    the weights so far.
    """
    if gates is not None:
        return _head_by_head(weights, totals, x, mixers, gates)
    if totals is None:
        return _together(weights, x, mixers)
    early = _settles(weights, totals)
    if early > weights.shape[1] // 2:
        return _head_by_head(weights, totals, x, mixers, None)
    begin = weights[:, :early], totals[:, :early], x[:, :early]
    late = _together(weights / totals[:, -1:], x, mixers)[:, early:]
    return torch.cat([_head_by_head(*begin, mixers, None), late], 1)
