"""What all training shares: a recipe, seeded inputs, one thread, and the descent.

The paper states AdamW, 10,000 iterations of 100 sequences of 1000 tokens, and the same
hyperparameters throughout, but not which. What :class:`Recipe` and the cells of each
experiment add (dimension, weight decay, learning rate, initial slopes, ``slope =
exp(parameter)``) is our reconstruction. Inputs are independent tokens -1 or 1, fresh in
every iteration, but for the language models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from tapx.checks import at_least, one_of
from tapx.experiments.outcomes import Outcome, Outcomes
from tapx.network.transformer import Transformer
from tapx.targets.signs import spaced

_T = TypeVar("_T")

INITIAL_SLOPES: dict[str, Callable[[int], list[float]]] = {
    # ALiBi's recipe for a power of two, and the same formula for any other number.
    "geometric": lambda heads: [2 ** (-8 * (h + 1) / heads) for h in range(heads)],
    "equal": lambda heads: [1.0] * heads,
}
"""Initial slopes by name. Equal slopes part because each head's W_V is drawn."""

Trained = tuple[Any, list[Transformer], Mapping[int, Any], Any]
"""A stack at its end, its models, their errors after some steps, kernels or Nones."""

CHECKPOINTS = (100, 300, 1000, 3000)
"""Iterations, besides the last, after which an outcome keeps the error."""

