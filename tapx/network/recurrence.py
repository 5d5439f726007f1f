"""Attention with position lin as a recurrence: ``h_t = e^{-p} h_{t-1} + x_t``.

Without dot products a lin head sums ``e^{-p s} x_{t-s}`` over the lags, which is a
linear recurrence with one decay a head. TMX multiplies the sum by ``e^{p w.x_t}``, a
number that only the current token enters, after the fact. So time is linear in the
input's length, and a token that comes in later needs the states ``h`` alone.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least
from tapx.kernels.family import LIN, Family
from tapx.network.positions import read

# Tokens that one triangular matrix handles at once. Shorter chunks mean more turns of
# a Python loop, longer ones more multiplications by small powers.
CHUNK = 32


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


def scan(
    slopes: Float[Tensor, " heads"],
    x: Float[Tensor, "batch time inputs"],
    chunk: int = CHUNK,
) -> Float[Tensor, "heads batch time inputs"]:
    """``sum_{s=0..t} e^{-p s} x_{t-s}`` for every head and position t, in O(time).

    A triangular matrix of the powers ``e^{-p s}`` sums within each chunk of tokens, at
    least 1, for all chunks at once; a loop carries the state from chunk to chunk. Only
    powers with ``s >= 0`` are formed: nothing overflows, however large the slopes are.
    Negative ones make the state grow. Tokens before the first are zero.

    Raises:
        ValueError: a chunk of no tokens.
    """
    at_least(1, chunk=chunk)
    heads, (batch, time, size) = len(slopes), x.shape
    chunks = max(1, -(-time // chunk))
    x = torch.nn.functional.pad(x, (0, 0, 0, chunks * chunk - time))
    # (chunk, chunks * batch * size): all chunks are columns of one product.
    columns = x.reshape(batch, chunks, chunk, size).permute(2, 1, 0, 3)
    place = torch.arange(chunk, dtype=slopes.dtype, device=slopes.device)
    apart = (place[:, None] - place).clamp(min=0)
    powers = torch.exp(-slopes[:, None, None] * apart).tril()
    within = powers.reshape(-1, chunk) @ columns.reshape(chunk, -1)
    within = within.reshape(heads, chunk, chunks, batch, size)
    across = torch.exp(-slopes * chunk)[:, None, None]
    state = x.new_zeros(heads, batch, size)
    states = []
    for part in within[:, -1].unbind(1):
        states.append(state)
        state = across * state + part
    before = torch.stack(states, 1)  # (heads, chunks, batch, size)
    fading = torch.exp(-slopes[:, None] * (place + 1))
    out = within + fading[:, :, None, None, None] * before[:, None]
    # (heads, chunk, chunks, batch, size) -> (heads, batch, chunks, chunk, size)
    out = out.permute(0, 3, 2, 1, 4).reshape(heads, batch, chunks * chunk, size)
    return out[:, :, :time]


def totals(
    slopes: Float[Tensor, " heads"], time: int
) -> Float[Tensor, "heads positions"]:
    """``sum_{s=0..t} e^{-p s}`` for each position t: what a softmax divides by.

    Raises:
        ValueError: a slope so negative that the sum leaves the floats.
    """
    lags = torch.arange(time, dtype=slopes.dtype, device=slopes.device)
    found = torch.cumsum(torch.exp(-slopes[:, None] * lags), -1)
    for head, value in enumerate(read(found[:, -1:].flatten())):
        if not value < float("inf"):
            raise ValueError(
                f"head {head} has slope {slopes[head].item():g}: its weights grow "
                f"beyond the floats within {time} tokens; use 'dense' or a slope of at "
                "least 0"
            )
    return found
