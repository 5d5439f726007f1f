"""Sums of decaying states, chunk after chunk, with no array of all the states.

The states of H heads on T tokens are H times as many numbers as the tokens. Here some
chunks of tokens at a time become states, in one place that stays in cache, and leave as
outputs. What the next ones need is one carried state a head. The gradient goes the same
way back, forms the states once more, and carries the states of the reversed recurrence.

A chunk's powers ``e^{-p s}`` are a triangular matrix, as are those between chunks. Only
``s >= 0`` occurs: nothing overflows, however large the slopes are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

# Tokens of a chunk, and most chunks at once: each state's sum has one term for each.
# Larger ones mean more multiplications, smaller ones more turns of a Python loop.
CHUNK = 32
CACHE_BYTES = 2**19  # of states that are formed at once


def gather(
    slopes: Float[Tensor, " heads"],
    x: Float[Tensor, "batch time inputs"],
    values: Float[Tensor, "heads inputs outputs"],
    factors: Float[Tensor, "items heads time"] | None = None,
) -> Float[Tensor, "batch time outputs"]:
    """``sum_h factor_h(t) h_t values_h`` of the states ``h_t = e^{-p} h_{t-1} + x_t``.

    The factors are those of every item of the batch, or, where `items` is 1, of all;
    None stands for ones.
    Negative slopes make a state grow. Tokens before the first are zero.
    """
    out, _ = _Gathered.apply(slopes, x, values, factors)
    return out


def _powers(exponents: Tensor) -> Tensor:
    """``e^-exponents``, and 0 in place of what is near the subnormal floats.

    Products with those cost a hundred times as much.
    """
    most = 80.0 if exponents.dtype == torch.float32 else 700.0
    return torch.exp(-exponents).masked_fill(exponents > most, 0.0)


class _Decays:
    """The powers that chunks and groups of at most `most` chunks are summed with.

    Attributes:
        within: (heads, CHUNK, CHUNK), from a token (row) to a later one.
        fading: (heads, CHUNK), from before a chunk to each of its tokens.
        ending: (heads, CHUNK), from each token to the chunk's last.
    """

    def __init__(self, slopes: Tensor, most: int):
        place = torch.arange(max(CHUNK, most) + 1, device=slopes.device)
        place = place.to(slopes.dtype)
        token, chunk = place[:CHUNK], place[: most + 1]
        apart = (token - token[:, None]).clamp(min=0)
        self.within = _powers(slopes[:, None, None] * apart).triu()
        self.fading = _powers(slopes[:, None] * (token + 1))
        self.ending = _powers(slopes[:, None] * token.flip(0))
        rates = slopes * CHUNK
        apart = (chunk - chunk[:-1, None] - 1).clamp(min=0)
        self._between = _powers(rates[:, None, None] * apart).triu(1)
        self._across = _powers(rates[:, None] * chunk)

    def carry(
        self, ends: Float[Tensor, "heads rows chunks"], carried: Tensor
    ) -> Float[Tensor, "heads rows chunks+1"]:
        """States before each chunk of a group, from their own sums; then the next's."""
        count = ends.shape[-1]
        between = self._between[:, :count, : count + 1]
        states = torch.bmm(ends, between)
        if carried.any():  # else powers that overflow would meet a zero
            states += carried[..., None] * self._across[:, None, : count + 1]
        return states