SCHEDULES = ("constant", "cosine")
"""What becomes of the learning rate: nothing, or it falls to 0 along half a cosine."""


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
        schedule: one of `SCHEDULES`.

    Raises:
        ValueError: a value out of range or an unknown name.

    Example:
        >>> tapx.Recipe(iterations=100, length=64).batch
        100
    """

    iterations: int = 10_000
    batch: int = 100
    length: int = 1000
    dimension: int = 2
    weight_decay: float = 0.01
    schedule: str = "constant"

    def __post_init__(self) -> None:
        """Check the values."""
        at_least(1, iterations=self.iterations, batch=self.batch)
        at_least(1, length=self.length, dimension=self.dimension)
        at_least(0, weight_decay=self.weight_decay)
        one_of(self.schedule, SCHEDULES, "schedule")
        if self.length % 8:
            near = 8 * max(1, round(self.length / 8))
            raise ValueError(f"length={self.length}: a multiple of 8; nearest: {near}")

    @property
    def rate(self) -> Callable[[int], float] | None:
        """`descend`'s factor of the learning rates; None where they stay."""
        return None if self.schedule == "constant" else cosine(self.iterations)

    @property
    def ends(self) -> range:
        """The iterations whose mean error is the result of a run.

        A constant step leaves noise: ten or more in the last tenth, as far as it has so
        many. A rate that falls to 0 leaves none: the last.
        """
        last = self.iterations
        if self.schedule == "cosine":
            return range(last, last + 1)
        return range(last, last - max(1, last // 10), -max(1, last // 100))


def cosine(iterations: int) -> Callable[[int], float]:
    """A factor of the learning rate by step, from 1 at the first to nearly 0."""
    return lambda step: (1 + math.cos(math.pi * (step - 1) / iterations)) / 2


_SIGNS = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1
_SIGNS = _SIGNS.astype(np.float32)  # the eight signs that a random byte stands for


def signs(
    generator: np.random.Generator, batch: int, length: int
) -> Float[Tensor, "batch length"]:
    """Independent tokens -1 and 1, float32, one random bit each."""
    octets = np.frombuffer(generator.bytes(batch * length // 8), np.uint8)
    tokens = np.take(_SIGNS, octets, axis=0)  # far faster than indexing
    return torch.from_numpy(tokens).view(batch, length)


def spaced_tokens(
    generator: np.random.Generator, batch: int, length: int, levels: int
) -> Float[Tensor, "batch length"]:
    """Independent tokens of `levels` evenly spaced values from -1 to 1, float32."""
    if levels == 2:
        return signs(generator, batch, length)
    drawn = generator.integers(levels, size=(batch, length), dtype=np.uint8)
    return torch.from_numpy(np.take(np.array(spaced(levels), np.float32), drawn))


def stream(seed: int) -> np.random.Generator:
    """The batches' generator: the same for every cell that has this seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 1])))


def by_seed(seeds: Sequence[int]) -> dict[int, Int[Tensor, " cells"]]:
    """The cells of each seed, which share its batches."""
    return {
        seed: torch.tensor([i for i, own in enumerate(seeds) if own == seed])
        for seed in sorted(set(seeds))
    }


def adamw(
    leaves: Mapping[str, Tensor], rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """AdamW on a stack's tensors by name: matrices decay, slopes and biases do not."""
    groups: list[dict[str, Any]]
    groups = [{"params": [], "weight_decay": decay} for decay in (0.0, weight_decay)]
    for name, leaf in leaves.items():
        decays = not name.endswith(("slopes", "bias"))
        groups[decays]["params"].append(leaf.requires_grad_())
    for group in groups:
        group["factor"] = rate
    return torch.optim.AdamW(groups, lr=rate, fused=True)


def descend(
    optimiser: torch.optim.Optimizer,
    pull: Callable[[], bool],
    iterations: int,
    note: Callable[[], _T | None],
    at: Collection[int] = (),
    rate: Callable[[int], float] | None = None,
) -> dict[int, _T]:
    """Take steps of an optimiser, and note what becomes of the parameters.

    Args:
        optimiser: one that steps by the gradients at hand.
        pull: puts the gradients of the next loss into the parameters, which hold none,
            and says whether to go on: False ends the descent before the step.
        iterations: steps, at least 1.
        note: what to note of the present parameters; None ends the descent.
        at: the steps after which to note, besides the last.
        rate: what a step, counted from 1, multiplies a group's "factor" by (1 where it
            has none) to have its learning rate; it is the optimiser's own if None.

    Returns:
        The notes by step; without the last step's if the descent ended before.
    """
    notes = {}
    for step in range(1, iterations + 1):
        if rate is not None:
            for group in optimiser.param_groups:
                group["lr"] = rate(step) * group.get("factor", 1.0)
        optimiser.zero_grad()
        if not pull():
            break
        optimiser.step()
        if step in at or step == iterations:
            found = note()
            if found is None:
                break
            notes[step] = found
    return notes


def train_alike(
    cells: Sequence[Any],
    kind: Callable[[Any], Any],
    train: Callable[[list[Any]], Trained],
    recipe: Recipe,
    order: Callable[[Any], Any] = lambda cell: 0,
) -> Outcomes:
    """Train cells of one kind side by side, sorted, kind after kind, on one thread.

    One outcome for each cell comes back, in the order given. Its loss is the mean of
    the errors at ``recipe.ends``, among which the last is.
    """
    groups: dict[Any, list[int]] = {}
    for place in sorted(range(len(cells)), key=lambda i: order(cells[i])):
        groups.setdefault(kind(cells[place]), []).append(place)
    done: dict[int, Outcome] = {}
    unkept = {*recipe.ends} - {*CHECKPOINTS, recipe.iterations}
    for places in groups.values():
        with one_thread():
            stack, models, errors, kernels = train([cells[place] for place in places])
        for i, place in enumerate(places):
            stack.write(i, models[i])
            own = {step: float(found[i]) for step, found in errors.items()}
            loss = _known(fmean(own[step] for step in recipe.ends))
            path = tuple((n, _known(one)) for n, one in own.items() if n not in unkept)
            more = {"model": models[i], "kernel": kernels[i]}
            done[place] = Outcome(cells[place], loss, path, **more)
    return Outcomes(done[place] for place in range(len(cells)))


def _known(error: float) -> float | None:
    return error if math.isfinite(error) else None


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums are then added in one order on every machine with the same processor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
