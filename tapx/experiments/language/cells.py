"""What a trained language model is named by: its cell, and the recipe of its table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from tapx.checks import above, at_least, one_of
from tapx.network.heads import SCORES
from tapx.network.language_model import POSITIONS

WARM_UP = 0.1  # part of the steps over which the learning rate rises
LAST_RATE = 0.1  # the cosine ends at this part of the learning rate


@dataclass(frozen=True, order=True)
class LanguageCell:
    """One language model to train.

    Attributes:
        position: "log" or "lin".
        score: "dot", "none" or "tmx".
        layers, heads, dimension: L, H, D, each at least 1.
        width: m, neurons of each feed-forward, at least 1.
        seed: of the initial weights and of the stream of windows.

    Raises:
        ValueError: a value out of range or an unknown name.
    """

    position: str = "log"
    score: str = "dot"
    layers: int = 1
    heads: int = 1
    dimension: int = 32
    width: int = 128
    seed: int = 0
    columns: ClassVar = ("loss", "curve")

    def __post_init__(self) -> None:
        one_of(self.position, POSITIONS, "position")
        one_of(self.score, SCORES, "score")
        at_least(1, layers=self.layers, heads=self.heads)
        at_least(1, dimension=self.dimension, width=self.width)


@dataclass(frozen=True)
class LanguageRecipe:
    """What all cells of a table share.

    Attributes:
        steps: batches seen, at least 1. The paper states 10,000, on about a billion
            tokens; all other settings are ours.
        batch: windows in a batch, at least 1.
        context: T, tokens that a window predicts, at least 2.
        learning_rate: AdamW's largest step, positive.
        validation_windows: of `context` tokens each, at least 1.
        points: evaluations on the way, evenly spaced, the last after the last step.

    Raises:
        ValueError: a value out of range.
    """

    steps: int = 500
    batch: int = 16
    context: int = 64
    learning_rate: float = 3e-3
    validation_windows: int = 128
    points: int = 10

    def __post_init__(self) -> None:
        at_least(1, steps=self.steps, batch=self.batch, points=self.points)
        at_least(1, validation_windows=self.validation_windows)
        at_least(2, context=self.context)
        above(0, learning_rate=self.learning_rate)

    @property
    def tokens(self) -> int:
        """Tokens predicted in training."""
        return self.steps * self.batch * self.context

    @property
    def checkpoints(self) -> list[int]:
        """Steps after which the validation loss is noted: 0 first, the last last."""
        spaced = [round(self.steps * k / self.points) for k in range(self.points + 1)]
        return sorted(set(spaced))

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 1."""
        rising = max(1, round(self.steps * WARM_UP))
        if step <= rising:
            return self.learning_rate * step / rising
        done = (step - rising) / max(1, self.steps - rising)
        wave = (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * (LAST_RATE + (1 - LAST_RATE) * wave)
