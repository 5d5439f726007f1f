"""Seeded training of many cells of 4a and 4b at once, at the paper's scale.

Cells with equally many heads are trained as one stack (:mod:`tapx.experiments.stacks`):
same arithmetic, one pass of Python. The loss is the mean squared error at the last
position.

The test error needs no test set: for inputs of independent signs it is exactly
``sum_s (k(s) - rho(s))**2 + constant**2`` with the trained model's kernel k.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tapx.checks import above, one_of
from tapx.experiments.models import drawn_model
from tapx.experiments.outcomes import Outcomes
from tapx.experiments.stacks import Stack
from tapx.experiments.training import (
    CHECKPOINTS,
    INITIAL_SLOPES,
    Recipe,
    Trained,
    by_seed,
    descend,
    signs,
    stream,
    train_alike,
)
from tapx.network.transformer import Transformer

Gradient = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From the errors of kernels, (cells, lags), and the constants, (cells,), the gradient
of each cell's loss in both."""


@dataclass(frozen=True)
class MemoryCell:
    """One model to train.

    Attributes:
        position: name of the position function, as in `positions.get`, or "free":
            one number for each lag and head, all alike at the start.
        heads: number of heads, at least 1.
        learning_rate: AdamW's step, positive.
        initial_slopes: "geometric" or "equal"; "equal" where the position is "free".
        seed: of the initial weights and of the stream of batches.

    Raises:
        ValueError: a value out of range or an unknown name.

    Example:
        >>> tapx.MemoryCell("lin", heads=4, learning_rate=0.01).initial_slopes
        'geometric'
    """

    position: str
    heads: int
    learning_rate: float
    initial_slopes: str = "geometric"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        one_of(self.initial_slopes, INITIAL_SLOPES, "initial slopes")
        if self.position == "free" and self.initial_slopes != "equal":
            raise ValueError(
                f"initial_slopes={self.initial_slopes!r}: free numbers have no slopes "
                "and start alike; the nearest valid choice is 'equal'"
            )
        above(0, learning_rate=self.learning_rate)


def memory_model(cell: MemoryCell, recipe: Recipe) -> Transformer:
    """The cell's model at its start, float32."""
    slopes = INITIAL_SLOPES[cell.initial_slopes](cell.heads)
    sizes = recipe.dimension, recipe.length
    return drawn_model(cell.position, slopes, cell.seed, *sizes, feed_forward=False)


def train_memory(
    cells: Sequence[MemoryCell], values: np.ndarray, recipe: Recipe | None = None
) -> Outcomes:
    """Train all cells on one target kernel, on one thread.

    Args:
        cells: in any order.
        values: (length,) target rho(s) at the lags 0 to length - 1.
        recipe: what the cells share; the paper's scale if None.

    Returns:
        One result for each cell, in the order given. The company a cell is trained in
        changes rounding only.

    Raises:
        ValueError: a target of another length than the recipe's.

    Example:
        >>> cell = tapx.MemoryCell("lin", heads=2, learning_rate=0.01)
        >>> decay = np.exp(-np.arange(16.0))
        >>> recipe = tapx.Recipe(iterations=20, batch=4, length=16)
        >>> (outcome,) = tapx.train_memory([cell], decay, recipe)
        >>> outcome.error < 10
        True
    """
    recipe = recipe or Recipe()
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (recipe.length,):
        raise ValueError(
            f"target of shape {values.shape}: the recipe has {recipe.length} lags"
        )

    def train(own: list[MemoryCell]) -> Trained:
        models = [memory_model(cell, recipe) for cell in own]
        stack = Stack(models, recipe.length)
        rates = [cell.learning_rate for cell in own]
        groups = slices(stack, rates, recipe.weight_decay)
        optimiser = torch.optim.AdamW(groups, fused=True)
        gradient = _batch_gradient([cell.seed for cell in own], recipe)
        how = recipe.iterations, {*CHECKPOINTS, *recipe.ends}, recipe.rate
        errors = descend_kernels(stack, values, optimiser, gradient, *how)
        return stack, models, errors, stack.exact_kernels()[0].numpy()

    # Neighbours in a stack share a learning rate: AdamW then steps a few slices.
    return train_alike(
        cells,
        lambda cell: (cell.heads, cell.position == "free"),
        train,
        recipe,
        lambda cell: (cell.learning_rate, cell.seed),
    )


