"""What a readout that bends makes of the best kernels with one slope a head.

The floors of :mod:`tapx.experiments.signs.floors` are for affine readouts. Neurons that
bend are not covered: the sums that heads pool take finitely many values, and in exact
arithmetic their digits name every token. Two readouts show what is gained without
reading digits. Both get the sums that H nearly equal rates pool, in an orthonormal
basis, where a trained network has to find them through enormous weights in float32.

- :func:`posterior_mse`: the tokens that are not asked for add up to noise. Were it
  Gaussian, which it nearly is, the best readout would be the mean over the posterior,
  and it has a formula. It is applied to sums of signs.
- :func:`trained_mse`: an FFN trained on these sums.

These are measurements and estimates, no bounds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from tapx.checks import at_least
from tapx.experiments.signs import floors
from tapx.experiments.training import one_thread, signs, stream
from tapx.limits import equal_rates
from tapx.network.transformer import FeedForward
from tapx.targets.signs import ToyTarget

READOUT_INPUTS = 16384
"""Inputs on which errors are measured."""

READOUT_BATCH = 256
"""Inputs in a batch of the training."""

CERTAIN = 1e-6
"""The least part of a token that is taken as noise, so that a formula stays finite."""


class Readouts(NamedTuple):
    """Mean squared errors of the best affine readout and of one that bends.

    Of the same pooled sums, on the same inputs.
    """

    affine: float
    bent: float


def pooled(target: ToyTarget, rpe: str, heads: int) -> np.ndarray:
    """Orthonormal kernels that the best nearly equal rates span, (heads, length).

    Column s holds the weights of lag s; that of lag 0 is zero.

    Raises:
        ValueError: as `floors.nearly_equal`.
    """
    rate = floors.nearly_equal(target, rpe, heads).rate
    rows = equal_rates.basis(rpe, rate, heads, target.length - 1)
    return np.concatenate([np.zeros((heads, 1)), rows], axis=1)


def posterior_mse(target: ToyTarget, rpe: str, heads: int, seed: int = 0) -> Readouts:
    """The mean of the answers, each as probable as the pooled sums make it.

    With V the columns of the asked lags, ``A = V'V`` and ``t = V'(sums)``, a pattern x
    of their signs has, under Gaussian noise, a probability proportional to
    ``exp(x'(1 - A)^-1 t - x'(1 - A)^-1 A x / 2)``.

    Raises:
        ValueError: as `floors.nearly_equal`.
    """
    kernels = pooled(target, rpe, heads)
    columns = kernels[:, list(target.lags)]
    inputs, wanted = _inputs(target, seed)
    seen = inputs.double().numpy() @ (kernels.T @ columns)  # t, one row an input
    shares, turn = np.linalg.eigh(columns.T @ columns)
    free = np.maximum(1 - shares, CERTAIN)
    sharpen = (turn / free) @ turn.T
    patterns, answers = target.table()
    form = (turn * shares / free) @ turn.T
    quadratic = np.einsum("pi,ij,pj->p", patterns, form, patterns)
    chances = seen @ sharpen @ patterns.T - quadratic / 2
    chances = np.exp(chances - chances.max(1, keepdims=True))
    found = chances @ answers / chances.sum(1)
    affine = answers.mean() + seen @ np.array(floors.tokens(target).sizes)
    return Readouts(_mse(affine, wanted), _mse(found, wanted))


def trained_mse(
    target: ToyTarget,
    rpe: str,
    heads: int,
    width: int,
    iterations: int = 1000,
    seed: int = 0,
) -> Readouts:
    """An FFN trained on the pooled sums by AdamW, its step falling from 0.003 to zero.

    Args:
        target: what to answer.
        rpe: "lin" or "log".
        heads: H, at least 1.
        width: neurons, at least 1.
        iterations: batches of 256 fresh inputs, at least 1.
        seed: of weights and inputs, at least 0.

    Raises:
        ValueError: as `floors.nearly_equal`, a width below 1, no iteration.
    """
    at_least(1, iterations=iterations)
    kernels = torch.from_numpy(pooled(target, rpe, heads)).float().T
    generator = torch.Generator().manual_seed(seed)
    net = FeedForward(heads, width, generator=generator)
    batches = stream(seed)
    mean = float(target.table()[1].mean())
    with one_thread():
        optimiser = torch.optim.AdamW(net.parameters(), lr=0.003)
        fall = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, iterations)
        for _ in range(iterations):
            inputs = signs(batches, READOUT_BATCH, target.length)
            wrong = net(inputs @ kernels)[:, 0] + mean - target(inputs)
            optimiser.zero_grad()
            (wrong**2).mean().backward()
            optimiser.step()
            fall.step()
        inputs, wanted = _inputs(target, seed + 1)
        with torch.no_grad():
            found = net(inputs @ kernels)[:, 0].double().numpy() + mean
    exact = kernels.double().numpy()
    weights = exact[list(target.lags)].T @ np.array(floors.tokens(target).sizes)
    affine = mean + inputs.double().numpy() @ exact @ weights
    return Readouts(_mse(affine, wanted), _mse(found, wanted))


def _inputs(target: ToyTarget, seed: int) -> tuple[torch.Tensor, np.ndarray]:
    """Inputs to measure errors on, float32, and their answers, float64."""
    inputs = signs(stream(seed), READOUT_INPUTS, target.length)
    return inputs, target(inputs).double().numpy()


def _mse(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(((found - wanted) ** 2).mean())
