"""From logits to the weights of the lags: the three normalisations of a head.

"finite" divides by the sum over the lags present (softmax), "infinite" by the sum over
all lags, in closed form, "none" by 1. A finite input is an infinite one with zero
tokens before it, so "infinite" and "none" do not notice where the input begins.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from tapx.network.positions import read

NORMALISATIONS = ("finite", "infinite", "none")
# The error of an FFT is relative to the largest weight. A position whose own sum of
# weights is smaller than this fraction of it would lose the promised 1e-10.
SMALLEST_TOTAL = 1e-4


def normal(logits: Float[Tensor, "*batch lags"]) -> Float[Tensor, "*batch lags"]:
    """The logits, none so small that its exponential is near the subnormal floats.

    Exponentials there cost a hundred times as much and, beside a weight of 1, are
    nothing. A division by the sum of ``e**20`` weights of at most 1 leaves them normal.
    """
    return logits.clamp(min=math.log(torch.finfo(logits.dtype).tiny) + 20)


def normalise(
    logits: Float[Tensor, "*batch lags"],
    normalisation: str,
    seen: Bool[Tensor, "*#batch lags"] | None = None,
    total: Float[Tensor, " heads"] | None = None,
    beyond: Float[Tensor, "*#batch"] | None = None,
) -> Float[Tensor, "*batch lags"]:
    """Weights along the last axis, zero where not seen.

    Args:
        logits: finite everywhere, also where not seen, so that no gradient is NaN.
        normalisation: one of `NORMALISATIONS`.
        seen: which lags count; all if None.
        total: for "infinite", sums over all lags, by head; heads stand first.
        beyond: for "infinite" where tokens enter the logits, in place of `total`: sums
            over the lags outside the input.
    """
    if normalisation == "finite":
        if seen is None:
            return torch.softmax(logits, dim=-1)
        # A position that sees nothing would be 0/0: give it equal weights, then 0.
        blind = ~seen.any(-1, keepdim=True)
        logits = logits.masked_fill(~seen & ~blind, -math.inf)
        return torch.softmax(logits, dim=-1).masked_fill(~seen, 0.0)
    if seen is not None:
        logits = logits.masked_fill(~seen, -math.inf)
    weights = torch.exp(logits)
    if beyond is not None:
        return weights / (weights.sum(-1) + beyond)[..., None]
    if total is not None:
        return weights / total.reshape(-1, *[1] * (weights.dim() - 1))
    return weights


def running(
    logits: Float[Tensor, "heads lags"],
    normalisation: str,
    total: Float[Tensor, " heads"] | None,
) -> tuple[Float[Tensor, "heads lags"], Float[Tensor, "heads lags"] | None]:
    """Weights to convolve with, and what each position then divides by (or None).

    Position t of a "finite" head divides by the sum over lags up to t, so only the
    shape of the weights, with largest value 1, is convolved.

    Raises:
        ValueError: "finite" heads whose weights grow so fast that digits are lost.
    """
    if normalisation != "finite":
        return normalise(normal(logits), normalisation, total=total), None
    weights = torch.exp(normal(logits - logits.detach().amax(-1, keepdim=True)))
    totals = torch.cumsum(weights, -1)
    for head, value in enumerate(read(totals.detach().amin(-1))):
        if not value >= SMALLEST_TOTAL:
            raise ValueError(
                f"head {head}'s weights grow with the lag by more than a factor "
                f"{1 / SMALLEST_TOTAL:g}: evaluation 'fft' would lose digits at early "
                "positions; use 'dense' or 'last'"
            )
    return weights, totals
