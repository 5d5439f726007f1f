"""Training for experiments 1b, 2a, 2b and 3a: all cells of a table at once.

A cell is one model: heads, width, kind of relative position, with or without dot
products, seed. All cells of a seed see the same stream of batches; cells with equal
heads form one stack (:mod:`tapx.experiments.signs.stack`). The paper states AdamW,
10,000 iterations of 100 sequences of 1000 tokens -1 or 1 and the same hyperparameters
throughout, but not which: dimension, learning rate, weight decay, initial slopes and
the logarithm in which the slopes are trained are our reconstruction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tapx.checks import at_least, one_of
from tapx.experiments.outcomes import Outcome, Outcomes, finite
from tapx.experiments.signs.stack import SignStack
from tapx.experiments.training import (
    CHECKPOINTS,
    INITIAL_SLOPES,
    Recipe,
    descend,
    one_thread,
    signs,
    stream,
)
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer
from tapx.targets.signs import ToyTarget

RPE_KINDS = ("lin", "log", "free")
"""Relative positions: the paper's two, one slope a head; or one number for each lag."""

TEST_INPUTS = 8192
"""Fresh inputs in the test set, the same for all cells of a table."""


@dataclass(frozen=True, order=True)
class SignCell:
    """One model to train.

    Attributes:
        rpe: "lin", "log" or "free".
        heads: H, at least 1.
        width: m, neurons of the FFN, at least 1.
        dot_product: whether the heads have dot products.
        seed: of the initial weights and of the stream of batches.

    Raises:
        ValueError: a value out of range or an unknown name.
    """

    rpe: str
    heads: int
    width: int
    dot_product: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        one_of(self.rpe, RPE_KINDS, "rpe")
        at_least(1, heads=self.heads, width=self.width)


def sign_cells(
    rpes: Iterable[str],
    heads: Iterable[int],
    widths: Iterable[int],
    seeds: Iterable[int],
    dot_products: Iterable[bool] = (False,),
) -> list[SignCell]:
    """All cells of a table, seeds fastest."""
    seeds, dot_products = tuple(seeds), tuple(dot_products)
    heads, widths = tuple(heads), tuple(widths)
    return [
        SignCell(rpe, count, width, dot, seed)
        for rpe in rpes
        for count in heads
        for width in widths
        for dot in dot_products
        for seed in seeds
    ]


def sign_model(cell: SignCell, recipe: Recipe, initial_slopes: str) -> Transformer:
    """The cell's model at its start, float32."""
    free = cell.rpe == "free"
    slopes = torch.tensor(INITIAL_SLOPES[initial_slopes](cell.heads))
    return Transformer(
        1,
        recipe.dimension,
        heads=cell.heads,
        width=cell.width,
        position=PerLag(cell.heads, recipe.length) if free else cell.rpe,
        score="dot" if cell.dot_product else "none",
        slopes=None if free else slopes,
        seed=cell.seed,
    )


def train_signs(
    cells: Sequence[SignCell],
    target: ToyTarget,
    recipe: Recipe,
    learning_rate: float,
    initial_slopes: str = "geometric",
) -> Outcomes:
    """Train all cells on one target, on one thread.

    Args:
        cells: in any order.
        target: what they shall answer; its length is the recipe's.
        recipe: what the cells share.
        learning_rate: AdamW's, positive, the same for all cells.
        initial_slopes: "geometric" or "equal", for lin and log.

    Returns:
        One outcome for each cell, in the order given. It depends on the cell, the
        target and the recipe; the company changes rounding only.

    Raises:
        ValueError: no cells, a target of another length, or a value out of range.
    """
    if not cells:
        raise ValueError("at least one cell is needed, none was given")
    if target.length != recipe.length:
        raise ValueError(
            f"the target has {target.length} tokens, but the recipe {recipe.length}"
        )
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate={learning_rate}: give a positive one")
    one_of(initial_slopes, INITIAL_SLOPES, "initial slopes")
    groups: dict[tuple[int, bool], list[int]] = {}
    for place, cell in enumerate(cells):
        groups.setdefault((cell.heads, cell.rpe == "free"), []).append(place)
    found: dict[int, Outcome] = {}
    with one_thread():
        for places in groups.values():
            models = [sign_model(cells[i], recipe, initial_slopes) for i in places]
            own = [cells[i] for i in places]
            trained = _train_stack(own, models, target, recipe, learning_rate)
            found.update(zip(places, trained, strict=True))
    return Outcomes(found[i] for i in range(len(cells)))


def _train_stack(
    cells: list[SignCell],
    models: list[Transformer],
    target: ToyTarget,
    recipe: Recipe,
    learning_rate: float,
) -> list[Outcome]:
    """Train cells of equal heads; writes the ends into the models."""
    stack = SignStack(models, [cell.seed for cell in cells], recipe.length)
    streams = [stream(seed) for seed in stack.seeds]
    test = signs(stream(-1 % 2**32), TEST_INPUTS, recipe.length)
    answers = target(test)

    def pull() -> bool:
        batches = [signs(one, recipe.batch, recipe.length) for one in streams]
        found = stack.answers(stack.leaves, batches)
        wanted = torch.empty_like(found)
        for which, tokens in zip(stack.rows, batches, strict=True):
            wanted[which] = target(tokens)
        # A sum over cells: each one's gradient is that of its own loss.
        ((found - wanted) ** 2).mean(1).sum().backward()
        return True

    @torch.no_grad()
    def note() -> list[float]:
        total = torch.zeros(len(cells), dtype=torch.float64)
        for tokens, wanted in zip(test.split(512), answers.split(512), strict=True):
            found = stack.answers(stack.leaves, [tokens] * len(stack.seeds))
            total += ((found - wanted).double() ** 2).sum(1)
        return (total / len(test)).tolist()

    optimiser = _optimiser(stack, learning_rate, recipe.weight_decay)
    errors = descend(optimiser, pull, recipe.iterations, note, CHECKPOINTS)
    results = []
    for place, (cell, model) in enumerate(zip(cells, models, strict=True)):
        with torch.no_grad():
            stack.write(place, model)
        history = tuple((step, finite(mse[place])) for step, mse in errors.items())
        results.append(Outcome(cell, history[-1][1], history, model=model))
    return results


def _optimiser(
    stack: SignStack, learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """AdamW on a stack: matrices decay, positions and biases do not."""
    kept = ("log_slopes", "logits", "bias", "embedding_bias")
    for leaf in stack.leaves.values():
        leaf.requires_grad_()
    leaves = stack.leaves.items()
    plain: dict[str, Any] = {"params": [x for name, x in leaves if name in kept]}
    decayed: dict[str, Any] = {"params": [x for name, x in leaves if name not in kept]}
    return torch.optim.AdamW(
        [plain | {"weight_decay": 0.0}, decayed | {"weight_decay": weight_decay}],
        lr=learning_rate,
        fused=True,
    )
