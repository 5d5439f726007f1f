"""From logits to the weights of the lags: the three normalisations of a head.

"finite" divides by the sum over the lags present (softmax), "infinite" by the sum over
all lags, in closed form, "none" by 1. A finite input is an infinite one with zero
tokens before it, so "infinite" and "none" do not notice where the input begins.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from tapx.network import convolution

NORMALISATIONS = ("finite", "infinite", "none")


def normalise(
    logits: Float[Tensor, "*batch lags"],
    seen: Bool[Tensor, "*#batch lags"],
    normalisation: str,
    total: Float[Tensor, " heads"] | None = None,
    beyond: Float[Tensor, "*#batch"] | None = None,
) -> Float[Tensor, "*batch lags"]:
    """Weights along the last axis, zero where not seen.

    Args:
        logits: finite everywhere, also where not seen, so that no gradient is NaN.
        seen: which lags count.
        normalisation: one of `NORMALISATIONS`.
        total: infinite sums of the heads, which stand first, where no token enters
            the logits; for "infinite" only.
        beyond: infinite sum over the lags outside the input, where tokens enter the
            logits; for "infinite" without `total`.
    """
    if normalisation == "finite":
        # A position that sees nothing would be 0/0: give it equal weights, then 0.
        blind = ~seen.any(-1, keepdim=True)
        logits = logits.masked_fill(~seen & ~blind, -math.inf)
        return torch.softmax(logits, dim=-1).masked_fill(~seen, 0.0)
    weights = torch.exp(logits.masked_fill(~seen, -math.inf))
    if normalisation == "none":
        return weights
    if beyond is not None:
        return weights / (weights.sum(-1) + beyond)[..., None]
    assert total is not None
    return weights / total.reshape(-1, *[1] * (weights.dim() - 1))


def visible(
    logits: Float[Tensor, "heads lags"],
    normalisation: str,
    total: Float[Tensor, " heads"] | None,
) -> Float[Tensor, "heads lags"]:
    """Weights where no token enters and every lag is visible: few operations.

    Args:
        logits: slopes times the position function.
        normalisation: one of `NORMALISATIONS`.
        total: infinite sums of the heads, for "infinite" only.
    """
    if normalisation == "finite":
        return torch.softmax(logits, dim=-1)
    weights = torch.exp(logits)
    return weights if total is None else weights / total[:, None]


def running(
    logits: Float[Tensor, "heads lags"],
    normalisation: str,
    total: Float[Tensor, " heads"] | None,
) -> tuple[Float[Tensor, "heads lags"], Float[Tensor, "heads lags"] | None]:
    """Weights to convolve with, and what each position then divides by (or None).

    Position t of a "finite" head divides by the sum over lags up to t, so only the
    shape of the weights, with largest value 1, is convolved. Arguments as in `visible`.

    Raises:
        ValueError: "finite" heads whose weights grow so fast that digits are lost.
    """
    if normalisation != "finite":
        return visible(logits, normalisation, total), None
    logits = logits - logits.detach().amax(-1, keepdim=True)
    weights = torch.exp(logits)
    totals = torch.cumsum(weights, -1)
    convolution.refuse_lost_digits(totals)
    return weights, totals
