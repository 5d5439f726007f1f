"""Attention as practice evaluates it: torch's fused kernel, and dense row by row.

They are here to be compared with the evaluations of `attention.Attention` (chapter
"What each attention costs"): both form every weight, as "dense" does, but never hold
more than a block of them. Both are softmax attention, normalisation "finite"; TMX under
softmax is score "none" (section 4.3), so it needs no case.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from tapx.checks import at_least, one_of
from tapx.kernels.family import LIN
from tapx.network import lag_weights
from tapx.network.attention import Attention
from tapx.network.heads import check_dtype

BIASES = ("matrix", "keys")


def _refuse(attention: Attention, x: Tensor) -> None:
    check_dtype(x, attention.value)
    if attention.score not in ("none", "dot"):
        raise ValueError(
            f"the score must be 'none' or 'dot', not {attention.score!r}: under "
            "softmax the term of 'tmx' cancels, so the nearest is 'none'"
        )
    if attention.normalisation != "finite":
        raise ValueError(
            "these kernels divide by the sum over the tokens present: the "
            f"normalisation must be 'finite', not {attention.normalisation!r}"
        )


def fused(
    attention: Attention,
    x: Float[Tensor, "batch time dimension"],
    bias: str = "matrix",
) -> Float[Tensor, "batch time dimension"]:
    """Attention at every position by torch's fused kernel for processors.

    `bias` says how the position function enters. "matrix" adds a (heads, time, time)
    matrix to the logits: any position function, but the matrix takes quadratic memory,
    and the kernel has no gradient for it, so slopes get none. "keys" needs lin: under
    softmax ``-p (t - s)`` is as good as ``p s``, one more coordinate of the key; memory
    is linear and slopes get their gradient.

    Raises:
        ValueError: another score or normalisation, an unknown `bias`, or "keys" with a
            position function other than lin.
        TypeError: tokens of another type than the weights.
    """
    _refuse(attention, x)
    one_of(bias, BIASES, "bias")
    if bias == "keys" and attention.position.family is not LIN:
        raise ValueError(
            f"bias 'keys' needs position 'lin', not {attention.position.name!r}: only "
            "a linear function of the lag is a product of one number at each end; "
            "use 'matrix'"
        )
    batch, time, size = x.shape
    heads = attention.heads
    if attention.score == "dot":
        query = torch.einsum("btd,hed->bhte", x, attention.query)
        key = torch.einsum("btd,hed->bhte", x, attention.key)
    else:
        query = key = x.new_zeros(batch, heads, time, 0)
    value = x[:, None].expand(batch, heads, time, size)
    mask = _mask(attention, time) if bias == "matrix" else None
    if bias == "keys":
        place = torch.arange(time, dtype=x.dtype, device=x.device)
        along = (attention.slopes[:, None] * place).expand(batch, heads, time)
        query = torch.cat([query, x.new_ones(batch, heads, time, 1)], -1)
        key = torch.cat([key, along[..., None]], -1)
    # The kernel wants queries, keys and values of one size.
    wide = max(size, query.shape[-1])
    query, key, value = (
        nn.functional.pad(part, (0, wide - part.shape[-1]))
        for part in (query, key, value)
    )
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        mixed = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None, scale=1.0
        )[..., :size]
    first = attention.position.first_lag
    if first:
        mixed = nn.functional.pad(mixed[:, :, first:], (0, 0, first, 0))
    return attention.combine(mixed.transpose(1, 2))


@torch.no_grad()
def _mask(attention: Attention, time: int) -> Float[Tensor, "1 heads time time"]:
    """``p phi(t - s)``, minus infinity where not seen; a row that sees nothing is 0."""
    logits, seen = _lag_logits(attention, 0, time)
    blind = ~seen.any(-1, keepdim=True)
    return logits.masked_fill(~seen & ~blind, -torch.inf)[None]


def row_blocks(
    attention: Attention, x: Float[Tensor, "batch time dimension"], rows: int = 256
) -> Iterator[Float[Tensor, "batch rows dimension"]]:
    """Attention at every position, dense, some rows at a time and only their past.

    The blocks have graphs of their own: call ``backward`` on each before asking for the
    next, and the memory is that of one block of `rows` positions, at least 1.

    Raises:
        ValueError: another score or normalisation, or blocks of no rows.
        TypeError: tokens of another type than the weights.
    """
    _refuse(attention, x)
    at_least(1, rows=rows)
    for start in range(0, x.shape[1], rows):
        yield _block(attention, x, start, min(start + rows, x.shape[1]))


def _block(attention: Attention, x: Tensor, start: int, end: int) -> Tensor:
    past = x[:, :end]
    logits, seen = _lag_logits(attention, start, end)
    if attention.score == "dot":
        logits = logits + attention.products(x[:, start:end], past)
    return attention.gather(lag_weights.normalise(logits, "finite", seen), past)


def _lag_logits(attention: Attention, start: int, end: int) -> tuple[Tensor, Tensor]:
    """The position's logits of rows `start` to `end`, and which lags are seen."""
    place = torch.arange(end, device=attention.value.device)
    lags = place[start:end, None] - place
    seen = lags >= attention.position.first_lag
    inside = lags.clamp(min=attention.position.first_lag).flatten()
    logits = attention.position.logits(
        attention.slopes, inside.to(attention.value.dtype)
    )
    return logits.reshape(-1, *lags.shape), seen
