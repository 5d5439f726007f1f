"""Causal convolution of tokens with the lag weights of many heads, by FFT.

Time ``T log T`` where the dense way needs ``T**2``. Heads that are added as they are
share one transform of the tokens in and one out (`spectra`). Where each position
divides or gates every head by itself, each head is transformed back alone. But a sum of
weights that has settled divides all later positions alike: such a head is transformed
back alone only for the positions before.

Large inputs are then done in chunks of token coordinates, recomputed in the backward
pass, so that the memory of an input of 65,536 tokens stays in bounds.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from tapx.network import spectra
from tapx.network.positions import read

CHUNK_BYTES = 256 * 2**20
SHORTEST = 512  # tokens; on fewer, what is saved is less than a second transform costs
# Of the unit roundoff: what is left of a sum where it counts as settled. So little,
# since the gradient of a slope weighs it by the lag.
SETTLED = 2.0**-10


def mix_of_convolutions(
    weights: Float[Tensor, "heads lags"],
    totals: Float[Tensor, "heads lags"] | None,
    x: Float[Tensor, "batch lags inputs"],
    mixers: Float[Tensor, "heads inputs outputs"],
    gates: Float[Tensor, "batch heads lags"] | None = None,
) -> Float[Tensor, "batch lags outputs"]:
    """``sum_h ((x * w_h)(t) gate_h(t) / total_h(t)) mixer_h`` at every position t.

    The weights are those of the first lag that a head sees and of those after. Totals
    are the sums of the weights so far; without them nothing is divided, without gates
    nothing multiplied.
    """
    factors = gates
    if totals is not None:
        factors = 1 / totals[None] if gates is None else gates / totals
    # Inside torch.func.vmap no number can be read, and only plain operations are known.
    known = bool(read(weights[:, 0]) and read(x.flatten()[:1]))
    if gates is not None or not known:
        return _head_by_head(weights, factors, x, mixers)
    if totals is None or factors is None:
        return spectra.convolve(weights, x, mixers)
    time = x.shape[1]
    settled = _settled(weights, totals)
    if 2 * sum(settled) > len(settled) * time:
        return _head_by_head(weights, factors, x, mixers)
    final = totals[:, -1:]
    out = spectra.convolve(weights / final, x, mixers)
    # What a position that divides by less misses.
    for early in sorted({*settled}):
        own = [head for head, place in enumerate(settled) if place == early]
        missing = factors[:, own, :early] - 1 / final[own]
        begin = weights[own, :early], missing, x[:, :early], mixers[own]
        out[:, :early] += _head_by_head(*begin)
    return out


def _settled(weights: Tensor, totals: Tensor) -> list[int]:
    """For each head a position from which on its sum of weights is the last one."""
    places = [weights.shape[1]]
    while places[-1] > SHORTEST:
        places.append(3 * places[-1] // 4)
    with torch.no_grad():
        ends = zip(places[1:], places, strict=False)
        between = [weights[:, start:end].sum(-1) for start, end in ends]
        left = torch.stack([torch.zeros_like(totals[:, 0]), *between]).cumsum(0)
        allowed = totals[:, -1] * torch.finfo(totals.dtype).eps * SETTLED
        steps = (left <= allowed).sum(0) - 1
    return [places[step] for step in steps.tolist()]


def _head_by_head(
    weights: Tensor, factors: Tensor | None, x: Tensor, mixers: Tensor
) -> Tensor:
    """The mix with a factor, (batch or 1, heads, lags), of each head and position."""
    heads, time = weights.shape
    batch, _, inputs = x.shape
    length = spectra.smooth_length(2 * time - 1)
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
            factor = None if factors is None else factors[:, h]
            out = out + convolve(weights[h], factor, spectrum, mixers[h, part], length)
    return out


def _one_head(
    weights: Tensor, factor: Tensor | None, spectrum: Tensor, mixer: Tensor, length: int
) -> Tensor:
    time = weights.shape[0]
    product = spectrum * torch.fft.rfft(weights, n=length)
    mixed = torch.fft.irfft(product, n=length)[..., :time]
    if factor is not None:
        mixed = mixed * factor[:, None]
    return mixed.transpose(1, 2) @ mixer
