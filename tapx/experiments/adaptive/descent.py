"""How models of one stack descend on an adaptive target, and what they miss.

All cells of a seed see the same stream of batches. The loss is the mean squared error
over every position whose memory lies inside the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.experiments import all_windows
from tapx.experiments.adaptive.affine import affine_part
from tapx.experiments.adaptive.stack import DeepStack
from tapx.experiments.training import (
    CHECKPOINTS,
    Recipe,
    Trained,
    adamw,
    descend,
    signs,
    stream,
)
from tapx.network.transformer import Transformer
from tapx.targets.adaptive import AdaptiveMemory

TEST_INPUTS = 256
"""Sequences in the test set, the same for all cells; every position of each counts."""


class Task:
    """A target with its test set, and how models descend on it.

    Raises:
        ValueError: no cells, or a target that reaches too far or is not of signs.
    """

    def __init__(self, cells: Sequence[Any], target: AdaptiveMemory, recipe: Recipe):
        if not cells:
            raise ValueError("at least one cell is needed, none was given")
        if recipe.length <= target.reach:
            raise ValueError(
                f"inputs of {recipe.length} tokens do not reach back to lag "
                f"{target.reach}; the nearest length is {8 * (target.reach // 8 + 1)}"
            )
        self.target, self.recipe = target, recipe
        self.affine = affine_part(target)
        self.test = signs(stream(-1 % 2**32), TEST_INPUTS, recipe.length)
        self.wanted = self.answers(self.test)

    def answers(self, tokens: Float[Tensor, "batch time"]) -> Tensor:
        """The target at every position whose memory lies inside."""
        return self.target(tokens.double()[..., None], last_only=False).float()

    def train(self, cells: Sequence[Any], models: list[Transformer]) -> Trained:
        """Descend from the models, of cells with one rate, at once; errors by step."""
        stack = DeepStack(models)
        recipe, reach = self.recipe, self.target.reach
        error = self._exact_error if answers_affinely(models) else self._test_error
        seeds = sorted({cell.seed for cell in cells})
        which = torch.tensor([seeds.index(cell.seed) for cell in cells])
        streams = [stream(seed) for seed in seeds]
        (rate,) = {cell.learning_rate for cell in cells}
        optimiser = adamw(stack.leaves, rate, recipe.weight_decay)
        leaves = list(stack.leaves.values())
        start = {0: error(stack)}

        def pull() -> bool:
            batches = [signs(one, recipe.batch, recipe.length) for one in streams]
            wanted = torch.stack([self.answers(batch) for batch in batches])
            tokens = torch.stack(batches)[which].to(leaves[0].dtype)
            found = stack.answers(tokens)[..., reach:]
            # A sum over cells: each one's gradient is that of its own loss.
            ((found - wanted[which]) ** 2).mean((1, 2)).sum().backward()
            all_windows.shorten([leaf.grad for leaf in leaves if leaf.grad is not None])
            return True

        at = {*CHECKPOINTS, *recipe.ends}
        how = recipe.iterations, lambda: error(stack), at, recipe.rate
        notes = descend(optimiser, pull, *how)
        return stack, models, start | notes, [None] * len(models)

    @torch.no_grad()
    def _test_error(self, stack: DeepStack) -> list[float]:
        """Mean squared error over the test set."""
        cells = len(stack.leaves["embedding"])
        total = torch.zeros(cells, dtype=torch.float64)
        pairs = zip(self.test.split(128), self.wanted.split(128), strict=True)
        for tokens, wanted in pairs:
            tokens = tokens.to(stack.leaves["embedding"].dtype)
            found = stack.answers(tokens.expand(cells, *tokens.shape))
            off = found[..., self.target.reach :].double() - wanted
            total += off.square().mean(2).sum(1)
        return (total / TEST_INPUTS).tolist()

    @torch.no_grad()
    def _exact_error(self, stack: DeepStack) -> list[float]:
        """Mean squared error of affine models, from their coefficients in float64.

        With inputs of no token and of one they are read off, at each position.
        """
        length, reach = self.recipe.length, self.target.reach
        leaves = {name: leaf.double() for name, leaf in stack.leaves.items()}
        probes = torch.cat([torch.zeros(1, length), torch.eye(length)]).double()
        found = stack.answers(probes.expand(len(leaves["embedding"]), -1, -1), leaves)
        constant = found[:, 0, reach:] - float(self.affine.constant)
        kernel = (found[:, 1:] - found[:, :1])[..., reach:]  # cells token position
        for lag, wanted in enumerate(self.affine.coefficients):
            for column in range(length - reach):
                kernel[:, column + reach - lag, column] -= float(wanted)
        off = kernel.square().sum(1) + constant.square()
        return (off.mean(1) + float(self.affine.error)).tolist()


def answers_affinely(models: Sequence[Transformer]) -> bool:
    """Whether models have neither an FFN nor tokens in their logits."""
    scores = {block.score for model in models for block in model.attentions}
    return scores == {"none"} and not models[0].feed_forwards
