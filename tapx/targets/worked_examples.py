"""Targets of the three classes that the chapters return to, with exact readouts."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import above, at_least
from tapx.readouts import exact_nets
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.targets.memories import EssentialMemory, FixedMemory


def sparse_parity(lags: Sequence[int]) -> FixedMemory:
    """``x_t x_{t-T_1} ... x_{t-T_M}`` for signs: a sparse Boolean function."""
    return FixedMemory(tuple(lags), exact_nets.parity(len(lags) + 1))


def n_gram(table: Any) -> FixedMemory:
    """``table[x_t, x_{t-1}, ..., x_{t-n+1}]`` for one-hot tokens.

    On one-hot tokens ``relu(z_a + z'_b + ... - n + 1)`` is 1 if all n tokens are those
    named and 0 otherwise: one neuron an entry of the table.

    The table has shape (tokens,) * n, n at least 2 (ValueError otherwise); entry
    (a, b, ...) is the answer after token a now, token b before it, and so on.
    """
    values = torch.as_tensor(table, dtype=torch.float64)
    order = values.dim()
    if order < 2 or len(set(values.shape)) > 1:
        raise ValueError(
            f"the table has an axis of tokens for each of 2 or more places, not shape "
            f"{tuple(values.shape)}"
        )
    tokens = values.shape[0]
    entries = torch.tensor(list(itertools.product(range(tokens), repeat=order)))
    inner = torch.nn.functional.one_hot(entries, tokens).flatten(1)
    net = TwoLayerNet(values.flatten(), inner, torch.full((len(inner),), 1.0 - order))
    return FixedMemory(tuple(range(1, order)), net, input_dimension=tokens)


def multi_step_search(pointers: int, steps: int) -> AdaptiveMemory:
    """Follow a chain of pointers: each token says how far before it the next one is.

    The tokens are ``1/p, 2/p, ..., 1``, and ``j/p`` points j places back. So
    ``t_1 = p x_t``, ``t_2 = p x_t + p x_{t-t_1}``, and so on, and the answer is the
    token where the chain ends, ``x_{t-t_M}``. Depth ``M - 1``, M the number of steps.
    Pointers p and steps are at least 1 (ValueError).
    """
    at_least(1, pointers=pointers, steps=steps)

    def place(*tokens: Tensor) -> float:
        return float(sum(round(pointers * float(token)) for token in tokens))

    alphabet = torch.arange(1, pointers + 1, dtype=torch.float64)[:, None] / pointers
    end = [0.0] * steps + [1.0]
    return AdaptiveMemory.from_functions(
        alphabet, [place] * steps, exact_nets.linear(end), depth=steps - 1
    )


def wavelet(scale: float, shift: float, length: int) -> Float[np.ndarray, " length"]:
    """``psi((s - shift) / scale) / sqrt(scale)`` at lags 0 to length - 1.

    With the Mexican hat ``psi(u) = (1 - u^2) exp(-u^2 / 2)``. ValueError for a scale
    not above 0, or a length below 1.
    """
    above(0, scale=scale)
    at_least(1, length=length)
    u = (np.arange(length) - shift) / scale
    return (1 - u**2) * np.exp(-(u**2) / 2) / np.sqrt(scale)


def algebra(weights: Any, later_weights: Any) -> EssentialMemory:
    """``10 x_t + x_{t-4} / sum_s w_s x_{t-10-s} - sum_s v_s x_{t-100-s}``.

    The paper's example. Its readout divides: it is a function, and Lipschitz, only
    where the denominator stays away from 0, for instance for tokens in ``[1/2, 1]`` and
    positive weights. The rows ``w_s`` and ``v_s`` start at s = 0.
    """

    def read(z: Tensor) -> Tensor:
        return 10 * z[..., 0] + z[..., 1] / z[..., 2] - z[..., 3]

    delayed = ((0, [1.0]), (4, [1.0]), (10, weights), (100, later_weights))
    rows = [np.concatenate([np.zeros(lag), row]) for lag, row in delayed]
    return EssentialMemory(rows, read)
