"""Heads with dot products that multiply signs: task 1b with a single neuron.

On signs a dot product turns what a head pools, p, into ``(p + t) / (1 + p t)`` with
``t = tanh g`` (:mod:`tapx.experiments.signs.stack`). A head with equal weights on two
lags pools -1, 0 or 1, and its dot product returns ``p + t (1 - p^2)``, where
``p^2 = (1 + x y) / 2``: the product of the two tokens x and y. So a target that is a
polynomial of degree 2 in its tokens needs no neurons that bend. Not in the paper.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from flint import arb

from tapx.experiments import models
from tapx.experiments.signs.networks import NEGLIGIBLE, shown_logits
from tapx.kernels.balls import precision
from tapx.kernels.windows import round_up
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer
from tapx.targets.signs import ToyTarget


class Head(NamedTuple):
    """What one head does: `size` times the bent mean of tokens in these shares."""

    lags: tuple[int, ...]
    shares: tuple[float, ...]
    size: float
    bend: float


class ProductNetwork(NamedTuple):
    """A network with dot products and one neuron.

    One layer, tokens of dimension 3, free positions, float64. A head with ``bend`` 0
    uses no dot product. The worst is an upper bound on the absolute error over all
    inputs of signs, of exactly the numbers in the model, in exact arithmetic.
    """

    model: Transformer
    heads: tuple[Head, ...]
    worst: float


def product_network(target: ToyTarget, bend: float = 0.5) -> ProductNetwork:
    """At most ``M (M - 1) / 2 + 2`` heads and one neuron for a target of M tokens.

    A token stands in the model as (sign, 1, 0). Queries read the constant, so that g is
    the same at every input; the third coordinate collects the answer, which the one
    neuron hands on.

    Args:
        target: of degree 2 at most on signs, with no negative answer.
        bend: t = tanh g of the heads that multiply, between 0 and 1.

    Raises:
        ValueError: another bend, a target with a product of three tokens, or one
            with negative answers.
    """
    if not 0 < bend < 1:
        raise ValueError(f"bend={bend}: give a number between 0 and 1, such as 0.5")
    answers = target.table()[1]
    if answers.min() < 0:
        raise ValueError(f"the target has the answer {answers.min():g}, below 0")
    heads, constant = _heads(target, bend)
    number = len(heads)
    logits = torch.zeros(number, target.length, dtype=torch.float64)
    query, key, value = torch.zeros(3, number, 3, 3, dtype=torch.float64)
    query[:, 0, 1] = 1.0
    for h, head in enumerate(heads):
        logits[h, list(head.lags)] = shown_logits(head.shares)
        key[h, 0, 0] = math.atanh(head.bend)
        value[h, 2, 0] = head.size
    state = {
        "embedding_bias": torch.tensor([0.0, 1.0, 0.0]),
        "attentions.0.position.bias": logits,
        "attentions.0.query": query,
        "attentions.0.key": key,
        "attentions.0.value": value,
        "feed_forwards.0.inner": torch.tensor([[0.0, 0.0, 1.0]]),
        "feed_forwards.0.bias": torch.tensor([constant], dtype=torch.float64),
        "feed_forwards.0.outer": torch.ones(1, 1),
    }
    worst = _worst(target, logits, key[:, 0, 0], value[:, 2, 0], constant)
    free = PerLag(number, target.length, torch.float64)
    model = models.written(state, free, width=1, score="dot")
    return ProductNetwork(model, tuple(heads), worst)


def _heads(target: ToyTarget, bend: float) -> tuple[list[Head], float]:
    """The heads, and the constant that the neuron adds."""
    walsh = target.walsh()
    none = NEGLIGIBLE * max(map(abs, walsh.values()))
    high = [lags for lags, c in walsh.items() if len(lags) > 2 and abs(c) > none]
    if high:
        raise ValueError(f"the target has a product of the tokens at lags {high[0]}")
    single = {lag: walsh[(lag,)] for lag in target.lags}
    constant = walsh[()]
    heads = []
    for lags, value in walsh.items():
        if len(lags) == 2 and abs(value) > none:
            size = -2 * value / bend
            heads.append(Head(lags, (1.0, 1.0), size, bend))
            constant += value
            for lag in lags:
                single[lag] -= size / 2
    for sign in (1, -1):
        own = {lag: abs(c) for lag, c in single.items() if sign * c > none}
        if own:
            size = sign * sum(own.values())
            heads.append(Head(tuple(own), tuple(own.values()), size, 0.0))
    return heads, constant


def _worst(
    target: ToyTarget,
    logits: torch.Tensor,
    bends: torch.Tensor,
    sizes: torch.Tensor,
    constant: float,
) -> float:
    """The largest error over all patterns, the tokens not asked for as intervals."""
    with precision(256):
        largest = arb(0)
        weights = [[arb(x).exp() for x in row] for row in logits.tolist()]
        unasked = set(range(target.length)) - set(target.lags)
        rests = [sum((row[s] for s in sorted(unasked)), arb(0)) for row in weights]
        heads = [*zip(weights, rests, bends.tolist(), sizes.tolist(), strict=True)]
        for signs, answer in zip(*target.table(), strict=True):
            found = arb(constant)
            for row, rest, g, size in heads:
                pairs = zip(target.lags, signs, strict=True)
                sums = sum((row[lag] * int(x) for lag, x in pairs), arb(0))
                pooled = (sums + rest * arb(0, 1)) / sum(row, arb(0))
                turn = arb(g).tanh()
                found += arb(size) * (pooled + turn) / (1 + pooled * turn)
            largest = largest.max(abs(found.max(0) - arb(float(answer))))
        return round_up(largest)
