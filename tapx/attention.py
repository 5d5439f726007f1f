"""Multi-head attention with relative positions, as section 2 of the paper defines it.

``Attn_t(X) = W_O sum_h W_V^h sum_{s>=0} w_t^h(s) x_{t-s}``. With score "none" (the
paper's DP-free variant) the weights depend on the lag alone, so attention is a causal
convolution; with score "dot" they also depend on the tokens. Three evaluations give the
same numbers: "dense" (the reference), "last" (the last position only), "fft".

A finite input is an infinite one with zero tokens before it. The normalisations differ
in what a head divides by: "finite" by the sum over the lags present (softmax),
"infinite" by the sum over all lags, in closed form, "none" by 1.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from tapx import convolution
from tapx.choices import one_of
from tapx.positions import PerLag, Position, alibi_slopes, get

SCORES = ("none", "dot")
NORMALISATIONS = ("finite", "infinite", "none")
EVALUATIONS = ("dense", "last", "fft")


def draw(*shape: int, scale: float, generator: torch.Generator, dtype: Any) -> Tensor:
    """Normal numbers times `scale`, drawn in float64 and cast (the same everywhere)."""
    values = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return (values * scale).to(dtype)


class Attention(nn.Module):
    """One block of attention heads.

    Args:
        dimension: D, the size of a token inside the network.
        heads: H.
        position: a name for `positions.get`, a `Position`, or a `PerLag` module.
        score: "none" (weights depend on the lag alone) or "dot".
        normalisation: "finite", "infinite" or "none".
        slopes: initial slopes, one a head; ALiBi's if None.
        generator: draws the initial matrices; one seeded with 0 if None.
        dtype: type of the parameters.

    Attributes:
        slopes: (heads,), absent (None) for a per-lag encoding.
        value: (heads, D, D), a head's ``W_V``; output: (D, D), ``W_O``.
        query, key: (heads, D, D), with score "dot" only.

    Raises:
        ValueError: unknown names, a number of slopes other than `heads`, a per-lag
            encoding of other heads or another dtype, or "infinite" with a position
            function whose infinite sum has no closed form.
    """

    position: Position | PerLag
    slopes: Tensor  # None with a per-lag encoding, which never reads it
    value: Tensor
    output: Tensor
    query: Tensor
    key: Tensor

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
        """Draw the initial weights."""
        super().__init__()
        if dimension < 1 or heads < 1:
            raise ValueError(
                f"dimension and heads must be at least 1, not {dimension}, {heads}"
            )
        self.dimension, self.heads = dimension, heads
        self.position = get(position) if isinstance(position, str) else position
        self.score = one_of(score, SCORES, "score")
        self.normalisation = one_of(normalisation, NORMALISATIONS, "normalisation")
        if normalisation == "infinite" and not self.position.has_infinite_sum:
            raise ValueError(
                f"no closed form for the infinite sum of a {self.position.name!r} "
                "head; normalise with 'finite' or 'none'"
            )
        generator = generator or torch.Generator().manual_seed(0)
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

        def matrix(*size: int, scale: float) -> nn.Parameter:
            return nn.Parameter(
                draw(*size, scale=scale, generator=generator, dtype=dtype)
            )

        self.value = matrix(*shape, scale=scale / math.sqrt(heads))
        self.output = matrix(dimension, dimension, scale=scale)
        if score == "dot":
            self.query = matrix(*shape, scale=scale)
            self.key = matrix(*shape, scale=scale)

    def forward(
        self, x: Float[Tensor, "batch time dimension"], evaluation: str = "dense"
    ) -> Float[Tensor, "batch positions dimension"]:
        """Attention at every position, or at the last one only (`positions` is 1).

        Args:
            x: tokens; those before the first are zero.
            evaluation: "dense" (quadratic in time, any score), "last" (linear) or
                "fft" (time log time, score "none" only).

        Raises:
            ValueError: unknown evaluation, or "fft" with dot products.
        """
        one_of(evaluation, EVALUATIONS, "evaluation")
        if evaluation == "last":
            out = self._last_dot(x) if self.score == "dot" else self.last(x)
            return out[:, None]
        if evaluation == "fft":
            return self._fft(x)
        return self._dense(x)

    def weights(self, lags: Tensor) -> Float[Tensor, "heads lags"]:
        """A head's weight at each lag (a row of them), for score "none".

        "finite" divides by the sum over exactly these lags, as a softmax over the lags
        present does. Invisible lags have weight zero.
        """
        lags = lags.to(self.value.dtype)
        seen = lags >= self.position.first_lag
        inside = lags.clamp(min=self.position.first_lag)
        logits = self.position.logits(self.slopes, inside)
        return self._normalise(logits, seen)

    def lag_kernel(self, length: int) -> Float[Tensor, "lags dimension dimension"]:
        """``sum_h w_h(s) W_O W_V^h`` for lags 0 to length - 1, for score "none".

        Convolving the tokens with these matrices is the whole block.
        """
        lags = torch.arange(length, dtype=self.value.dtype, device=self.value.device)
        mixers = self.output @ self.value
        return torch.einsum("hs,hed->sed", self.weights(lags), mixers)

    def last(
        self,
        x: Float[Tensor, "batch time inputs"],
        embedding: tuple[Tensor, Tensor | None] | None = None,
    ) -> Float[Tensor, "batch dimension"]:
        """Output at the last position, score "none".

        Args:
            x: tokens, or raw inputs where an embedding is given.
            embedding: matrix (D, inputs) and bias (D,) or None. Attention is linear in
                the tokens, so the embedding may come after the sum over lags: then no
                embedded token but the last is ever formed.
        """
        batch, time, _ = x.shape
        first = self.position.first_lag
        mixers = self.value.transpose(1, 2) @ self.output.T  # (heads, D, D), x @ mixer
        offset = None
        if embedding is not None:
            matrix, bias = embedding
            offset = None if bias is None else bias @ mixers  # (heads, D)
            mixers = matrix.T @ mixers
        if time <= first:
            return x.new_zeros(batch, self.dimension)
        # Lags in falling order run along the tokens in rising order: no flipped copy.
        lags = torch.arange(
            time - 1, first - 1, -1, dtype=self.value.dtype, device=x.device
        )
        weights = self._visible_weights(lags)
        seen = x[:, : time - first]
        # The cheaper order; but heads that cancel, as in the constructions, lose fewer
        # digits if they cancel first.
        cheap = (self.heads + batch) * self.dimension <= batch * self.heads
        if cheap or self.normalisation == "infinite":
            kernel = weights.T @ mixers.reshape(self.heads, -1)
            out = seen.reshape(batch, -1) @ kernel.reshape(-1, self.dimension)
        else:
            pooled = torch.matmul(weights, seen)  # (batch, heads, inputs)
            out = pooled.reshape(batch, -1) @ mixers.reshape(-1, self.dimension)
        if offset is not None:
            out = out + weights.sum(-1) @ offset
        return out

    def _visible_weights(self, lags: Tensor) -> Tensor:
        """Weights where every lag is visible: the short way, few operations."""
        logits = self.position.logits(self.slopes, lags)
        if self.normalisation == "finite":
            return torch.softmax(logits, dim=-1)
        weights = torch.exp(logits)
        if self.normalisation == "infinite":
            weights = weights / self.position.infinite_sum(self.slopes)[:, None]
        return weights

    def _normalise(
        self,
        logits: Float[Tensor, "*batch lags"],
        seen: Bool[Tensor, "*#batch lags"],
        beyond: Float[Tensor, "*#batch"] | None = None,
    ) -> Float[Tensor, "*batch lags"]:
        """Weights along the last axis, zero where not seen.

        Args:
            logits: finite everywhere, also where not seen, so that no gradient is NaN.
            seen: which lags count.
            beyond: infinite sum over the lags outside the input (zero tokens there have
                logit ``p * phi``); for "infinite" with dot products only.
        """
        if self.normalisation == "finite":
            # A position that sees nothing would be 0/0: give it equal weights, then 0.
            blind = ~seen.any(-1, keepdim=True)
            logits = logits.masked_fill(~seen & ~blind, -math.inf)
            return torch.softmax(logits, dim=-1).masked_fill(~seen, 0.0)
        weights = torch.exp(logits.masked_fill(~seen, -math.inf))
        if self.normalisation == "none":
            return weights
        if beyond is None:  # the heads stand first, and no token enters the sum
            total = self.position.infinite_sum(self.slopes)
            return weights / total.reshape(-1, *[1] * (weights.dim() - 1))
        return weights / (weights.sum(-1) + beyond)[..., None]

    def _dense(self, x: Tensor) -> Tensor:
        """The reference: every weight of every position formed, one row a position."""
        batch, time, _ = x.shape
        place = torch.arange(time, device=x.device)
        lags = place[:, None] - place
        first = self.position.first_lag
        seen = lags >= first
        by_lag = self.position.logits(
            self.slopes, place.to(self.value.dtype).clamp(min=first)
        )
        logits = by_lag[:, lags.clamp(min=0)]
        if self.score == "none":
            weights = self._normalise(logits, seen)
            # (heads, T, T) @ (T, batch * D): the batch becomes columns, since torch
            # would copy the weights once for every batch item.
            columns = x.transpose(0, 1).reshape(time, -1)
            mixed = (weights @ columns).reshape(self.heads, time, batch, -1)
            mixed = mixed.permute(2, 1, 0, 3)
        else:
            asked = torch.einsum("btd,hed->bhte", x, self.query)
            offered = torch.einsum("btd,hed->bhte", x, self.key)
            logits = logits + asked @ offered.transpose(-1, -2)
            weights = self._normalise(logits, seen, self._beyond(place + 1))
            mixed = (weights.reshape(batch, -1, time) @ x).reshape(
                batch, self.heads, time, -1
            )
            mixed = mixed.transpose(1, 2)
        return self._combine(mixed)

    def _beyond(self, first: Tensor) -> Tensor:
        """Infinite sums over the lags from `first` on, (heads, *first.shape)."""
        if self.normalisation != "infinite":
            return self.value.new_zeros(())
        return self.position.infinite_sum(self.slopes, first)

    def _last_dot(self, x: Tensor) -> Tensor:
        batch, time, _ = x.shape
        first = self.position.first_lag
        if time <= first:
            return x.new_zeros(batch, self.dimension)
        lags = torch.arange(
            time - 1, first - 1, -1, dtype=self.value.dtype, device=x.device
        )
        past = x[:, : time - first]
        asked = torch.einsum("bd,hed->bhe", x[:, -1], self.query)
        asked = torch.einsum("bhe,hed->bhd", asked, self.key)
        logits = asked @ past.transpose(1, 2)
        logits = logits + self.position.logits(self.slopes, lags)
        seen = torch.ones_like(lags, dtype=torch.bool)
        beyond = self._beyond(torch.tensor(time, device=x.device))
        weights = self._normalise(logits, seen, beyond)
        return self._combine((weights @ past)[:, None])[:, 0]

    def _combine(
        self, mixed: Float[Tensor, "batch positions heads dimension"]
    ) -> Float[Tensor, "batch positions dimension"]:
        """``W_O sum_h W_V^h`` of what each head gathered."""
        values = self.value.transpose(1, 2).reshape(-1, self.dimension)
        return mixed.flatten(2) @ values @ self.output.T

    def _fft(self, x: Tensor) -> Tensor:
        if self.score != "none":
            raise ValueError(
                "evaluation 'fft' needs score 'none': with dot products attention is "
                "no convolution; use 'dense' or 'last'"
            )
        time, first = x.shape[1], self.position.first_lag
        if time <= first:
            return torch.zeros_like(x)
        lags = torch.arange(first, time, dtype=self.value.dtype, device=x.device)
        logits = self.position.logits(self.slopes, lags)
        if self.normalisation == "finite":
            # Position t divides by the sum over lags up to t, so only the shape of the
            # weights is convolved; the division comes after.
            logits = logits - logits.detach().amax(-1, keepdim=True)
            weights = torch.exp(logits)
            totals = torch.cumsum(weights, -1)
            convolution.refuse_lost_digits(totals)
        else:
            weights, totals = self._visible_weights(lags), None
        mixers = self.value.transpose(1, 2) @ self.output.T
        out = convolution.mix_of_convolutions(
            weights, totals, x[:, : time - first], mixers
        )
        return nn.functional.pad(out, (0, 0, first, 0))
