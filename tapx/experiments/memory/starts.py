"""Where a descent begins: at drawn weights, or at a kernel that is given.

The models are those of experiments 4a and 4b: one attention layer without dot products,
a residual connection, a linear readout, scalar tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from tapx.checks import one_of
from tapx.experiments.training import INITIAL_SLOPES
from tapx.network.attention import Attention
from tapx.network.positions import Position
from tapx.network.transformer import Transformer

INITIAL_RATES = ("geometric", "equal", "window", "random")
"""Names of initial rates: ALiBi's; all 1; spread evenly in the logarithm from one over
the longest lag to 1; drawn evenly in the logarithm from the same range."""


def initial_rates(name: str, heads: int, lags: int, seed: int = 0) -> np.ndarray:
    """Rates to start from, (heads,), one of :data:`INITIAL_RATES`.

    Args:
        name: which.
        heads: at least 1.
        lags: T, the length of the window.
        seed: of the "random" ones.

    Raises:
        ValueError: an unknown name.
    """
    one_of(name, INITIAL_RATES, "initial rates")
    if name in INITIAL_SLOPES:
        return np.array(INITIAL_SLOPES[name](heads))
    if name == "window":
        return np.geomspace(1 / lags, 1.0, heads)
    draw = np.random.Generator(np.random.PCG64([seed, heads]))
    return np.exp(draw.uniform(-math.log(lags), 0.0, heads))


def models(
    rates: str,
    heads: int,
    lags: int,
    seeds: Sequence[int],
    position: str = "lin",
    dimension: int = 2,
) -> list[Transformer]:
    """Models of experiment 4a with drawn weights, float32, one for each seed.

    Raises:
        ValueError: no seed, or an unknown name of rates or position.
    """
    if not seeds:
        raise ValueError("seeds: give at least one")
    return [
        Transformer(
            1,
            dimension,
            heads=heads,
            position=position,
            feed_forward=False,
            slopes=initial_rates(rates, heads, lags, seed),
            seed=seed,
        )
        for seed in seeds
    ]


def at_kernel(
    rates: Sequence[float] | np.ndarray,
    weights: Sequence[float] | np.ndarray,
    lags: int,
    position: str = "lin",
) -> Transformer:
    """The model whose kernel on lags 1 to ``lags - 1`` is given, float64, D = 2.

    The construction of Theorem 3.1 for one memory: the embedding writes the token into
    the first coordinate, head h moves ``c_h`` times what it gathered into the second,
    which the readout reads. ``c_h`` is the weight times the softmax denominator. At
    lag 0 the readout takes away what the heads see there, so the kernel is 0.

    Args:
        rates: (heads,) positive.
        weights: (heads,) of the decays ``exp(-rate s)`` or ``s**-rate``.
        lags: T, the number of lags in the softmax.
        position: "lin" or "log".

    Raises:
        ValueError: other numbers of weights than of rates, or an unknown position.
    """
    if len(rates) != len(weights):
        raise ValueError(
            f"{len(weights)} weights for {len(rates)} rates: give one for each"
        )
    heads = len(rates)
    slopes, sizes = (np.array(given, dtype=float) for given in (rates, weights))
    made = Transformer(
        *(1, 2),
        heads=heads,
        position=position,
        feed_forward=False,
        slopes=slopes,
        dtype=torch.float64,
    )
    attention = made.attentions[0]
    assert isinstance(attention, Attention) and isinstance(attention.position, Position)
    phi = attention.position(torch.arange(lags, dtype=torch.float64))
    decays = np.exp(slopes[:, None] * phi.numpy())
    value = torch.zeros(heads, 2, 2, dtype=torch.float64)
    value[:, 1, 0] = torch.from_numpy(sizes * decays.sum(1))
    at_zero = float((sizes * decays[:, 0]).sum())
    with torch.no_grad():
        made.embedding.copy_(torch.tensor([[1.0], [0.0]]))
        made.readout.copy_(torch.tensor([[-at_zero, 1.0]], dtype=torch.float64))
        attention.output.copy_(torch.eye(2))
        attention.value.copy_(value)
    return made
