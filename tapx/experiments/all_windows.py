"""Small Transformers trained on every window of a finite alphabet at once.

For questions such as: what do two layers learn that one does not? The inputs are few,
so the loss is over all of them, and the largest error is exact. Models that differ in
their seed alone are trained side by side.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from tapx.checks import at_least
from tapx.network.transformer import Transformer

LEARNING_RATE = 0.01
"""The largest."""

LARGEST_GRADIENT = 1.0
"""Gradients of greater norm are shortened to it, each model's by itself."""


def worst_errors(
    inputs: Float[Tensor, "windows time tokens"],
    answers: Float[Tensor, " windows"],
    layers: int,
    heads: int,
    width: int,
    dimension: int,
    seeds: Sequence[int],
    iterations: int,
) -> np.ndarray:
    """Largest error over all windows after training, one number a seed.

    Attention with position lin, dot products and softmax; squared loss at the last
    position, AdamW without weight decay, float32, a learning rate that rises to 0.01
    and falls once.

    Args:
        inputs: all windows, current token last.
        answers: the target at the last position.
        layers: L; each has attention and an FFN.
        heads: H.
        width: m.
        dimension: D.
        seeds: one model each.
        iterations: steps of AdamW, at least 1.

    Raises:
        ValueError: no seeds, or fewer than 1 iteration.
    """
    if not seeds:
        raise ValueError("at least one seed is needed, none was given")
    at_least(1, iterations=iterations)
    x, wanted = inputs.float(), answers.float()
    models = [
        Transformer(x.shape[2], dimension, layers, heads, width, score="dot", seed=seed)
        for seed in seeds
    ]
    parameters, _ = stack_module_state(list[torch.nn.Module](models))

    def one(weights: dict[str, Tensor]) -> Tensor:
        return functional_call(models[0], weights, (x, "dense"))[:, -1]

    every = vmap(one)
    leaves = list(parameters.values())
    optimiser = torch.optim.AdamW(leaves, lr=LEARNING_RATE, weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=iterations + 1
    )
    for _ in range(iterations):
        optimiser.zero_grad()
        # A sum over models: each one's gradient is that of its own loss.
        ((every(parameters) - wanted) ** 2).mean(1).sum().backward()
        shorten([leaf.grad for leaf in leaves if leaf.grad is not None])
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return (every(parameters) - wanted).abs().amax(1).double().numpy()


def shorten(gradients: Sequence[Tensor]) -> None:
    """Shorten gradients, models first, to `LARGEST_GRADIENT`, in place."""
    squares = torch.stack([g.flatten(1).square().sum(1) for g in gradients])
    scale = (LARGEST_GRADIENT / squares.sum(0).sqrt()).clamp(max=1)
    for gradient in gradients:
        gradient *= scale.reshape(-1, *[1] * (gradient.dim() - 1))
