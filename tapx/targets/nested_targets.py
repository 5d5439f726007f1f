"""Nested targets for worked examples: random ones of any depth, and chains of switches.

They are of the class of Theorem 4.4, `adaptive.AdaptiveMemory`.
"""

import numpy as np
import torch

from tapx.checks import at_least
from tapx.readouts import exact_nets, two_layer
from tapx.targets.adaptive import AdaptiveMemory

SIGNS = [[1.0], [-1.0]]


def random_nesting(
    depth: int,
    largest_lag: int = 3,
    tokens: int = 3,
    seed: int = 0,
    memories: int | None = None,
) -> AdaptiveMemory:
    """Memory functions drawn at random, on tokens evenly spaced from -1 to 1.

    Values from 1 to `largest_lag` are equally likely, and each function takes the
    largest at least once. The readout is a sum of four ReLUs.

    The depth K is at least 0, the largest lag at least 1, and there are 2 tokens or
    more; the memories M are at least max(K, 1), which is the default. The seed is that
    of the tables and the readout. ValueError outside of these ranges.
    """
    at_least(0, depth=depth, seed=seed)
    at_least(1, largest_lag=largest_lag)
    at_least(2, tokens=tokens)
    memories = memories or max(depth, 1)
    at_least(max(depth, 1), memories=memories)
    draws = np.random.default_rng(seed)
    tables = []
    for i in range(memories):
        shape = (tokens,) * (min(i, depth) + 1)
        table = draws.integers(1, largest_lag + 1, shape)
        table.flat[draws.integers(table.size)] = largest_lag
        tables.append(torch.from_numpy(table))
    directions = two_layer.normal_directions(4, memories + 1, seed) / (memories + 1)
    alphabet = torch.linspace(-1, 1, tokens, dtype=torch.float64)[:, None]
    return AdaptiveMemory(alphabet, tables, two_layer.relu_sum(directions), depth)


def switches(depth: int) -> AdaptiveMemory:
    """A chain of switches: each sign read says at which of two lags the next one is.

    ``t_l = 2l - 1`` if the token read last is 1, and ``t_l = 2l`` if it is -1, for
    l = 1, ..., K, where K = M. The answer is the last token read. No lag is asked for
    twice, so that the tokens of an input may all be chosen freely. At depth 2 and
    ``x_t = 1``, the sign ``x_{t-1}`` chooses between ``x_{t-3}`` and ``x_{t-4}``. The
    depth K is at least 1 (ValueError).
    """
    at_least(1, depth=depth)
    functions = [
        lambda *read, near=2 * level - 1: near + int(read[-1][0] < 0)
        for level in range(1, depth + 1)
    ]
    last = exact_nets.linear([0.0] * depth + [1.0])
    return AdaptiveMemory.from_functions(SIGNS, functions, last, depth)
