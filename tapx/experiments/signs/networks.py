"""Exact answers to the toy targets with one free number a lag, weights written down.

One head is enough for every target of M tokens -1 or 1. Its softmax weights sit on the
M lags, in the proportions 1 : 2 : 4 : ..., so the number it pools names the pattern of
signs, and a piecewise linear function of one number answers. A network with one neuron
for each pattern is such a function. Where the target is a constant plus an equal
multiple of every token, equal proportions do and two neurons are enough, or one if no
answer is negative.

The error is certified: the pooled number is off by at most the weight that softmax
leaves elsewhere, and the network's steepest slope says what that costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from flint import arb, ctx

from tapx.kernels.windows import round_up
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer
from tapx.targets.signs import ToyTarget

GAP = 100.0
"""How far the logits of the lags asked for stand above the rest, which are 0."""

NEGLIGIBLE = 1e-12
"""Relative difference below which two answers, or two coefficients, count as equal;
relative size below which a coefficient counts as zero."""


@dataclass(frozen=True, eq=False)
class FreeNetwork:
    """A network that answers a toy target, and the error that it has at most.

    Attributes:
        model: one layer, one head, tokens of dimension 2, float64.
        mse: upper bound on the mean squared error over independent signs, of exactly
            the numbers in the model, in exact arithmetic.
        worst: upper bound on the absolute error over all inputs of signs.
    """

    model: Transformer
    mse: float
    worst: float

    @property
    def width(self) -> int:
        """Neurons."""
        return len(self.model.state_dict()["feed_forwards.0.bias"])

    def worst_on(self, target: ToyTarget, count: int, seed: int) -> float:
        """Largest absolute error found on `count` inputs of random signs."""
        draws = torch.Generator().manual_seed(seed)
        signs = torch.randint(0, 2, (count, target.length), generator=draws)
        tokens = 2.0 * signs.double() - 1  # column s holds the token at lag s
        with torch.no_grad():
            answers = self.model(tokens.flip(1)[..., None], "last")
        return float((answers - target(tokens)).abs().max())


def free_network(target: ToyTarget) -> FreeNetwork:
    """One head and at most 2^M neurons that answer a target of M tokens.

    The first coordinate of a token inside the model is the token, the second is 0 and
    takes what the head pools. The FFN reads the second.
    """
    sizes = _proportions(target)
    shares = sizes / sizes.sum()
    signs, answers = target.table()
    pooled_signs = np.array([math.fsum(row) for row in signs * shares])
    knots, values = _graph(pooled_signs, answers)
    inner, bias, outer = _network(knots, values)
    model = Transformer(
        1,
        2,
        heads=1,
        width=len(inner),
        position=PerLag(1, target.length, dtype=torch.float64),
        dtype=torch.float64,
    )
    logits = np.zeros(target.length)
    # Not numpy's logarithm, whose last bit depends on the processor.
    logits[list(target.lags)] = [GAP + math.log(size) for size in sizes]
    pooled = torch.zeros(len(inner), 2, dtype=torch.float64)
    pooled[:, 1] = torch.from_numpy(inner)
    state = model.state_dict()
    state |= {
        "embedding": torch.tensor([[1.0], [0.0]], dtype=torch.float64),
        "embedding_bias": torch.zeros(2, dtype=torch.float64),
        "attentions.0.position.bias": torch.from_numpy(logits)[None],
        "attentions.0.value": torch.tensor([[[0.0, 0], [1, 0]]], dtype=torch.float64),
        "attentions.0.output": torch.eye(2, dtype=torch.float64),
        "feed_forwards.0.inner": pooled,
        "feed_forwards.0.bias": torch.from_numpy(bias),
        "feed_forwards.0.outer": torch.from_numpy(outer)[None],
    }
    model.load_state_dict(state)
    worst = _worst(target, logits, inner, bias, outer)
    return FreeNetwork(model, round_up(worst * worst), round_up(worst))


def _proportions(target: ToyTarget) -> np.ndarray:
    """Softmax weights up to a factor: equal ones if they do, powers of two else."""
    walsh = target.walsh()
    single = np.array([walsh[(lag,)] for lag in target.lags])
    mixed = max((abs(c) for lags, c in walsh.items() if len(lags) > 1), default=0.0)
    scale = NEGLIGIBLE * max(map(abs, walsh.values()))
    if mixed <= scale and np.ptp(single) <= scale:
        return np.ones(len(single))
    return 2.0 ** np.arange(len(single))


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
    inner = np.append(0.0, np.ones(kept.sum()))
    return (
        inner,
        np.append(1.0, -knots[:-1][kept]),
        np.append(values[0], changes[kept]),
    )


def _worst(
    target: ToyTarget,
    logits: np.ndarray,
    inner: np.ndarray,
    bias: np.ndarray,
    outer: np.ndarray,
) -> arb:
    """Enclose the largest error: at every pattern, plus what other tokens can move."""
    before, ctx.prec = ctx.prec, 256
    try:
        asked = [arb(float(logits[lag])).exp() for lag in target.lags]
        rest = arb(target.length - len(asked))  # logits 0
        total = sum(asked, rest)
        neurons = [
            (arb(float(b)), arb(float(c)), arb(float(a)))
            for b, c, a in zip(inner, bias, outer, strict=True)
        ]
        steep = sum((abs(a * b) for b, _, a in neurons), arb(0))
        largest = arb(0)
        for signs, answer in zip(*target.table(), strict=True):
            terms = (w * int(x) for w, x in zip(asked, signs, strict=True))
            pooled = sum(terms, arb(0)) / total
            found = sum((a * (b * pooled + c).max(0) for b, c, a in neurons), arb(0))
            largest = largest.max(abs(found - arb(float(answer))))
        return largest + steep * rest / total
    finally:
        ctx.prec = before