def _batch_gradient(seeds: Sequence[int], recipe: Recipe) -> Gradient:
    """Of the mean square over a fresh batch; cells of one seed share it."""
    shared = [(stream(seed), rows) for seed, rows in by_seed(seeds).items()]

    def gradient(wrong: Tensor, constants: Tensor) -> tuple[Tensor, Tensor]:
        in_kernels, in_constants = torch.empty_like(wrong), torch.empty_like(constants)
        for generator, rows in shared:
            tokens = signs(generator, recipe.batch, recipe.length)
            # The batch is read from its end without turning it around: signs are
            # exchangeable. Each cell's loss is the mean square of its errors.
            errors = wrong[rows] @ tokens.T + constants[rows, None]
            errors = errors * (2 / recipe.batch)
            in_kernels[rows] = errors @ tokens
            in_constants[rows] = errors.sum(1)
        return in_kernels, in_constants

    return gradient


def slices(
    stack: Stack, rates: Sequence[float], weight_decay: float
) -> list[dict[str, Any]]:
    """An optimiser's groups: slices of the stack, one learning rate each.

    First-order updates act on each number alone, so a slice of cells steps exactly as
    the cells would alone. The slices share memory with the stack. The rates, one for
    each cell, ascend; slopes do not decay.
    """
    groups = []
    for rate in sorted(set(rates)):
        part = slice(bisect_left(rates, rate), bisect_right(rates, rate))
        for tensor, decay in ((stack.log_slopes, 0.0), (stack.matrices, weight_decay)):
            own = {"params": [tensor[part]], "lr": rate, "weight_decay": decay}
            groups.append(own | {"factor": rate, "part": part})
    return groups


def descend_kernels(
    stack: Stack,
    values: np.ndarray,
    optimiser: torch.optim.Optimizer,
    gradient: Gradient,
    iterations: int,
    at: Collection[int] = (),
    rate: Callable[[int], float] | None = None,
) -> dict[int, np.ndarray]:
    """Descend the models of a stack, in place, on what their kernels miss.

    The optimiser has the groups that `slices` made, the target is ``values``, (lags,);
    `descend` says what the rest is.

    Returns:
        (models,) exact errors by iteration.
    """
    target = torch.from_numpy(values).to(stack.log_slopes.dtype)
    parameters = stack.log_slopes, stack.matrices
    leaves = [tensor.detach().requires_grad_() for tensor in parameters]

    def pull() -> bool:
        both = stack.kernels(*leaves)
        wanted = gradient(both[0].detach() - target, both[1].detach())
        found = torch.autograd.grad(both, leaves, wanted)
        for place, group in enumerate(optimiser.param_groups):
            group["params"][0].grad = found[place % 2][group["part"]]
        return True

    note = partial(exact_errors, stack, values)
    return descend(optimiser, pull, iterations, note, at, rate)


def exact_errors(stack: Stack, values: np.ndarray) -> np.ndarray:
    """Exact mean squared error of every model in the stack, computed in float64."""
    with torch.no_grad():
        kernels, constants = stack.exact_kernels()
    errors = ((kernels.numpy() - values) ** 2).sum(1) + constants.numpy() ** 2
    return np.where(np.isfinite(errors), errors, np.inf)


def errors_by_length(
    outcomes: Outcomes,
    values: Callable[[np.ndarray], np.ndarray],
    lengths: Iterable[int],
) -> list[float]:
    """Exact errors of the best of some trained models on inputs of other lengths.

    Args:
        outcomes: with their models, at least one.
        values: the target's values at lags, (lags,) int64 to (lags,) float64.
        lengths: how many tokens the inputs have.
    """
    model = min(outcomes, key=lambda one: one.error).model
    stacks = ((length, Stack([model], length)) for length in lengths)
    return [float(exact_errors(s, values(np.arange(n)))[0]) for n, s in stacks]
