"""Gradient descent in many manners: what keeps it from the best kernel?

Experiments 4a and 4b train by one recipe (:mod:`tapx.experiments.memory.training`).
Here the recipe is taken apart. The exact loss of a model with the kernel k is known,
since the inputs are independent signs: ``sum_s (k(s) - rho(s))**2 + constant**2``
(chapter "Heavy tails").
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tapx.checks import above, at_least, one_of
from tapx.experiments.memory.training import descend_kernels, exact_errors, slices
from tapx.experiments.stacks import Stack
from tapx.experiments.training import cosine, one_thread, signs, stream
from tapx.network.transformer import Transformer

OPTIMISERS = ("adamw", "sgd", "lbfgs")
DTYPES = {"float32": torch.float32, "float64": torch.float64}

HISTORY = 30
"""Pairs of steps and gradients that L-BFGS remembers."""


@dataclass(frozen=True)
class Way:
    """How to descend.

    Attributes:
        optimiser: "adamw" (Adam where nothing decays), "sgd" (gradient descent with
            momentum) or "lbfgs" (exact loss only, its own step lengths).
        learning_rate: positive; for L-BFGS the first trial step.
        weight_decay: AdamW's, on the matrices alone; 0 or more.
        batch: sequences in a batch; 0 for the exact loss.
        cooling: whether the learning rate falls to 0 along half a cosine.
        momentum: of "sgd", 0 to below 1.
        precision: "float32" or "float64".

    Raises:
        ValueError: a value out of range or an unknown name.
    """

    optimiser: str = "adamw"
    learning_rate: float = 0.01
    weight_decay: float = 0.0
    batch: int = 0
    cooling: bool = False
    momentum: float = 0.9
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Check the values."""
        one_of(self.optimiser, OPTIMISERS, "optimiser")
        one_of(self.precision, tuple(DTYPES), "precision")
        above(0, learning_rate=self.learning_rate)
        at_least(0, weight_decay=self.weight_decay, batch=self.batch)
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum={self.momentum}: give 0 or more, below 1")
        if self.weight_decay and self.optimiser != "adamw":
            raise ValueError(
                f"weight_decay={self.weight_decay} with {self.optimiser!r}: only "
                "'adamw' decays weights; the nearest is 0"
            )
        if self.optimiser == "lbfgs" and (self.batch or self.cooling):
            raise ValueError(
                "'lbfgs' compares losses along a line: give batch=0 and no cooling"
            )


@dataclass(frozen=True)
class Descent:
    """What came of runs side by side.

    Attributes:
        ends: where each run ended: its model, or the logarithms of its rates.
        history: (runs,) exact squared errors after some numbers of iterations, the
            start (0) and the end included; infinite where one diverged.
    """

    ends: Sequence[Transformer] | np.ndarray = field(repr=False)
    history: dict[int, np.ndarray] = field(repr=False)

    @property
    def errors(self) -> np.ndarray:
        """(runs,) at the end."""
        return self.history[max(self.history)]


def descend_from(
    begun: Sequence[Transformer],
    values: np.ndarray,
    way: Way,
    iterations: int,
    seeds: Sequence[int] = (),
    notes: Sequence[int] = (),
) -> Descent:
    """Descend from models side by side, each on its own loss, on one thread.

    Args:
        begun: models of one size, left as they are.
        values: (lags,) target at the lags 0, 1, 2, ...; a multiple of 8 of them where
            there are batches.
        way: how.
        iterations: steps, at least 1.
        seeds: one for each model, of its batches; 0, 1, 2, ... if empty.
        notes: iterations after which the exact error is noted.

    Raises:
        ValueError: no step, or another number of seeds than models.
    """
    at_least(1, iterations=iterations)
    values = np.asarray(values, float)
    seeds = list(seeds) or list(range(len(begun)))
    if len(seeds) != len(begun):
        raise ValueError(f"{len(seeds)} seeds for {len(begun)} models: give one each")
    run = [copied(model, DTYPES[way.precision]) for model in begun]
    given = values, way, iterations, notes
    with one_thread():
        if way.optimiser == "lbfgs":
            paths = [_quasi_newton(model, *given) for model in run]
            history = {n: np.concatenate([own[n] for own in paths]) for n in paths[0]}
        else:
            history = _first_order(run, *given, seeds)
    return Descent(run, history)


def copied(model: Transformer, dtype: torch.dtype) -> Transformer:
    """The same model, of another precision."""
    return deepcopy(model).to(dtype)


def _first_order(
    run: list[Transformer],
    values: np.ndarray,
    way: Way,
    iterations: int,
    notes: Sequence[int],
    seeds: list[int],
) -> dict[int, np.ndarray]:
    """Adam or gradient descent; writes the ends into the models."""
    stack = Stack(run, len(values))
    groups = slices(stack, [way.learning_rate] * len(run), way.weight_decay)
    optimiser: torch.optim.Optimizer
    if way.optimiser == "adamw":
        optimiser = torch.optim.AdamW(groups, fused=True)
    else:
        optimiser = torch.optim.SGD(groups, momentum=way.momentum)
    streams = [stream(seed) for seed in seeds]

    def gradient(wrong: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        if way.batch:
            pulls = [
                _batch_pull(w, c, signs(own, way.batch, len(values)))
                for w, c, own in zip(wrong, offset, streams, strict=True)
            ]
            wrong, offset = map(torch.stack, zip(*pulls, strict=True))
        return 2 * wrong, 2 * offset

    how = iterations, notes, cosine(iterations) if way.cooling else None
    history = {0: exact_errors(stack, values)}
    history |= descend_kernels(stack, values, optimiser, gradient, *how)
    for place, model in enumerate(run):
        stack.write(place, model)
    return history


def _batch_pull(
    wrong: Tensor, constant: Tensor, tokens: Tensor
) -> tuple[Tensor, Tensor]:
    """A batch's estimate of the kernel's error and of the constant."""
    tokens = tokens.to(wrong.dtype)
    errors = (tokens @ wrong + constant) / len(tokens)
    return errors @ tokens, errors.sum()


def _quasi_newton(
    model: Transformer,
    values: np.ndarray,
    way: Way,
    iterations: int,
    notes: Sequence[int],
) -> dict[int, np.ndarray]:
    """L-BFGS on one model's exact loss; writes the end into it."""
    stack = Stack([model], len(values))
    leaves = [stack.log_slopes.requires_grad_(), stack.matrices.requires_grad_()]
    target = torch.from_numpy(values).to(stack.log_slopes.dtype)
    history = {0: exact_errors(stack, values)}
    optimiser = torch.optim.LBFGS(
        leaves,
        lr=way.learning_rate,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
        tolerance_grad=0.0,
        tolerance_change=0.0,
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        kernels, constants = stack.kernels(*leaves)
        total = ((kernels - target) ** 2).sum() + (constants**2).sum()
        total.backward()
        return total

    goals = {*(note for note in notes if note < iterations), iterations}
    for done, goal in pairwise(sorted({0, *goals})):
        steps = {"max_iter": goal - done, "max_eval": 20 * (goal - done)}
        optimiser.param_groups[0].update(steps)
        optimiser.step(loss)
        history[goal] = exact_errors(stack, values)
    stack.write(0, model)
    return history
