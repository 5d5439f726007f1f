"""What one layer needs to do the work of a nested network (Theorem 4.4).

On a finite alphabet an adaptive target with a bounded reach is also a target with fixed
memories: fetch the tokens at all lags that may be asked for, and let the readout find
its way among them. `flatten` writes it so. What the depth saves is counted by comparing
the two, and `least_steepness` says what no one-layer network can save.
"""

import itertools
import math

import torch
from torch import Tensor

from tapx.checks import at_least
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.targets.memories import FixedMemory
from tapx.theorems.one_layer import known_readout
from tapx.theorems.stages import path

SAME_NORM = 1e-9


def flatten(target: AdaptiveMemory) -> FixedMemory:
    """The same target with fixed memories and a wider readout.

    The lags depend on the tokens at ``min(K, M - 1) + 1`` places. For each tuple of
    them, a *path*, the readout holds a copy of the neurons of f. A neuron ``relu(z)``
    becomes ``relu(z - c d)``, where d is 0 on the path and, for tokens of equal norm,
    at least half the squared distance of two tokens off it; c is so large that the
    neuron is silent there. So the new readout agrees with the target on the alphabet,
    exactly, and has the width of f times the number of paths.

    The lags are in ascending order. Paths that would need two tokens in one place are
    left out. ValueError for tokens of different norms, TypeError for a readout that is
    no `TwoLayerNet`.
    """
    readout = known_readout(target)
    alphabet: Tensor = target.alphabet
    norms = alphabet.norm(dim=1)
    if float(norms.max() - norms.min()) > SAME_NORM:
        raise ValueError(
            f"tokens have norms from {float(norms.min()):g} to {float(norms.max()):g}: "
            "a path is told from the others by scalar products, for tokens of one norm"
        )
    deciding = min(target.depth, len(target.tables) - 1) + 1
    each = itertools.product(range(len(alphabet)), repeat=deciding)
    placed = [(tokens, *path(target, tokens)) for tokens in each]
    paths = [(tokens, lags) for tokens, lags, stands in placed if stands is not None]
    lags = tuple(sorted({lag for _, places in paths for lag in places[1:]}))
    block = {lag: k for k, lag in enumerate((0, *lags))}
    size, blocks = target.input_dimension, len(block)
    gap = float(torch.pdist(alphabet).min()) ** 2 / 2
    # Half of each token's own |z| is lost to nothing: the exact sup over the alphabet.
    pieces = readout.inner.reshape(readout.width, -1, size)
    largest = (pieces @ alphabet.T).amax(-1).sum(1) + readout.bias
    penalty = largest.clamp(min=0) / gap
    inner, bias = [], []
    for tokens, places in paths:
        rows = torch.zeros(readout.width, blocks, size, dtype=torch.float64)
        for k, lag in enumerate(places):
            rows[:, block[lag]] += pieces[:, k]
        shift = readout.bias.clone()
        for token, lag in zip(tokens, places, strict=False):
            rows[:, block[lag]] += penalty[:, None] * alphabet[token]
            shift -= penalty * float(alphabet[token] @ alphabet[token])
        inner.append(rows.flatten(1))
        bias.append(shift)
    net = TwoLayerNet(
        readout.outer.repeat(len(paths)), torch.cat(inner), torch.cat(bias)
    )
    return FixedMemory(lags, net, size)


def least_steepness(
    tokens: int, choices: int, dimension: int, error: float = 0.0
) -> float:
    """What a one-layer network's readout must have in slope times range, at least.

    For a target of two memories whose second lag takes `choices` values other than the
    first lag, at each of which stands one of `tokens` tokens whose answers are at least
    2 apart, and one layer without normalisation with any scores and any number of
    heads: if the network errs by `error` or less, the Lipschitz constant of its FFN
    times the radius of a ball that holds what attention hands over is at least
    ``(1 - error) (tokens^(choices / dimension) - 1)``.

    Args:
        tokens: at least 2.
        choices: at least 1.
        dimension: D, the size of the stream, at least 1.
        error: below 1, not negative; ValueError outside of these ranges.

    Returns:
        The bound; ``inf`` beyond float64's range.
    """
    at_least(2, tokens=tokens)
    at_least(1, choices=choices, dimension=dimension)
    if not 0 <= error < 1:
        raise ValueError(f"error {error}: allowed is 0 up to, but not, 1")
    try:
        return (1 - error) * math.expm1(choices / dimension * math.log(tokens))
    except OverflowError:
        return math.inf
