"""Gradient descent in many manners: what keeps it from the best kernel?

Experiments 4a and 4b train by one recipe (:mod:`tapx.experiments.memory.training`).
Here the recipe is taken apart. A :class:`Way` says how to descend: the optimiser, its
step, its weight decay, batches or the exact loss, the precision. The
exact loss is known, since the inputs are independent signs: ``sum_s (k(s) - rho(s))**2
+ constant**2`` for a model with the kernel k (chapter "Heavy tails").

Models that differ in their initial weights and batches alone descend side by side, as
one stack (:mod:`tapx.experiments.stacks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from tapx.checks import at_least, one_of
from tapx.experiments.memory.training import descend_kernels, exact_errors, slices
from tapx.experiments.stacks import Stack
from tapx.experiments.training import one_thread, signs, stream
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
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate={self.learning_rate}: give a positive one")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay={self.weight_decay}: give 0 or more")
        if self.batch < 0:
            raise ValueError(f"batch={self.batch}: give 1 or more, or 0 for all inputs")
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
    """What came of models that descended side by side.

    Attributes:
        models: at their ends.
        errors: (models,) exact mean squared error; infinite where one diverged.
        history: (models,) exact errors after some numbers of iterations, the start
            (0) and the end included.
    """

    models: list[Transformer] = field(repr=False)
    errors: np.ndarray
    history: dict[int, np.ndarray] = field(repr=False)


def descend_from(
    begun: Sequence[Transformer],
    values: np.ndarray,
    way: Way,
    iterations: int,
    seeds: Sequence[int] = (),
    notes: Sequence[int] = (),
) -> Descent:
    """Descend from models side by side, on one thread.

    Args:
        begun: models of one size, left as they are.
        values: (lags,) target at the lags 0, 1, 2, ...; a multiple of 8 of them where
            there are batches.
        way: how. Each model's loss is its own.
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
    dtype = DTYPES[way.precision]
    run = [copied(model, dtype) for model in begun]
    with one_thread():
        if way.optimiser == "lbfgs":
            parts = [
                _quasi_newton([one], values, way, iterations, notes) for one in run
            ]
            history = {
                step: np.concatenate([part[step] for part in parts])
                for step in parts[0]
            }
        else:
            history = _first_order(run, values, way, iterations, seeds, notes)
    return Descent(run, history[iterations], history)


def copied(model: Transformer, dtype: torch.dtype) -> Transformer:
    """The same model, of another precision."""
    return deepcopy(model).to(dtype)


def _first_order(
    run: list[Transformer],
    values: np.ndarray,
    way: Way,
    iterations: int,
    seeds: list[int],
    notes: Sequence[int],
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
            wrong = torch.stack([pull for pull, _ in pulls])
            offset = torch.stack([pull for _, pull in pulls])
        return 2 * wrong, 2 * offset

    def cooled(step: int) -> float:
        part = (1 + math.cos(math.pi * (step - 1) / iterations)) / 2
        return way.learning_rate * part

    rate = cooled if way.cooling else None
    start = {0: exact_errors(stack, values)}
    history = descend_kernels(
        stack, values, optimiser, gradient, iterations, notes, rate
    )
    for place, model in enumerate(run):
        stack.write(place, model)
    return start | history


def _batch_pull(
    wrong: Tensor, constant: Tensor, tokens: Tensor
) -> tuple[Tensor, Tensor]:
    """A batch's estimate of the kernel's error and of the constant."""
    tokens = tokens.to(wrong.dtype)
    errors = (tokens @ wrong + constant) / len(tokens)
    return errors @ tokens, errors.sum()


def _quasi_newton(
    run: list[Transformer],
    values: np.ndarray,
    way: Way,
    iterations: int,
    notes: Sequence[int],
) -> dict[int, np.ndarray]:
    """L-BFGS on one model's exact loss; writes the end into it."""
    stack = Stack(run, len(values))
    leaves = [stack.log_slopes.requires_grad_(), stack.matrices.requires_grad_()]
    target = torch.from_numpy(values).to(stack.log_slopes.dtype)
    history = {0: exact_errors(stack, values)}
    optimiser = torch.optim.LBFGS(
        leaves,
        lr=way.learning_rate,
        max_iter=iterations,
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

    done = 0
    for goal in sorted({*(note for note in notes if note < iterations), iterations}):
        optimiser.param_groups[0]["max_iter"] = goal - done
        optimiser.param_groups[0]["max_eval"] = 20 * (goal - done)
        optimiser.step(loss)
        done = goal
        history[goal] = exact_errors(stack, values)
    stack.write(0, run[0])
    return history
