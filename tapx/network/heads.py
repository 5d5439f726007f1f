"""What a block of attention heads holds, and the parts that its evaluations share."""

import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from tapx.checks import at_least, one_of
from tapx.network import lag_weights
from tapx.network.lag_weights import NORMALISATIONS
from tapx.network.positions import PerLag, Position, alibi_slopes, get

SCORES = ("none", "dot", "tmx")


def drawing(
    generator: torch.Generator, dtype: torch.dtype
) -> Callable[..., nn.Parameter]:
    """What draws a parameter of some shape: normal numbers times `scale`.

    Drawn in float64 and cast, so they are the same everywhere.
    """

    def matrix(*shape: int, scale: float) -> nn.Parameter:
        values = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return nn.Parameter((values * scale).to(dtype))

    return matrix


def check_dtype(x: Tensor, weights: Tensor) -> None:
    """Refuse, by a TypeError, tokens of another type than the weights they meet."""
    if x.dtype != weights.dtype:
        raise TypeError(
            f"tokens of {x.dtype} do not fit weights of {weights.dtype}: give "
            f"x.to({weights.dtype}), or build with dtype={x.dtype}"
        )


class Heads(nn.Module):
    """One block of attention heads.

    Args:
        dimension: D, the size of a token inside the network.
        heads: H.
        position: a name for `positions.get`, a `Position`, or a `PerLag` module.
        score: "none" (weights depend on the lag alone), "dot" (dot products), or
            "tmx" (logits ``p (phi(s) - phi(w . x_t))``, with lin and log only, phi
            continued as in `Position.continued`).
        normalisation: "finite", "infinite" or "none".
        slopes: initial slopes, one a head; ALiBi's if None.
        generator: draws the initial matrices; one seeded with 0 if None.
        dtype: type of the parameters.

    Attributes:
        slopes: (heads,), absent (None) for a per-lag encoding.
        value: (heads, D, D), a head's ``W_V``; output: (D, D), ``W_O``.
        query, key: (heads, D, D), with score "dot" only.
        direction: (heads, D), TMX's w, with score "tmx" only.

    Raises:
        ValueError: unknown names, a number of slopes other than `heads`, a per-lag
            encoding of other heads or another dtype, "infinite" with a position
            function whose infinite sum has no closed form, or "tmx" with one other
            than lin and log.
    """

    position: Position | PerLag
    slopes: Tensor  # None with a per-lag encoding, which never reads it
    value: Tensor
    output: Tensor
    query: Tensor
    key: Tensor
    direction: Tensor

    def __init__(
        self,
        dimension: int,
        heads: int,
        position: str | Position | PerLag = "lin",
        *,
        score: str = "none",
        normalisation: str = "finite",
        slopes: Sequence[float] | np.ndarray | Tensor | None = None,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        at_least(1, dimension=dimension, heads=heads)
        self.dimension, self.heads = dimension, heads
        self.position = get(position) if isinstance(position, str) else position
        self.score = one_of(score, SCORES, "score")
        self.normalisation = one_of(normalisation, NORMALISATIONS, "normalisation")
        if normalisation == "infinite" and not self.position.has_infinite_sum:
            raise ValueError(
                f"no closed form for the infinite sum of a {self.position.name!r} "
                "head; normalise with 'finite' or 'none'"
            )
        if score == "tmx" and self.position.family is None:
            raise ValueError(
                f"score 'tmx' needs position 'lin' or 'log', not {self.position.name!r}"
            )
        self.register_parameter("slopes", None)
        if isinstance(self.position, PerLag):
            bias = self.position.bias
            if len(bias) != heads or bias.dtype != dtype:
                raise ValueError(
                    f"a per-lag encoding of {len(bias)} heads in {bias.dtype} does not "
                    f"fit attention of {heads} heads in {dtype}"
                )
        else:
            start = alibi_slopes(heads) if slopes is None else torch.as_tensor(slopes)
            if start.shape != (heads,):
                raise ValueError(
                    f"{heads} heads need {heads} slopes, not {tuple(start.shape)}"
                )
            self.slopes = nn.Parameter(start.detach().clone().to(dtype))
        shape = (heads, dimension, dimension)
        scale = 1 / math.sqrt(dimension)
        matrix = drawing(generator or torch.Generator().manual_seed(0), dtype)
        self.value = matrix(*shape, scale=scale / math.sqrt(heads))
        self.output = matrix(dimension, dimension, scale=scale)
        if score == "dot":
            self.query = matrix(*shape, scale=scale)
            self.key = matrix(*shape, scale=scale)
        if score == "tmx":
            self.direction = matrix(heads, dimension, scale=scale)

    def weights(self, lags: Tensor) -> Float[Tensor, "heads lags"]:
        """A head's weight at each lag (a row of them), for score "none".

        "finite" divides by the sum over exactly these lags, as a softmax over the lags
        present does. Invisible lags have weight zero.
        """
        lags = lags.to(self.value.dtype)
        seen = lags >= self.position.first_lag
        inside = lags.clamp(min=self.position.first_lag)
        logits = self.position.logits(self.slopes, inside)
        return lag_weights.normalise(
            logits, self.normalisation, seen, self._infinite_sum()
        )

    def lag_kernel(self, length: int) -> Float[Tensor, "lags dimension dimension"]:
        """``sum_h w_h(s) W_O W_V^h`` for lags 0 to length - 1, for score "none".

        Convolving the tokens with these matrices is the whole block.
        """
        lags = torch.arange(length, dtype=self.value.dtype, device=self.value.device)
        mixers = self.output @ self.value
        return torch.einsum("hs,hed->sed", self.weights(lags), mixers)

    def _infinite_sum(self, first: Tensor | None = None) -> Tensor | None:
        """`Position.infinite_sum` of the heads where the normalisation asks for it."""
        if self.normalisation != "infinite":
            return None
        return self.position.infinite_sum(self.slopes, first)

    def pairs(
        self, time: int
    ) -> tuple[Int[Tensor, " time"], Int[Tensor, "time time"], Tensor]:
        """The places in an input, the lags between them, and the logits by lag.

        The logits, (heads, time), are finite and mean nothing at lags not seen.
        """
        place = torch.arange(time, device=self.value.device)
        lags = place[:, None] - place
        inside = place.to(self.value.dtype).clamp(min=self.position.first_lag)
        return place, lags, self.position.logits(self.slopes, inside)

    def _token_term(
        self, x: Float[Tensor, "batch positions dimension"]
    ) -> Float[Tensor, "batch heads positions"]:
        """What TMX adds to all logits of a position: ``-p phi(w . x_t)``."""
        inner = torch.einsum("btd,hd->bht", x, self.direction)
        return -self.slopes[:, None] * cast(Position, self.position).continued(inner)

    def gates(self, x: Tensor) -> Float[Tensor, "batch heads positions"] | None:
        """``e^{-p phi(w . x_t)}``, by which TMX multiplies a head's output, or None.

        Every normalisation but "none" divides it out again: the sum that it divides by
        has the same factor in each of its terms.
        """
        if self.score != "tmx" or self.normalisation != "none":
            return None
        return torch.exp(self._token_term(x))

    def products(self, x: Tensor, past: Tensor) -> Float[Tensor, "batch heads x past"]:
        """What score "dot" adds to the logits: queries of x times keys of the past."""
        asked = torch.einsum("btd,hed->bhte", x, self.query)
        offered = torch.einsum("btd,hed->bhte", past, self.key)
        return asked @ offered.transpose(-1, -2)

    def gather(
        self, weights: Float[Tensor, "*batch heads positions time"], x: Tensor
    ) -> Float[Tensor, "batch positions dimension"]:
        """The block's output where heads have these weights, for all inputs or each."""
        if weights.dim() == 4:
            mixed = (weights.flatten(1, 2) @ x).reshape(*weights.shape[:3], -1)
            return self.combine(mixed.transpose(1, 2))
        # (heads, positions, T) @ (T, batch * D): the batch becomes columns, since torch
        # would copy the weights once for every batch item.
        columns = x.transpose(0, 1).reshape(x.shape[1], -1)
        mixed = (weights @ columns).reshape(*weights.shape[:2], len(x), -1)
        return self.combine(mixed.permute(2, 1, 0, 3))

    def combine(
        self, mixed: Float[Tensor, "batch positions heads dimension"]
    ) -> Float[Tensor, "batch positions dimension"]:
        """``W_O sum_h W_V^h`` of what each head gathered."""
        values = self.value.transpose(1, 2).reshape(-1, self.dimension)
        return mixed.flatten(2) @ values @ self.output.T
