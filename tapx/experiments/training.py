"""Seeded training of many cells of a table at once, at the paper's scale.

A cell is one model with one set of hyperparameters. Cells with equally many heads are
trained as one stack (:mod:`tapx.experiments.stacks`): same arithmetic, one pass of
Python. Inputs are independent tokens -1 or 1, fresh in every iteration; the loss is the
mean squared error at the last position.

The paper states AdamW, 10,000 iterations of 100 sequences of 1000 tokens, and the same
hyperparameters throughout, but not which. What :class:`Recipe` and :class:`Cell` add
(dimension, weight decay, learning rate, initial slopes, ``slope = exp(parameter)``) is
our reconstruction.

The test error needs no test set: for these inputs it is exactly
``sum_s (k(s) - rho(s))**2 + constant**2`` with the trained model's kernel k.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least, one_of
from tapx.experiments.outcomes import Outcome, Outcomes, finite
from tapx.experiments.stacks import Stack
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer

INITIAL_SLOPES: dict[str, Callable[[int], list[float]]] = {
    # ALiBi's recipe for a power of two, and the same formula for any other number.
    "geometric": lambda heads: [2 ** (-8 * (h + 1) / heads) for h in range(heads)],
    "equal": lambda heads: [1.0] * heads,
}
"""Initial slopes by name. Equal slopes part because each head's W_V is drawn."""

CHECKPOINTS = (100, 300, 1000, 3000)
"""Iterations, besides the last, after which the exact error is noted."""


@dataclass(frozen=True)
class Cell:
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
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate={self.learning_rate}: give a positive one")


@dataclass(frozen=True)
class Recipe:
    """What all cells of a table share.

    Attributes:
        iterations: batches seen, at least 1.
        batch: sequences in a batch, at least 1.
        length: T, tokens in a sequence, a multiple of 8.
        dimension: D, the size of a token inside the model. The paper gives none; 2 is
            what the construction of Theorem 3.1 needs for one memory, (M + 1) d.
        weight_decay: AdamW's, on all matrices; the slopes are not decayed.

    Raises:
        ValueError: a value out of range.
    """

    iterations: int = 10_000
    batch: int = 100
    length: int = 1000
    dimension: int = 2
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        """Check the values."""
        at_least(1, iterations=self.iterations, batch=self.batch)
        at_least(1, length=self.length, dimension=self.dimension)
        if self.length % 8:
            near = 8 * max(1, round(self.length / 8))
            raise ValueError(f"length={self.length}: a multiple of 8; nearest: {near}")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay={self.weight_decay}: give 0 or more")


def build(cell: Cell, recipe: Recipe) -> Transformer:
    """The cell's model at its start, float32."""
    free = cell.position == "free"
    slopes = torch.tensor(INITIAL_SLOPES[cell.initial_slopes](cell.heads))
    return Transformer(
        1,
        recipe.dimension,
        heads=cell.heads,
        position=PerLag(cell.heads, recipe.length) if free else cell.position,
        feed_forward=False,
        slopes=None if free else slopes,
        seed=cell.seed,
    )


_SIGNS = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1
_SIGNS = _SIGNS.astype(np.float32)  # the eight signs that a random byte stands for


