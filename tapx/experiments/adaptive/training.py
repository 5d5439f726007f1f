"""Training on adaptive memories: with dot products, without, and with TMX.

Recipe and learning rates are ours: the paper trains nothing on this task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from tapx.checks import above, at_least, one_of
from tapx.experiments.adaptive.descent import Task
from tapx.experiments.outcomes import Outcomes
from tapx.experiments.training import INITIAL_SLOPES, Recipe, Trained, train_alike
from tapx.network.transformer import Transformer
from tapx.targets.adaptive import AdaptiveMemory

ARMS = {
    "none": ("none", "none"),
    "dot": ("dot", "none"),
    "tmx": ("tmx", "none"),
    "dot softmax": ("dot", "finite"),
}
"""Score and normalisation by arm. Softmax divides TMX out: it has no arm of its own."""


@dataclass(frozen=True, order=True)
class AdaptiveCell:
    """One model to train.

    Attributes:
        arm: one of `ARMS`.
        position: "lin" or "log".
        layers: L, 1 to 3.
        feed_forward: whether each layer has an FFN.
        learning_rate: AdamW's, above 0.
        seed: of the initial weights and of the stream of batches.

    Raises:
        ValueError: a value out of range or an unknown name.
    """

    arm: str
    position: str
    layers: int
    feed_forward: bool
    learning_rate: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        one_of(self.arm, ARMS, "arm")
        one_of(self.position, ("lin", "log"), "position")
        at_least(1, layers=self.layers)
        above(0, learning_rate=self.learning_rate)


def adaptive_cells(
    arms: Iterable[str],
    positions: Iterable[str],
    layers: Iterable[int],
    rates: Iterable[float],
    seeds: Iterable[int],
) -> list[AdaptiveCell]:
    """All cells of a table, with FFNs and without, seeds fastest."""
    keys = product(arms, positions, layers, (False, True), rates, seeds)
    return [AdaptiveCell(*key) for key in keys]


def adaptive_model(
    cell: AdaptiveCell, recipe: Recipe, heads: int, width: int, initial_slopes: str
) -> Transformer:
    """The cell's model at its start, float32."""
    score, normalisation = ARMS[cell.arm]
    return Transformer(
        *(1, recipe.dimension, cell.layers, heads, width, cell.position),
        *(score, normalisation, cell.feed_forward),
        slopes=INITIAL_SLOPES[initial_slopes](heads),
        seed=cell.seed,
    )


def train_adaptive(
    cells: Sequence[AdaptiveCell],
    target: AdaptiveMemory,
    recipe: Recipe,
    *,
    heads: int = 4,
    width: int = 16,
    initial_slopes: str = "equal",
) -> Outcomes:
    """Train all cells on one target of signs, on one thread.

    Args:
        cells: in any order.
        target: what they shall answer, of a reach below the recipe's length.
        recipe: what the cells share.
        heads: H of each layer.
        width: m of each FFN.
        initial_slopes: "equal" or "geometric".

    Returns:
        One outcome for each cell, in the order given. The error of an affine model is
        exact, that of the others is over `descent.TEST_INPUTS` sequences.

    Raises:
        ValueError: no cells, a target that reaches too far or is not of signs, or an
            unknown name.
    """
    one_of(initial_slopes, INITIAL_SLOPES, "initial slopes")
    task = Task(cells, target, recipe)

    def train(own: list[AdaptiveCell]) -> Trained:
        sizes = recipe, heads, width, initial_slopes
        return task.train(own, [adaptive_model(cell, *sizes) for cell in own])

    def kind(cell: AdaptiveCell) -> tuple[int, bool, bool, float]:
        affine = cell.arm == "none" and not cell.feed_forward
        return cell.layers, cell.feed_forward, affine, cell.learning_rate

    return train_alike(cells, kind, train, recipe)
