"""Attention with position lin as a recurrence: ``h_t = e^{-p} h_{t-1} + x_t``.

Without dot products a lin head sums ``e^{-p s} x_{t-s}`` over the lags, which is a
linear recurrence with one decay a head. TMX multiplies the sum by ``e^{p w.x_t}``, a
number that only the current token enters, after the fact. So time is linear in the
input's length (`scanned`), and a token that comes in later needs the states ``h``
alone.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.kernels.family import LIN, Family
from tapx.network import lag_weights
from tapx.network.positions import read


def refuse(family: Family | None, score: str) -> None:
    """Refuse attention that is no recurrence of fixed size.

    Raises:
        ValueError: a position function other than lin, or dot products.
    """
    if family is not LIN:
        raise ValueError(
            "evaluation 'recurrence' needs position 'lin', not "
            f"{family.name if family else 'this one'!r}: only exponentials of the lag "
            "have a state of fixed size; use 'fft' or 'dense'"
        )
    if score == "dot":
        raise ValueError(
            "evaluation 'recurrence' needs score 'none' or 'tmx', not 'dot': dot "
            "products of a token with all earlier ones need them all; use 'dense'"
        )


def totals(
    slopes: Float[Tensor, " heads"], time: int
) -> Float[Tensor, "heads positions"]:
    """``sum_{s=0..t} e^{-p s}`` for each position t: what a softmax divides by.

    Raises:
        ValueError: a slope so negative that the sum leaves the floats.
    """
    lags = torch.arange(time, dtype=slopes.dtype, device=slopes.device)
    weights = torch.exp(lag_weights.normal(-slopes[:, None] * lags))
    found = torch.cumsum(weights, -1)
    for head, value in enumerate(read(found[:, -1:].flatten())):
        if not value < float("inf"):
            raise ValueError(
                f"head {head} has slope {slopes[head].item():g}: its weights grow "
                f"beyond the floats within {time} tokens; use 'dense' or a slope of at "
                "least 0"
            )
    return found
