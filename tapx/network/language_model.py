"""The paper's Transformer as a decoder-only language model.

The blocks of :class:`tapx.network.transformer.Transformer`: attention and feed-forward
each add to the stream, and **there is no LayerNorm**. Four things are ours. A token is
a row of a table (a one-hot input times ``W_E``; the bias ``b_E`` is part of the row).
The last feed-forward adds to the stream like the others, and a matrix of its own, the
unembedding, reads the stream out. The matrices that write to the stream start
``sqrt(2 * layers)`` times smaller, as in GPT-2, since nothing else keeps the stream's
size in bounds. And slopes stay positive: they are trained as their logarithms.
"""

import math
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tapx.checks import at_least, one_of
from tapx.kernels.family import LIN
from tapx.network.attention import Attention
from tapx.network.heads import drawing
from tapx.network.transformer import Counted, FeedForward

POSITIONS = ("log", "lin")  # the paper's
LARGEST_SLOPE = 4.0  # initial slopes fall from here to 1/16 in each layer
DENSE_UP_TO = 192  # context up to which score "none" is quicker dense than by FFT


class _Exponential(nn.Module):
    """A positive number, kept as its logarithm."""

    def forward(self, logarithm: Tensor) -> Tensor:
        return torch.exp(logarithm)

    def right_inverse(self, value: Tensor) -> Tensor:
        return torch.log(value)