def signs(
    generator: np.random.Generator, batch: int, length: int
) -> Float[Tensor, "batch length"]:
    """Independent tokens -1 and 1, float32, one random bit each."""
    octets = np.frombuffer(generator.bytes(batch * length // 8), np.uint8)
    tokens = np.take(_SIGNS, octets, axis=0)  # far faster than indexing
    return torch.from_numpy(tokens).view(batch, length)


def stream(seed: int) -> np.random.Generator:
    """The batches' generator: the same for every cell that has this seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 1])))


def train(
    cells: Sequence[Cell], values: np.ndarray, recipe: Recipe | None = None
) -> Outcomes:
    """Train all cells on one target kernel, on one thread.

    Args:
        cells: in any order; those with equally many heads are trained together,
            those with free numbers by themselves.
        values: (length,) target rho(s) at the lags 0 to length - 1.
        recipe: what the cells share; the paper's scale if None.

    Returns:
        One result for each cell, in the order given. Results depend on the cell and
        the recipe; the company a cell is trained in changes rounding only.

    Raises:
        ValueError: a target of another length than the recipe's.
    """
    recipe = recipe or Recipe()
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (recipe.length,):
        raise ValueError(
            f"target of shape {values.shape}: the recipe has {recipe.length} lags"
        )
    results: dict[int, Outcome] = {}
    kinds = [(cell.heads, cell.position == "free") for cell in cells]
    for kind in sorted(set(kinds)):
        # Neighbours in a stack share a learning rate: AdamW then steps a few slices.
        places = [i for i, own in enumerate(kinds) if own == kind]
        places.sort(key=lambda i: (cells[i].learning_rate, cells[i].seed, i))
        with one_thread():
            trained = _train_stack([cells[i] for i in places], values, recipe)
        results.update(zip(places, trained, strict=True))
    return Outcomes(results[i] for i in range(len(cells)))


def _train_stack(
    cells: list[Cell], values: np.ndarray, recipe: Recipe
) -> list[Outcome]:
    """Train cells of one head count, sorted by learning rate."""
    models = [build(cell, recipe) for cell in cells]
    stack = Stack(models, recipe.length)
    target = torch.from_numpy(values).to(torch.float32)
    optimiser = _optimiser(stack, cells, recipe)
    streams = {cell.seed: stream(cell.seed) for cell in cells}
    rows = {
        seed: torch.tensor([i for i, cell in enumerate(cells) if cell.seed == seed])
        for seed in streams
    }
    history: list[list[tuple[int, float | None]]] = [[] for _ in cells]
    leaves = [
        stack.log_slopes.detach().requires_grad_(),
        stack.matrices.detach().requires_grad_(),
    ]
    for iteration in range(1, recipe.iterations + 1):
        kernels, constants = stack.kernels(*leaves)
        wrong = kernels.detach() - target
        in_kernels = torch.empty_like(wrong)
        in_constants = torch.empty_like(constants)
        for seed, generator in streams.items():
            tokens = signs(generator, recipe.batch, recipe.length)
            # The batch is read from its end without turning it around: signs are
            # exchangeable. Each cell's loss is the mean square of its errors.
            errors = wrong[rows[seed]] @ tokens.T + constants.detach()[rows[seed], None]
            errors = errors * (2 / recipe.batch)
            in_kernels[rows[seed]] = errors @ tokens
            in_constants[rows[seed]] = errors.sum(1)
        grads = torch.autograd.grad(
            (kernels, constants), leaves, (in_kernels, in_constants)
        )
        _step(optimiser, grads)
        if iteration in CHECKPOINTS or iteration == recipe.iterations:
            for note, (_, mse) in zip(history, _exact(stack, values), strict=True):
                note.append((iteration, finite(mse)))
    results = []
    for place, (kernel, mse) in enumerate(_exact(stack, values)):
        stack.write(place, models[place])
        notes, model = tuple(history[place]), models[place]
        one = Outcome(cells[place], finite(mse), notes, model=model, kernel=kernel)
        results.append(one)
    return results


def _optimiser(stack: Stack, cells: list[Cell], recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over slices of the stack, one learning rate each.

    Its update acts on each number alone, so a slice of cells steps exactly as the
    cells would alone. The slices share memory with the stack.
    """
    groups = []
    for rate in sorted({cell.learning_rate for cell in cells}):
        inside = [i for i, cell in enumerate(cells) if cell.learning_rate == rate]
        part = slice(inside[0], inside[-1] + 1)
        for tensor, decay in (
            (stack.log_slopes, 0.0),
            (stack.matrices, recipe.weight_decay),
        ):
            groups.append(
                {
                    "params": [tensor[part]],
                    "lr": rate,
                    "weight_decay": decay,
                    "part": part,
                }
            )
    return torch.optim.AdamW(groups, fused=True)


def _step(optimiser: torch.optim.AdamW, grads: tuple[Tensor, ...]) -> None:
    """Hand each slice its gradient and step."""
    for place, group in enumerate(optimiser.param_groups):
        group["params"][0].grad = grads[place % 2][group["part"]]
    optimiser.step()


@torch.no_grad()
def _exact(stack: Stack, values: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Kernel and exact error of every cell, in float64."""
    kernels, constants = stack.exact_kernels()
    found = []
    for kernel, constant in zip(kernels.numpy(), constants.tolist(), strict=True):
        mse = float(((kernel - values) ** 2).sum()) + constant**2
        found.append((kernel, mse))
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums are then added in one order on every machine with the same processor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
