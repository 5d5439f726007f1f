"""Descent from given networks, such as built ones, moved at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch

from tapx.checks import above, at_least, one_of
from tapx.experiments.adaptive.descent import Task
from tapx.experiments.outcomes import Outcomes
from tapx.experiments.training import Recipe, Trained, train_alike
from tapx.network.attention import Attention
from tapx.network.transformer import FeedForward, Transformer
from tapx.targets.adaptive import AdaptiveMemory


@dataclass(frozen=True, order=True)
class StartCell:
    """One descent from a given network.

    Attributes:
        network: its name.
        size: of the move at the start, relative to each number, at least 0.
        learning_rate: AdamW's, above 0.
        seed: of the moves and of the stream of batches.

    Raises:
        ValueError: a value out of range.
    """

    network: str
    size: float
    learning_rate: float = 0.001
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        at_least(0, size=self.size)
        above(0, learning_rate=self.learning_rate)


def moved(model: Transformer, size: float, seed: int) -> Transformer:
    """A float64 copy whose FFNs do not round, moved at random.

    Every number is multiplied by the exponential of `size` times a normal number of its
    own: it keeps its sign, and a zero stays one. Float64, since heads that cancel need
    all its digits.
    """
    inner = cast(Attention, model.attentions[0])
    dimension, tokens = model.embedding.shape
    width = cast(FeedForward, model.feed_forwards[0]).inner.shape[0]
    copy = Transformer(
        *(tokens, dimension, len(model.attentions), inner.heads, width),
        *(inner.position.name, inner.score, inner.normalisation),
        dtype=torch.float64,
    )
    draws = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in model.state_dict().items():
        normal = torch.randn(value.shape, generator=draws, dtype=torch.float64)
        state[name] = value.double() * torch.exp(size * normal)
    copy.load_state_dict(state)
    return copy


def train_from(
    cells: Sequence[StartCell],
    networks: Mapping[str, Transformer],
    target: AdaptiveMemory,
    recipe: Recipe,
) -> Outcomes:
    """Descend from given networks, moved at random.

    Args:
        cells: in any order; each names one of the networks.
        networks: Transformers with FFNs, whose rounding is left out.
        target: what they answer.
        recipe: its dimension is not used.

    Returns:
        Outcomes as `train_adaptive`, with the error before the first step as step 0.

    Raises:
        ValueError: as `train_adaptive`, or an unknown network.
    """
    for cell in cells:
        one_of(cell.network, networks, "network")
    task = Task(cells, target, recipe)

    def train(own: list[StartCell]) -> Trained:
        starts = [moved(networks[cell.network], cell.size, cell.seed) for cell in own]
        return task.train(own, starts)

    def kind(cell: StartCell) -> tuple[str, float]:
        return cell.network, cell.learning_rate

    return train_alike(cells, kind, train, recipe)