class LanguageModel(Counted):
    """Token ids in, logits of the next token out.

    Args:
        vocabulary: number of token ids, at least 2.
        dimension, layers, heads: D, L and H, as in `Transformer`.
        width: m, neurons of each feed-forward; 4 D if None.
        position: "log" or "lin".
        score: as in `Attention`.
        normalisation: as in `Attention`. None: "finite" (softmax), and "none" with
            TMX, since a softmax cancels TMX's token-dependent term. Without
            normalisation the values start smaller by the head's sum over `context`.
        context: longest stretch of tokens that is looked at, at least 2.
        seed: of the initial weights.
        dtype: float32 to train.

    Raises:
        ValueError: a size out of range or an unknown name.

    Example:
        >>> model = tapx.LanguageModel(5, 4, layers=2, heads=2)
        >>> tuple(model(torch.tensor([[0, 1, 2]])).shape)
        (1, 3, 5)
    """

    embedding: Tensor
    unembedding: Tensor

    def __init__(
        self,
        vocabulary: int,
        dimension: int,
        layers: int = 1,
        heads: int = 1,
        width: int | None = None,
        position: str = "log",
        score: str = "dot",
        normalisation: str | None = None,
        *,
        context: int = 64,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        one_of(position, POSITIONS, "position")
        at_least(2, vocabulary=vocabulary, context=context)
        at_least(1, layers=layers)
        self.context = context
        generator = torch.Generator().manual_seed(seed)
        drawn: dict[str, Any] = {"generator": generator, "dtype": dtype}
        matrix = drawing(**drawn)
        if normalisation is None:
            normalisation = "none" if score == "tmx" else "finite"
        self.embedding = matrix(vocabulary, dimension, scale=1.0)
        kind = drawn | {"score": score, "normalisation": normalisation}
        slopes = initial_slopes(heads)
        self.attentions = nn.ModuleList(
            Attention(dimension, heads, position, slopes=slopes, **kind)
            for _ in range(layers)
        )
        width = 4 * dimension if width is None else width
        self.feed_forwards = nn.ModuleList(
            FeedForward(dimension, width, dimension, **drawn) for _ in range(layers)
        )
        self.unembedding = matrix(vocabulary, dimension, scale=0.5 / dimension)
        self._begin_small()
        for attention in self.attentions:
            parametrize.register_parametrization(attention, "slopes", _Exponential())

    @torch.no_grad()
    def _begin_small(self) -> None:
        """Scale what writes to the stream at the start."""
        blocks = self.blocks()
        for attention, net in blocks:
            attention.output /= math.sqrt(2 * len(blocks))
            net.outer /= math.sqrt(2 * len(blocks))
            if attention.score == "dot":
                # Queries and keys of norm near 1: the paper does not divide their
                # product, whose spread sqrt(D) would make the first softmax peaked.
                attention.query /= math.sqrt(attention.dimension)
                attention.key /= math.sqrt(attention.dimension)
            if attention.score == "tmx":
                # Else e^{p w.x}, which multiplies a head, starts beyond all bounds.
                attention.direction /= 10 * LARGEST_SLOPE
            if attention.normalisation == "none":
                total = attention.weights(torch.arange(self.context)).sum(-1)
                gates = attention.gates(total.new_zeros(1, 1, attention.dimension))
                if gates is not None:
                    total = total * gates[0, :, 0]
                attention.value /= total[:, None, None]

    def blocks(self) -> list[tuple[Attention, FeedForward]]:
        """The layers, each an attention and a feed-forward."""
        return [
            (cast(Attention, attention), cast(FeedForward, net))
            for attention, net in zip(self.attentions, self.feed_forwards, strict=True)
        ]

    def forward(
        self, tokens: Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time vocabulary"]:
        """Logits of the token after each position."""
        stream = nn.functional.embedding(tokens, self.embedding)
        for attention, net in self.blocks():
            stream = stream + attend(attention, stream)
            stream = stream + net(stream)
        return nn.functional.linear(stream, self.unembedding)

    @torch.no_grad()
    def generate(
        self,
        prompt: list[int] | Int[Tensor, " prompt"],
        length: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[int]:
        """New tokens, at least one, drawn one after another.

        Args:
            prompt: at least one id; only the last `context` ids are seen.
            length: number of new tokens.
            temperature: divides the logits; 0 takes the likeliest token.
            seed: of the draws.

        Raises:
            ValueError: an empty prompt, an unknown id, or a number out of range.
        """
        ids = [int(one) for one in prompt]
        vocabulary = len(self.embedding)
        wrong = [one for one in ids if not 0 <= one < vocabulary]
        if not ids or wrong:
            what = f"id {wrong[0]}" if wrong else "empty"
            raise ValueError(f"prompt: {what}; give ids 0 to {vocabulary - 1}")
        if length < 1 or not 0 <= temperature < math.inf:
            raise ValueError(
                f"length={length}, temperature={temperature}: give at least 1 and 0"
            )
        generator = torch.Generator().manual_seed(seed)
        for _ in range(length):
            seen = torch.tensor([ids[-self.context :]], device=self.embedding.device)
            logits = self(seen)[0, -1].double().cpu()
            if temperature == 0:
                ids.append(int(logits.argmax()))
            else:
                chances = torch.softmax(logits / temperature, -1)
                ids.append(int(torch.multinomial(chances, 1, generator=generator)))
        return ids[-length:]


def initial_slopes(heads: int) -> list[float]:
    """Slopes from 4 to 1/16, equally spaced in their logarithm; one head has 1/2.

    ALiBi's begin at 1/2, which for a log head is close to an average of all tokens.
    """
    if heads == 1:
        return [LARGEST_SLOPE / 8]
    return [LARGEST_SLOPE * 64.0 ** (-h / (heads - 1)) for h in range(heads)]


def attend(
    attention: Attention, x: Float[Tensor, "batch time dimension"]
) -> Float[Tensor, "batch time dimension"]:
    """What the block returns at every position, by the quickest evaluation there is.

    Dot products under a softmax are evaluated here, with half of the passes over the
    (batch, heads, time, time) weights that `Attention`'s reference needs.
    """
    if attention.score == "dot" and attention.normalisation == "finite":
        return _softmax_of_dot_products(attention, x)
    if attention.score == "none" and x.shape[1] <= DENSE_UP_TO:
        return attention(x)
    if attention.score == "tmx" and attention.position.family is LIN:
        return attention(x, "recurrence")
    return attention(x, "dense" if attention.score == "dot" else "fft")


def _softmax_of_dot_products(attention: Attention, x: Tensor) -> Tensor:
    batch, time, size = x.shape
    heads, first = attention.heads, attention.position.first_lag
    place, lags, by_lag = attention.pairs(time)
    # A position that sees nothing (the first, to log heads) takes itself: 0 below.
    unseen = (lags < first) & ~((lags == 0) & (place[:, None] < first))
    bias = by_lag[:, lags.clamp(min=0)].masked_fill(unseen, -math.inf)

    def project(matrices: Tensor) -> Tensor:
        rows = nn.functional.linear(x, matrices.reshape(-1, size))
        return rows.view(batch, time, heads, size).transpose(1, 2)

    asked, offered = project(attention.query), project(attention.key)
    logits = asked @ offered.transpose(-1, -2) + bias
    weights = torch.softmax(logits, -1)
    gathered = (weights.view(batch, -1, time) @ x).view(batch, heads, time, size)
    if first:
        gathered = gathered * (place >= first).to(x.dtype)[:, None]
    return attention.combine(gathered.transpose(1, 2))
