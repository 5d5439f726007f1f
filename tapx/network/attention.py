"""Multi-head attention with relative positions, as section 2 of the paper defines it.

``Attn_t(X) = W_O sum_h W_V^h sum_{s>=0} w_t^h(s) x_{t-s}``. With score "none" (the
paper's DP-free variant) the weights depend on the lag alone, so attention is a causal
convolution; with score "dot" they also depend on the tokens at both ends, with score
"tmx" (section 4.3) on the current token alone. Four evaluations give the same numbers.
A finite input is an infinite one with zero tokens before it.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tapx.checks import one_of
from tapx.network import convolution, lag_weights, recurrence, scanned
from tapx.network.heads import Heads, check_dtype

EVALUATIONS = ("dense", "last", "fft", "recurrence")


class Attention(Heads):
    """One block of attention heads; for arguments and attributes see `heads.Heads`.

    Raises:
        ValueError: as `heads.Heads`. TypeError: tokens of another dtype than its own.

    Example:
        >>> block = tapx.Attention(2, 3, "log")
        >>> tuple(block(torch.ones(1, 5, 2)).shape)
        (1, 5, 2)
        >>> block.weights(torch.arange(2)).tolist()  # log heads do not see lag 0
        [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    """

    def forward(
        self, x: Float[Tensor, "batch time dimension"], evaluation: str = "dense"
    ) -> Float[Tensor, "batch positions dimension"]:
        """Attention at every position, or at the last one only (`positions` is 1).

        Args:
            x: tokens; those before the first are zero.
            evaluation: "dense" (the reference: quadratic in time), "last" (linear),
                "fft" (time log time, no dot products) or "recurrence" (linear, lin
                without dot products).

        Raises:
            ValueError: unknown evaluation, or one that this block does not have.
            TypeError: tokens of another dtype than the block's.
        """
        one_of(evaluation, EVALUATIONS, "evaluation")
        check_dtype(x, self.value)
        if evaluation == "last":
            return self.last(x)[:, None]
        if evaluation == "fft":
            return self._fft(x)
        if evaluation == "recurrence":
            return self._recurrence(x)
        return self.gather(self.pair_weights(x), x)

    def last(
        self,
        x: Float[Tensor, "batch time inputs"],
        embedding: tuple[Tensor, Tensor | None] | None = None,
    ) -> Float[Tensor, "batch dimension"]:
        """Output at the last position.

        Args:
            x: tokens, or raw inputs where an embedding is given.
            embedding: for score "none", matrix (D, inputs) and bias (D,) or None.
                Attention is linear in the tokens, so the embedding may come after the
                sum over lags: then no embedded token but the last is ever formed.
        """
        batch, time, _ = x.shape
        first = self.position.first_lag
        if time <= first:
            return x.new_zeros(batch, self.dimension)
        # Lags in falling order run along the tokens in rising order: no flipped copy.
        lags = torch.arange(
            time - 1, first - 1, -1, dtype=self.value.dtype, device=x.device
        )
        seen = x[:, : time - first]
        if self.score != "none":
            return self._last_adaptive(x, lags, seen)
        mixers = self.value.transpose(1, 2) @ self.output.T  # (heads, D, D), x @ mixer
        offset = None
        if embedding is not None:
            matrix, bias = embedding
            offset = None if bias is None else bias @ mixers  # (heads, D)
            mixers = matrix.T @ mixers
        logits = self.position.logits(self.slopes, lags)
        total = self._infinite_sum()
        weights = lag_weights.normalise(logits, self.normalisation, total=total)
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

    def pair_weights(
        self, x: Float[Tensor, "batch time dimension"]
    ) -> Float[Tensor, "*batch heads time time"]:
        """A head's weight of each token (last axis) at each position, 0 where not seen.

        With score "none" they are the same for all inputs and have no batch axis.
        """
        place, lags, by_lag = self.pairs(x.shape[1])
        seen = lags >= self.position.first_lag
        logits = by_lag[:, lags.clamp(min=0)]
        if self.score == "none":
            total = self._infinite_sum()
            return lag_weights.normalise(logits, self.normalisation, seen, total)
        beyond = self._infinite_sum(place + 1)
        if self.score == "dot":
            logits = logits + self.products(x, x)
        else:
            term = self._token_term(x)
            logits = logits + term[..., None]
            beyond = None if beyond is None else beyond * torch.exp(term)
        return lag_weights.normalise(logits, self.normalisation, seen, None, beyond)

    def _last_adaptive(self, x: Tensor, lags: Tensor, seen: Tensor) -> Tensor:
        """`last` with score "dot" or "tmx"; `seen` are the tokens at the lags."""
        beyond = self._infinite_sum(torch.tensor(x.shape[1], device=x.device))
        if self.score == "dot":
            asked = torch.einsum("bd,hed->bhe", x[:, -1], self.query)
            asked = torch.einsum("bhe,hed->bhd", asked, self.key)
            logits = asked @ seen.transpose(1, 2)
        else:
            logits = self._token_term(x[:, -1:])
            beyond = None if beyond is None else beyond * torch.exp(logits[..., 0])
        logits = logits + self.position.logits(self.slopes, lags)
        weights = lag_weights.normalise(logits, self.normalisation, beyond=beyond)
        return self.combine((weights @ seen)[:, None])[:, 0]

    def _fft(self, x: Tensor) -> Tensor:
        if self.score == "dot":
            raise ValueError(
                "evaluation 'fft' needs score 'none' or 'tmx': with dot products "
                "attention is no convolution; use 'dense' or 'last'"
            )
        time, first = x.shape[1], self.position.first_lag
        if time <= first:
            return torch.zeros_like(x)
        lags = torch.arange(first, time, dtype=self.value.dtype, device=x.device)
        logits = self.position.logits(self.slopes, lags)
        weights, totals = lag_weights.running(
            logits, self.normalisation, self._infinite_sum()
        )
        mixers = self.value.transpose(1, 2) @ self.output.T
        out = convolution.mix_of_convolutions(
            weights, totals, x[:, : time - first], mixers, self.gates(x[:, first:])
        )
        return nn.functional.pad(out, (0, 0, first, 0))

    def _recurrence(self, x: Tensor) -> Tensor:
        recurrence.refuse(self.position.family, self.score)
        time, factors = x.shape[1], self.gates(x)
        divisor = self._infinite_sum()
        if self.normalisation == "finite":
            divisor = recurrence.totals(self.slopes, time)
        if divisor is not None:  # then there are no gates
            factors = (1 / divisor).view(1, self.heads, -1).expand(-1, -1, time)
        values = self.value.transpose(1, 2)
        return scanned.gather(self.slopes, x, values, factors) @ self.output.T

    def from_states(
        self,
        states: Float[Tensor, "heads batch positions dimension"],
        x: Float[Tensor, "batch positions dimension"],
        totals: Float[Tensor, "heads positions"] | None = None,
    ) -> Float[Tensor, "batch positions dimension"]:
        """Output at some positions of a lin block without dot products.

        The states are ``sum_s e^{-p s} x_{t-s}`` at these positions, x the tokens at
        them, the totals ``sum_s e^{-p s}`` over the lags present, for "finite" only.
        """
        divisor = totals if self.normalisation == "finite" else self._infinite_sum()
        gates = self.gates(x)
        if divisor is not None:
            states = states / divisor.reshape(self.heads, 1, -1, 1)
        if gates is not None:
            states = states * gates.transpose(0, 1)[..., None]
        return self.combine(states.permute(1, 2, 0, 3))
