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
from tapx.experiments.models import drawn_model, kernel_model
from tapx.experiments.training import INITIAL_SLOPES
from tapx.network.positions import get
from tapx.network.transformer import Transformer

INITIAL_RATES = ("geometric", "equal", "window", "random")
"""Names of initial rates: ALiBi's; all 1; spread evenly in the logarithm from one over
the longest lag to 1; drawn evenly in the logarithm from the same range."""


def initial_rates(name: str, heads: int, lags: int, seed: int = 0) -> np.ndarray:
    """Rates to start from on a window of `lags`, (heads,), by :data:`INITIAL_RATES`.

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
    rates: str, heads: int, lags: int, seeds: Sequence[int], position: str = "lin"
) -> list[Transformer]:
    """Models of experiment 4a, D = 2, with drawn weights, float32, one for each seed.

    Raises:
        ValueError: no seed, or an unknown name of rates or position.
    """
    if not seeds:
        raise ValueError("seeds: give at least one")
    drawn = [(initial_rates(rates, heads, lags, seed), seed) for seed in seeds]
    return [drawn_model(position, *one, 2, lags, feed_forward=False) for one in drawn]


def at_kernel(
    rates: Sequence[float] | np.ndarray,
    weights: Sequence[float] | np.ndarray,
    lags: int,
    position: str = "lin",
) -> Transformer:
    """The `kernel_model` whose kernel on lags 1 to ``lags - 1`` is given.

    A size is the weight times the softmax denominator. At lag 0 the readout takes away
    what the heads see there, so the kernel is 0.

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
    slopes, sizes = (np.array(given, dtype=float) for given in (rates, weights))
    phi = get(position)(torch.arange(lags, dtype=torch.float64))
    decays = np.exp(slopes[:, None] * phi.numpy())
    at_zero = -float((sizes * decays[:, 0]).sum())
    return kernel_model(sizes * decays.sum(1), at_zero, position, slopes=slopes)
