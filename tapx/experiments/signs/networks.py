"""Exact answers to the toy targets with one free number a lag, weights written down.

One head is enough for every target of M tokens of a few levels. Its softmax weights sit
on the M lags, in proportions of powers of the number of levels, so the number it pools
names the pattern, and a piecewise linear function of one number answers. A network with
one neuron for each pattern is such a function. Where the target on signs is a constant
plus an equal multiple of every token, equal proportions do and two neurons are enough,
or one if no answer is negative.

The error is certified: the pooled number is off by at most the weight that softmax
leaves elsewhere, and the network's steepest slope says what that costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from flint import arb
from jaxtyping import Float
from torch import Tensor

from tapx.experiments import models
from tapx.kernels.balls import precision
from tapx.kernels.windows import round_up
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer
from tapx.targets.signs import ToyTarget, spaced

GAP = 100.0
"""How far the logits of the lags asked for stand above the rest, which are 0."""

NEGLIGIBLE = 1e-12
"""Relative difference below which two answers, or two coefficients, count as equal;
relative size below which a coefficient counts as zero."""


class FreeNetwork(NamedTuple):
    """A network that answers a toy target, and the error that it has at most.

    One layer, one head, tokens of dimension 2, float64. The errors are upper bounds for
    exactly the numbers in the model, in exact arithmetic: the mean squared one over
    independent tokens, and the worst absolute one over all inputs of such tokens.
    """

    model: Transformer
    mse: float
    worst: float

    @property
    def width(self) -> int:
        """Neurons."""
        return len(self.model.state_dict()["feed_forwards.0.bias"])

    def worst_on(self, target: ToyTarget, count: int, seed: int) -> float:
        """Largest absolute error found on `count` inputs of random tokens."""
        draws, shape = torch.Generator().manual_seed(seed), (count, target.length)
        drawn = torch.randint(0, target.levels, shape, generator=draws)
        values = torch.tensor(spaced(target.levels), dtype=torch.float64)
        tokens = values[drawn]  # column s holds the token at lag s
        with torch.no_grad():
            answers = self.model(tokens.flip(1)[..., None], "last")
        return float((answers - target(tokens)).abs().max())


def free_network(target: ToyTarget) -> FreeNetwork:
    """One head and at most levels^M neurons that answer a target of M tokens.

    The first coordinate of a token inside the model is the token, the second is 0 and
    takes what the head pools. The FFN reads the second.
    """
    sizes = _proportions(target)
    shares = sizes / sizes.sum()
    patterns, answers = target.table()
    pooled = np.array([math.fsum(row) for row in patterns * shares])
    inner, bias, outer = _network(*_graph(pooled, answers))
    logits = torch.zeros(1, target.length, dtype=torch.float64)
    logits[0, list(target.lags)] = shown_logits(sizes)
    read = torch.from_numpy(np.stack([np.zeros_like(inner), inner], 1))
    state = {
        "attentions.0.position.bias": logits,
        "attentions.0.value": torch.tensor([[[0.0, 0.0], [1.0, 0.0]]]),
        "feed_forwards.0.inner": read,
        "feed_forwards.0.bias": torch.from_numpy(bias),
        "feed_forwards.0.outer": torch.from_numpy(outer)[None],
    }
    free = PerLag(1, target.length, torch.float64)
    model = models.written(state, free, width=len(bias))
    worst = _worst(target, logits[0].tolist(), inner, bias, outer)
    return FreeNetwork(model, round_up(worst * worst), round_up(worst))


def shown_logits(sizes: Iterable[float]) -> Float[Tensor, " lags"]:
    """Logits of the lags asked for whose softmax weights are in these proportions."""
    # Not torch's or numpy's logarithm, whose last bit depends on the processor.
    logits = [GAP + math.log(size) for size in sizes]
    return torch.tensor(logits, dtype=torch.float64)


def _proportions(target: ToyTarget) -> np.ndarray:
    """Softmax weights up to a factor: on signs equal ones if they do, powers else."""
    powers = float(target.levels) ** np.arange(len(target.lags))
    if target.levels > 2:
        return powers
    walsh = target.walsh()
    single = np.array([walsh[(lag,)] for lag in target.lags])
    mixed = max((abs(c) for lags, c in walsh.items() if len(lags) > 1), default=0.0)
    scale = NEGLIGIBLE * max(map(abs, walsh.values()))
    if mixed <= scale and np.ptp(single) <= scale:
        return np.ones(len(single))
    return powers


def _graph(pooled: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct pooled numbers, ascending, and the answers that belong to them."""
    order = np.argsort(pooled, kind="stable")
    first = np.append(True, np.diff(pooled[order]) > NEGLIGIBLE)
    return pooled[order][first], answers[order][first]


def _network(
    knots: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inner weights, biases and outer weights of a network through all points.

    ``values[0] + sum_i change_i relu(p - knots_i)``, the constant as a neuron with no
    input. A line with no negative value is a single neuron.
    """
    slopes = np.diff(values) / np.diff(knots)
    changes = np.diff(slopes, prepend=0.0)
    kept = np.abs(changes) > NEGLIGIBLE * np.abs(slopes).max(initial=0.0)
    if kept.sum() == 1 and kept[0] and values.min() >= 0:
        return slopes[:1], values[:1] - slopes[:1] * knots[:1], np.ones(1)
    inner, bias = np.append(0.0, np.ones(kept.sum())), np.append(1.0, -knots[:-1][kept])
    return inner, bias, np.append(values[0], changes[kept])


def _worst(
    target: ToyTarget,
    logits: Sequence[float],
    inner: np.ndarray,
    bias: np.ndarray,
    outer: np.ndarray,
) -> arb:
    """Enclose the largest error: at every pattern, plus what other tokens can move."""
    with precision(256):
        asked = [arb(logits[lag]).exp() for lag in target.lags]
        rest = arb(target.length - len(asked))  # logits 0
        total = sum(asked, rest)
        neurons = [tuple(map(arb, n)) for n in zip(inner, bias, outer, strict=True)]
        steep = sum((abs(a * b) for b, _, a in neurons), arb(0))
        largest = arb(0)
        for tokens, answer in zip(*target.table(), strict=True):
            terms = (w * arb(x) for w, x in zip(asked, tokens, strict=True))
            pooled = sum(terms, arb(0)) / total
            found = sum((a * (b * pooled + c).max(0) for b, c, a in neurons), arb(0))
            largest = largest.max(abs(found - arb(float(answer))))
        return largest + steep * rest / total
