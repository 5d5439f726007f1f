"""Heads that are added as they are: the tokens transformed once in and once out.

Between the two transforms each frequency is mixed by itself. Products of all heads and
coordinates are formed a few frequencies at a time, in one place that stays in cache.
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.autograd.function import once_differentiable

CACHE_BYTES = 2**20  # of the products that are formed at once
LEAST_WIDTH = 64  # frequencies that are mixed at once, however many heads there are


def smooth_length(length: int) -> int:
    """The next even length 2^a, 3*2^a, 5*2^a or 9*2^a: fast, little padding."""
    # The least power of two that is enough with each factor.
    return min(f << max(1, (-(-length // f) - 1).bit_length()) for f in (1, 3, 5, 9))


def convolve(
    weights: Float[Tensor, "heads lags"],
    x: Float[Tensor, "batch lags inputs"],
    mixers: Float[Tensor, "heads inputs outputs"],
) -> Float[Tensor, "batch lags outputs"]:
    """``sum_h (x * w_h)(t) mixer_h`` at every position t; gradients have none."""
    out, _, _ = _Convolved.apply(weights, x, mixers)
    return out


class _Convolved(torch.autograd.Function):
    """`convolve`, and the spectra of weights and tokens that its gradient needs.

    A gradient of a convolution is a correlation, so the tokens' and the weights' cost
    one transform each. Autograd would take complex ones of the whole length, and keep
    the products of all heads and coordinates.
    """

    @staticmethod
    def forward(
        weights: Float[Tensor, "heads lags"],
        x: Float[Tensor, "batch lags inputs"],
        mixers: Float[Tensor, "heads inputs outputs"],
    ) -> tuple[
        Float[Tensor, "batch lags outputs"],
        Complex[Tensor, "heads frequencies"],
        Complex[Tensor, "batch inputs frequencies"],
    ]:
        """Real and imaginary parts of the products are columns of one real product."""
        time = x.shape[1]
        length = smooth_length(2 * time - 1)
        kernels = torch.fft.rfft(weights, n=length)
        spectrum = torch.fft.rfft(x.transpose(1, 2), n=length)
        rows = mixers.flatten(0, 1).T.contiguous()
        mixed = spectrum.new_empty(len(x), len(rows), spectrum.shape[-1])
        for part, scratch in _parts(kernels, spectrum):
            torch.mul(kernels[:, None, part], spectrum[:, None, :, part], out=scratch)
            mixed[..., part] = _times(rows, scratch)
        out = torch.fft.irfft(mixed, n=length)[..., :time]
        return out.transpose(1, 2).contiguous(), kernels, spectrum

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]
    ) -> None:
        """Keep the spectra."""
        _, kernels, spectrum = output
        ctx.mark_non_differentiable(kernels, spectrum)
        ctx.save_for_backward(kernels, spectrum, inputs[2])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients in all three."""
        kernels, spectrum, mixers = ctx.saved_tensors
        wanted, time = grads[0], grads[0].shape[1]
        length = smooth_length(2 * time - 1)
        own = torch.fft.rfft(wanted.transpose(1, 2), n=length)
        in_kernels, in_spectrum = torch.empty_like(kernels), torch.empty_like(spectrum)
        rows = mixers.flatten(0, 1)
        # A real signal's spectrum is stored by half: all but the first and the last
        # frequency stand for two.
        ends = [0, own.shape[-1] - 1]
        products = kernels[:, None, ends] * spectrum[:, None, :, ends]
        in_rows = -_inner(products, own[..., ends])
        for part, scratch in _parts(kernels, spectrum):
            kernel, tokens = kernels[:, None, part], spectrum[:, None, :, part]
            there = own[..., part].contiguous()
            torch.mul(kernel, tokens, out=scratch)
            in_rows += 2 * _inner(scratch, there)
            # Conjugate gradients, so that nothing large has to be conjugated here.
            back = _times(rows, there.conj_physical()).view_as(scratch)
            in_kernels[:, part] = torch.mul(back, tokens, out=scratch).sum((0, 2))
            in_spectrum[..., part] = torch.mul(back, kernel, out=scratch).sum(1)
        in_weights = torch.fft.irfft(in_kernels.conj_physical_(), n=length)
        in_x = torch.fft.irfft(in_spectrum.conj_physical_(), n=length)
        in_mixers = (in_rows / length).view_as(mixers)
        return in_weights[:, :time], in_x[..., :time].transpose(1, 2), in_mixers


def _columns(products: Tensor) -> Tensor:
    """(batch, ..., frequencies), complex, as real (batch, all, 2 * frequencies)."""
    return torch.view_as_real(products).flatten(-2).flatten(1, -2)


def _times(rows: Tensor, products: Tensor) -> Tensor:
    """A real matrix times the products: (batch, rows, frequencies)."""
    # Not by matmul, which would copy the columns to fold the batch into them.
    every = rows.expand(len(products), -1, -1)
    mixed = torch.bmm(every, _columns(products))
    return torch.view_as_complex(mixed.unflatten(-1, (-1, 2)))


def _inner(products: Tensor, own: Tensor) -> Tensor:
    """Real part of ``sum products conj(own)``, (heads * inputs, outputs)."""
    return torch.bmm(_columns(products), _columns(own).transpose(1, 2)).sum(0)


def _parts(kernels: Tensor, spectrum: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Frequencies, a few at a time, and a place for their products."""
    (heads, count), (batch, inputs, _) = kernels.shape, spectrum.shape
    products = batch * heads * inputs
    width = max(LEAST_WIDTH, CACHE_BYTES // (products * spectrum.element_size()))
    place = spectrum.new_empty(products * min(width, count))
    for start in range(0, count, width):
        part = slice(start, min(start + width, count))
        own = place[: products * (part.stop - start)]
        yield part, own.view(batch, heads, inputs, -1)
