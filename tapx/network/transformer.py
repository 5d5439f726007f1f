"""The paper's Transformer: no LayerNorm, residuals as in section 2, a scalar output.

``x^(0) = W_E x + b_E``; layer l adds attention, then adds its FFN; the last FFN has no
residual and reads the answer out.
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from tapx.checks import at_least, one_of
from tapx.kernels.family import LIN
from tapx.network.attention import Attention
from tapx.network.heads import check_dtype, drawing
from tapx.network.positions import PerLag, Position

# From this length on an inner layer is evaluated by FFT (see the bench's crossover).
FFT_FROM = 256
PRECISIONS = ("none", "integer", "log")
PARTS = {
    "attentions": "attention",
    "feed_forwards": "feed_forward",
    "readout": "feed_forward",
}


class Counted(nn.Module):
    """A network that knows how many numbers it has."""

    def parameter_counts(self) -> dict[str, int]:
        """Trainable numbers by part: embedding, attention, feed_forward, total.

        An unembedding counts as embedding, and a linear readout as the feed-forward
        that it stands for.
        """
        counts = dict.fromkeys(("embedding", "attention", "feed_forward"), 0)
        for name, parameter in self.named_parameters():
            part = PARTS.get(name.partition(".")[0], "embedding")
            counts[part] += parameter.numel()
        return counts | {"total": sum(counts.values())}


class FeedForward(nn.Module):
    """``sum_k a_k relu(b_k . x + c_k)``, k = 1..width, with `outputs` columns of a.

    With precision "integer" each output is rounded to the nearest whole number, with
    "log" it becomes the logarithm of the whole number, at least 1, nearest to its
    exponential (section 4 of the paper). Rounding has no useful gradient: it is for
    constructions. The biases start at zero.

    Attributes:
        inner: (width, dimension), the b_k; bias: (width,), the c_k;
        outer: (outputs, width), the a_k.
    """

    inner: Tensor
    bias: Tensor
    outer: Tensor

    def __init__(
        self,
        dimension: int,
        width: int,
        outputs: int = 1,
        *,
        precision: str = "none",
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        at_least(1, width=width)
        self.precision = one_of(precision, PRECISIONS, "precision")
        matrix = drawing(generator or torch.Generator().manual_seed(0), dtype)
        self.inner = matrix(width, dimension, scale=math.sqrt(2 / dimension))
        self.bias = nn.Parameter(torch.zeros(width, dtype=dtype))
        self.outer = matrix(outputs, width, scale=1 / math.sqrt(width))

    def forward(self, x: Float[Tensor, "*batch dimension"]) -> Tensor:
        """Shape (*batch, outputs).

        Raises:
            TypeError: tokens of another type than the weights.
        """
        check_dtype(x, self.inner)
        hidden = torch.relu(nn.functional.linear(x, self.inner, self.bias))
        out = nn.functional.linear(hidden, self.outer)
        if self.precision == "integer":
            return torch.round(out)
        if self.precision == "log":
            return torch.log(torch.round(torch.exp(out)).clamp(min=1.0))
        return out


class Transformer(Counted):
    """Tokens in, one number a position out.

    Args:
        input_dimension: d, the size of an input token.
        dimension: D, the size of a token inside the network.
        layers: L, at least 1.
        heads: heads in each layer.
        width: neurons of each FFN; ignored (None is fine) without feed-forwards.
        position, score, normalisation, slopes: as in `Attention`. A `PerLag` module is
            shared by all layers.
        feed_forward: False leaves the FFNs out; the answer is then a linear readout of
            the last attention's residual stream.
        precision: of all FFNs but the last, as in `FeedForward`.
        seed: of the initial weights; biases start at zero.
        dtype: float32 to train, float64 for constructions.

    Raises:
        ValueError: a size out of range or an unknown name.

    Example:
        >>> model = tapx.Transformer(1, 4, layers=2, heads=3, width=8, score="dot")
        >>> tuple(model(torch.ones(7, 5, 1)).shape), model.parameter_counts()["total"]
        ((7, 5), 454)
    """

    embedding: Tensor
    embedding_bias: Tensor

    def __init__(
        self,
        input_dimension: int,
        dimension: int,
        layers: int = 1,
        heads: int = 1,
        width: int | None = None,
        position: str | Position | PerLag = "lin",
        score: str = "none",
        normalisation: str = "finite",
        feed_forward: bool = True,
        *,
        precision: str = "none",
        slopes: Sequence[float] | np.ndarray | Tensor | None = None,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        at_least(1, layers=layers, input_dimension=input_dimension)
        generator = torch.Generator().manual_seed(seed)
        drawn: dict[str, Any] = {"generator": generator, "dtype": dtype}
        matrix = drawing(**drawn)
        scale = 1 / math.sqrt(input_dimension)
        self.embedding = matrix(dimension, input_dimension, scale=scale)
        self.embedding_bias = nn.Parameter(torch.zeros(dimension, dtype=dtype))
        kind = drawn | {"score": score, "normalisation": normalisation}
        self.attentions = nn.ModuleList(
            Attention(dimension, heads, position, slopes=slopes, **kind)
            for _ in range(layers)
        )
        self.feed_forwards = nn.ModuleList()
        self.register_parameter("readout", None)
        if not feed_forward:
            self.readout = matrix(1, dimension, scale=1 / math.sqrt(dimension))
            return
        if width is None:
            raise ValueError("width is needed unless feed_forward=False")
        for outputs, how in [(dimension, precision)] * (layers - 1) + [(1, "none")]:
            net = FeedForward(dimension, width, outputs, precision=how, **drawn)
            self.feed_forwards.append(net)

    def forward(
        self,
        x: Float[Tensor, "batch time input_dimension"],
        evaluation: str = "dense",
    ) -> Float[Tensor, " batch"] | Float[Tensor, "batch time"]:
        """The answer at every position; (batch,), at the last one only, with "last".

        Args:
            x: input tokens. The attention's tokens before the first are zero, which
                with a zero embedding bias means zero input tokens.
            evaluation: as in `Attention`. With "last" the inner layers take whichever
                of the others suits, and one layer alone never looks at another
                position.

        Raises:
            ValueError: unknown evaluation, or one that a layer does not have.
            TypeError: tokens of another dtype than the network's.
        """
        check_dtype(x, self.embedding)
        *inner, final = cast(list[Attention], list(self.attentions))
        if evaluation == "last" and not inner and final.score == "none":
            embedding = (self.embedding, self.embedding_bias)
            stream = nn.functional.linear(x[:, -1], *embedding)
            return self.read(stream + final.last(x, embedding))
        stream = nn.functional.linear(x, self.embedding, self.embedding_bias)
        for layer, attention in enumerate(inner):
            how = evaluation
            if evaluation == "last":
                how = _fast(attention) if x.shape[1] >= FFT_FROM else "dense"
            stream = stream + attention(stream, how)
            if self.feed_forwards:
                stream = stream + self.feed_forwards[layer](stream)
        attended = final(stream, evaluation)
        if evaluation == "last":
            return self.read(stream[:, -1] + attended[:, 0])
        return self.read(stream + attended)

    def read(self, stream: Float[Tensor, "*batch dimension"]) -> Tensor:
        """The answer, shape (*batch,), from the stream after the last attention."""
        if self.feed_forwards:
            return self.feed_forwards[-1](stream)[..., 0]
        return nn.functional.linear(stream, self.readout)[..., 0]


def _fast(attention: Attention) -> str:
    """An evaluation of all positions that is quicker than "dense", where there is one.

    Where heads cancel, as in constructions with TMX, a recurrence loses fewer digits.
    """
    if attention.score == "tmx" and attention.position.family is LIN:
        return "recurrence"
    return "fft" if attention.score == "none" else "dense"
