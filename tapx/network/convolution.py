"""Causal convolution of tokens with the lag weights of many heads, by FFT.

Time ``T log T`` where the dense way needs ``T**2``. Large inputs are done head by head
and in chunks of token coordinates, recomputed in the backward pass, so that the memory
of an input of 65,536 tokens stays in bounds.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

CHUNK_BYTES = 256 * 2**20
# The error of an FFT is relative to the largest weight. A position whose own sum of
# weights is smaller than this fraction of it would lose the promised 1e-10.
SMALLEST_TOTAL = 1e-4


def refuse_lost_digits(totals: Float[Tensor, "heads lags"]) -> None:
    """Refuse heads whose weights grow so fast with the lag that an FFT loses digits.

    Args:
        totals: cumulative sums of weights whose largest is 1.

    Raises:
        ValueError: some position's sum is below `SMALLEST_TOTAL`.
    """
    try:
        smallest = totals.detach().amin(-1).tolist()
    except RuntimeError:  # values cannot be read inside torch.func.vmap
        return
    for head, value in enumerate(smallest):
        if not value >= SMALLEST_TOTAL:
            raise ValueError(
                f"head {head}'s weights grow with the lag by more than a factor "
                f"{1 / SMALLEST_TOTAL:g}: evaluation 'fft' would lose digits at early "
                "positions; use 'dense' or 'last'"
            )


def _smooth_length(length: int) -> int:
    """The next length of the form 2^a, 3*2^a, 5*2^a or 9*2^a: fast, little padding."""
    best = 1 << (length - 1).bit_length()
    for factor in (3, 5, 9):
        power = 1
        while factor * power < length:
            power *= 2
        best = min(best, factor * power)
    return best


def _one_head(
    weights: Tensor,
    total: Tensor | None,
    gate: Tensor | None,
    spectrum: Tensor,
    mixer: Tensor,
    length: int,
) -> Tensor:
    """Convolve some coordinates, divide or multiply, and apply the head's matrix."""
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
    """``sum_h ((x * w_h)(t) / total_h(t)) mixer_h`` at every position t.

    Args:
        weights: a head's weight at the first lag it sees and at those after.
        totals: what position t divides head h's sum by; None for no division.
        x: tokens, as many as there are lags.
        mixers: the matrix that each head applies to its sum, from the right.
        gates: what each position multiplies head h's sum by; None for nothing.
    """
    heads, time = weights.shape
    batch, _, inputs = x.shape
    length = _smooth_length(2 * time - 1)
    coordinate = 4 * batch * length * x.element_size()  # one head's working memory
    width = max(1, CHUNK_BYTES // coordinate)
    large = heads * inputs * coordinate > 4 * CHUNK_BYTES
    recompute = large and torch.is_grad_enabled()
    out = x.new_zeros(batch, time, mixers.shape[-1])
    for start in range(0, inputs, width):
        part = slice(start, start + width)
        spectrum = torch.fft.rfft(x[:, :, part].transpose(1, 2), n=length)
        for h in range(heads):
            total = None if totals is None else totals[h]
            gate = None if gates is None else gates[:, h]
            one = (weights[h], total, gate, spectrum, mixers[h, part], length)
            if recompute:
                out = out + checkpoint(_one_head, *one, use_reentrant=False)
            else:
                out = out + _one_head(*one)
    return out