@dataclass(frozen=True)
class _Groups:
    """Sequences as (inputs, batch, chunks, CHUNK), in groups of chunks.

    Attributes:
        time: tokens; those beyond, up to whole chunks, are zero.
        chunks: how many there are.
        most: chunks of a group.
    """

    time: int
    chunks: int
    most: int

    @classmethod
    def of(cls, x: Tensor, heads: int) -> "_Groups":
        batch, time, inputs = x.shape
        chunks = max(1, -(-time // CHUNK))
        size = max(1, heads * batch * inputs * CHUNK * x.element_size())
        return cls(time, chunks, min(CHUNK, chunks, max(1, CACHE_BYTES // size)))

    def __iter__(self) -> Iterator[slice]:
        starts = range(0, self.chunks, self.most)
        return (slice(n, min(n + self.most, self.chunks)) for n in starts)

    def split(self, x: Tensor) -> Tensor:
        """(batch, time, inputs) as (inputs, batch, chunks, CHUNK)."""
        return self.fill(x.permute(2, 0, 1))

    def fill(self, x: Tensor) -> Tensor:
        """The last axis, time, as (chunks, CHUNK)."""
        more = self.chunks * CHUNK - self.time
        whole = torch.nn.functional.pad(x, (0, more)) if more else x.contiguous()
        return whole.unflatten(-1, (self.chunks, CHUNK))

    def weights(self, factors: Tensor | None) -> Tensor | None:
        """The factors, (items, heads, time), as (heads, items, chunks, CHUNK)."""
        return None if factors is None else self.fill(factors.transpose(0, 1))

    def join(self, parts: Tensor) -> Tensor:
        """What `split` made, as it was."""
        return parts.flatten(-2)[..., : self.time].permute(1, 2, 0).contiguous()


def _states(decays: _Decays, own: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
    """States of a group, (heads, inputs, batch, chunks, CHUNK), and `carry`'s."""
    heads, rows, count = len(decays.fading), own[..., 0, 0].numel(), own.shape[2]
    tokens = own.reshape(rows * count, CHUNK)
    ends = (decays.ending @ tokens.T).view(heads, rows, count)
    before = decays.carry(ends, carried)
    faded = before[..., :-1, None] * decays.fading[:, None, None]
    states = faded.view(heads, rows * count, CHUNK)
    states.baddbmm_(tokens.expand(heads, -1, -1), decays.within)
    return states.view(heads, *own.shape), before


def _late(decays: _Decays, own: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
    """The same from the last token to the first, with tokens of its own for each head.

    The second is what the group before this one begins with.
    """
    heads, rows, count = len(own), own[0, ..., 0, 0].numel(), own.shape[3]
    tokens = own.view(heads, rows * count, CHUNK)
    ends = torch.bmm(tokens, decays.ending.flip(1)[..., None]).view(heads, rows, count)
    after = decays.carry(ends.flip(2), carried)
    faded = after[..., :-1].flip(2)[..., None] * decays.fading.flip(1)[:, None, None]
    states = faded.view(heads, rows * count, CHUNK)
    states.baddbmm_(tokens, decays.within.transpose(1, 2))
    return states.view_as(own), after[..., -1]


class _Gathered(torch.autograd.Function):
    """`gather`, and the states that each group of chunks begins with."""

    @staticmethod
    def forward(
        slopes: Tensor, x: Tensor, values: Tensor, factors: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Group by group."""
        heads, (batch, _, inputs) = len(slopes), x.shape
        groups = _Groups.of(x, heads)
        decays = _Decays(slopes, groups.most)
        tokens, weights = groups.split(x), groups.weights(factors)
        rows = values.flatten(0, 1).T.contiguous()
        carried, begun = x.new_zeros(heads, inputs * batch), []
        out = x.new_empty(len(rows), *tokens.shape[1:])
        for part in groups:
            begun.append(carried)
            states, before = _states(decays, tokens[:, :, part], carried)
            carried = before[..., -1]
            if weights is not None:
                states *= weights[:, None, :, part]
            mixed = rows @ states.flatten(0, 1).flatten(1)
            out[:, :, part] = mixed.view(len(rows), *states.shape[2:])
        return groups.join(out), torch.stack(begun)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor | None, ...], output: tuple[Tensor, Tensor]
    ) -> None:
        """Keep what was given and the states that groups begin with."""
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*inputs, output[1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients in all four."""
        found: tuple[Tensor | None, ...] = _Gradients.apply(
            grads[0], *ctx.saved_tensors
        )
        return found

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Tensor | None) -> tuple[Any, Any]:
        """One after another."""
        return _one_by_one(_Gathered, info, in_dims, given)


class _Gradients(torch.autograd.Function):
    """Gradients of `gather`: a function of its own, so that it too can be mapped."""

    @staticmethod
    def forward(
        wanted: Tensor,
        slopes: Tensor,
        x: Tensor,
        values: Tensor,
        factors: Tensor | None,
        begun: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """The last group first.

        With the states' gradients l, ``l_t = e^{-p} l_{t+1} + own_t``, that of p is
        ``-e^{-p} sum_t l_t h_{t-1}``.
        """
        heads = len(slopes)
        groups = _Groups.of(x, heads)
        decays = _Decays(slopes, groups.most)
        tokens, given = groups.split(x), groups.split(wanted)
        rows, weights = values.flatten(0, 1), groups.weights(factors)
        carried = torch.zeros_like(begun[0])
        in_slopes, in_rows = torch.zeros_like(slopes), torch.zeros_like(rows)
        in_x = torch.empty_like(tokens)
        in_weights = None if weights is None else torch.empty_like(weights)
        for place, part in reversed(list(enumerate(groups))):
            states, before = _states(decays, tokens[:, :, part], begun[place])
            there = given[:, :, part].flatten(1)
            own = (rows @ there).view_as(states)
            if weights is not None and in_weights is not None:
                shared = (1,) if weights.shape[1] > 1 else (1, 2)
                in_part = (own * states).sum(shared)
                in_weights[:, :, part] = in_part.view_as(in_weights[:, :, part])
                own *= weights[:, None, :, part]
            late, carried = _late(decays, own, carried)
            in_x[:, :, part] = late.sum(0)
            earlier = (late[..., 1:] * states[..., :-1]).flatten(1).sum(1)
            first = before[..., :-1] * late[..., 0].flatten(1, 2)
            in_slopes -= earlier + first.flatten(1).sum(1)
            if weights is not None:
                states *= weights[:, None, :, part]
            in_rows += states.flatten(0, 1).flatten(1) @ there.T
        in_slopes *= torch.exp(-slopes)
        in_factors = None
        if in_weights is not None:
            in_factors = in_weights.flatten(-2)[..., : groups.time].transpose(0, 1)
        return in_slopes, groups.join(in_x), in_rows.view_as(values), in_factors

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing: there are no second derivatives."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Tensor | None) -> tuple[Any, Any]:
        """One after another."""
        return _one_by_one(_Gradients, info, in_dims, given)


def _one_by_one(
    function: type[torch.autograd.Function],
    info: Any,
    in_dims: Any,
    given: tuple[Tensor | None, ...],
) -> tuple[tuple[Tensor | None, ...], tuple[int | None, ...]]:
    """What torch.func.vmap asks of a function that does not map itself."""
    found = [
        function.apply(
            *(
                one if one is None or axis is None else one.select(axis, place)
                for one, axis in zip(given, in_dims, strict=True)
            )
        )
        for place in range(info.batch_size)
    ]
    # A gradient of factors that are not there is None.
    stacked = tuple(
        None if parts[0] is None else torch.stack(parts)
        for parts in zip(*found, strict=True)
    )
    return stacked, tuple(None if one is None else 0 for one in stacked)
