"""Training for experiments 1b, 2a, 2b and 3a: all cells of a table at once.

All cells of a seed see the same stream of batches; cells with equal heads form one
stack (:mod:`tapx.experiments.signs.stack`). What the paper does not state is our
reconstruction (:mod:`tapx.experiments.training`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product, starmap

import torch

from tapx.checks import above, at_least, one_of
from tapx.experiments.models import drawn_model
from tapx.experiments.outcomes import Outcomes
from tapx.experiments.signs.stack import SignStack
from tapx.experiments.training import (
    CHECKPOINTS,
    INITIAL_SLOPES,
    Recipe,
    Trained,
    adamw,
    descend,
    spaced_tokens,
    stream,
    train_alike,
)
from tapx.network.transformer import Transformer
from tapx.targets.signs import ToyTarget

TEST_INPUTS = 8192
"""Fresh inputs in the test set, the same for all cells of a table."""


@dataclass(frozen=True, order=True)
class SignCell:
    """One model to train.

    Attributes:
        rpe: relative position: "lin" or "log", one slope a head, or "free", one number
            a lag.
        heads: H, at least 1.
        width: m, neurons of the FFN, at least 1.
        learning_rate: AdamW's, above 0.
        dot_product: whether the heads have dot products.
        seed: of the initial weights and of the stream of batches.

    Raises:
        ValueError: a value out of range or an unknown name.
    """

    rpe: str
    heads: int
    width: int
    learning_rate: float
    dot_product: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        one_of(self.rpe, ("lin", "log", "free"), "rpe")
        at_least(1, heads=self.heads, width=self.width)
        above(0, learning_rate=self.learning_rate)


def sign_cells(
    rpes: Iterable[str],
    heads: Iterable[int],
    widths: Iterable[int],
    learning_rates: Iterable[float],
    seeds: Iterable[int],
    dot_products: Iterable[bool] = (False,),
) -> list[SignCell]:
    """All cells of a table, seeds fastest."""
    axes = rpes, heads, widths, learning_rates, dot_products, seeds
    return list(starmap(SignCell, product(*axes)))


def sign_model(cell: SignCell, recipe: Recipe, initial_slopes: str) -> Transformer:
    """The cell's model at its start, float32."""
    slopes = INITIAL_SLOPES[initial_slopes](cell.heads)
    return drawn_model(
        *(cell.rpe, slopes, cell.seed, recipe.dimension, recipe.length),
        width=cell.width,
        score="dot" if cell.dot_product else "none",
    )


def train_signs(
    cells: Sequence[SignCell],
    target: ToyTarget,
    recipe: Recipe,
    initial_slopes: str = "geometric",
) -> Outcomes:
    """Train all cells on one target, on one thread.

    Args:
        cells: in any order.
        target: what they shall answer, of the recipe's length.
        recipe: what the cells share.
        initial_slopes: "geometric" or "equal", for lin and log.

    Returns:
        One outcome for each cell, in the order given. The company a cell is trained in
        changes rounding only.

    Raises:
        ValueError: no cells, a target of another length, or a value out of range; a dot
            product on tokens of more than two levels, which `SignStack` does not have.
    """
    if not cells:
        raise ValueError("at least one cell is needed, none was given")
    if target.length != recipe.length:
        raise ValueError(
            f"the target has {target.length} tokens, but the recipe {recipe.length}"
        )
    if target.levels > 2 and any(cell.dot_product for cell in cells):
        raise ValueError(
            f"dot products are trained on 2 levels alone, not on {target.levels}"
        )
    one_of(initial_slopes, INITIAL_SLOPES, "initial slopes")

    def train(own: list[SignCell]) -> Trained:
        models = [sign_model(cell, recipe, initial_slopes) for cell in own]
        stack = SignStack(models, [cell.seed for cell in own], recipe.length)
        rate = own[0].learning_rate
        optimiser = adamw(stack.leaves, rate, recipe.weight_decay)
        errors = _descend(stack, optimiser, target, recipe)
        return stack, models, errors, [None] * len(own)

    def kind(cell: SignCell) -> tuple[int, bool, float]:
        return cell.heads, cell.rpe == "free", cell.learning_rate

    return train_alike(cells, kind, train, recipe)


def _descend(
    stack: SignStack,
    optimiser: torch.optim.Optimizer,
    target: ToyTarget,
    recipe: Recipe,
) -> dict[int, list[float]]:
    """Descend the models of a stack, in place; their errors by iteration."""
    streams = [stream(seed) for seed in stack.rows]
    test = spaced_tokens(stream(-1 % 2**32), TEST_INPUTS, recipe.length, target.levels)
    answers = target(test)

    def pull() -> bool:
        batches = [
            spaced_tokens(one, recipe.batch, recipe.length, target.levels)
            for one in streams
        ]
        found = stack.answers(batches)
        wanted = torch.empty_like(found)
        for which, tokens in zip(stack.rows.values(), batches, strict=True):
            wanted[which] = target(tokens)
        # A sum over cells: each one's gradient is that of its own loss.
        ((found - wanted) ** 2).mean(1).sum().backward()
        return True

    @torch.no_grad()
    def note() -> list[float]:
        total = torch.zeros((), dtype=torch.float64)
        for tokens, wanted in zip(test.split(512), answers.split(512), strict=True):
            found = stack.answers([tokens] * len(streams))
            total = total + ((found - wanted).double() ** 2).sum(1)
        return (total / len(test)).tolist()

    at = {*CHECKPOINTS, *recipe.ends}
    return descend(optimiser, pull, recipe.iterations, note, at, recipe.rate)
