"""What evaluations and training steps take, over what they could not do without.

The floor of an evaluation is a simpler piece of work that it contains, measured in the
same run: turns are taken, so that both meet the same machine.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tapx.checks import at_least
from tapx.experiments.cost import measure
from tapx.experiments.training import Recipe, signs, stream
from tapx.network import spectra
from tapx.network.attention import Attention

HEADS, DIMENSION = 8, 8
KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"score": "none", "normalisation": "finite"},
    "no denominator": {"score": "none", "normalisation": "none"},
    "TMX": {"score": "tmx", "normalisation": "none"},
}
"""The blocks that are measured, position lin."""


def _seconds(steps: Mapping[str, measure.Step], rounds: int) -> dict[str, float]:
    costs = measure.take_turns(steps, rounds, 30.0)
    return {name: cost.seconds for name, cost in costs.items()}


def evaluations(power: int, rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of FFT and recurrence on ``2**power`` tokens, and of their floors.

    One input, float32, ALiBi's slopes.

    Returns:
        For "fft" and "recurrence" the seconds of each of `KINDS`, forward; the same
        forward and backward, with ", gradients" after the name; and the "floor": the
        tokens transformed and transformed back, or the states of all heads copied.

    Raises:
        ValueError: fewer than two tokens, or no rounds.
    """
    at_least(1, power=power, rounds=rounds)
    time = 2**power
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, time, DIMENSION, generator=generator) / 9
    states = torch.randn(HEADS, 1, time, DIMENSION, generator=generator)
    copy = torch.empty_like(states)
    length = spectra.smooth_length(2 * time - 1)

    def transforms() -> Tensor:
        spectrum = torch.fft.rfft(x.transpose(1, 2), n=length)
        return torch.fft.irfft(spectrum, n=length)

    found = {}
    floors = {"fft": transforms, "recurrence": lambda: copy.copy_(states)}
    for way, floor in floors.items():
        steps: dict[str, measure.Step] = {"floor": floor}
        for name, kind in KINDS.items():
            block = Attention(DIMENSION, HEADS, "lin", **kind)
            steps[name] = _forward(block, x, way)
            steps[f"{name}, gradients"] = _both(block, x, way)
        found[way] = _seconds(steps, rounds)
    return found


def _forward(block: Attention, x: Tensor, way: str) -> measure.Step:
    def step() -> None:
        with torch.no_grad():
            block(x, way)

    return step


def _both(block: Attention, x: Tensor, way: str) -> measure.Step:
    x = x.clone().requires_grad_()

    def step() -> None:
        block.zero_grad()
        x.grad = None
        block(x, way).square().sum().backward()

    return step


def cell(iterations: int, rounds: int) -> dict[str, float]:
    """Seconds of one iteration of a cell of experiment 4a, 64 heads, and of its parts.

    Returns:
        The whole "iteration", and its parts: drawing the "tokens", two "products" of
        one kernel with them, the "kernel" from the parameters and its gradient in them,
        and the "optimiser"; the rest is Python between them. No part of it, but what it
        is held against, are two products of all "heads" with the tokens.

    Raises:
        ValueError: no iterations or no rounds.
    """
    from tapx.experiments.memory.tables import experiment
    from tapx.experiments.memory.training import (
        MemoryCell,
        memory_model,
        slices,
        train_memory,
    )
    from tapx.experiments.stacks import Stack

    at_least(1, iterations=iterations, rounds=rounds)
    recipe = Recipe(iterations=iterations)
    values = experiment("4a").target.values(np.arange(recipe.length))
    one = MemoryCell("lin", 64, 0.01, "geometric", 0)
    stack = Stack([memory_model(one, recipe)], recipe.length)
    leaves = [
        tensor.detach().requires_grad_()
        for tensor in (stack.log_slopes, stack.matrices)
    ]
    groups = slices(stack, [one.learning_rate], recipe.weight_decay)
    optimiser: Any = torch.optim.AdamW(groups, fused=True)
    generator = stream(one.seed)
    tokens = signs(generator, recipe.batch, recipe.length)
    wrong, every = torch.ones(1, recipe.length), torch.ones(one.heads, recipe.length)
    wanted = [torch.ones(1, recipe.length), torch.ones(1)]

    def kernel() -> None:
        torch.autograd.grad(stack.kernels(*leaves), leaves, wanted)

    for group, leaf in zip(optimiser.param_groups, leaves, strict=True):
        group["params"][0].grad = torch.zeros_like(leaf)
    parts: dict[str, measure.Step] = {
        "iteration": lambda: train_memory([one], values, recipe),
        "tokens": lambda: signs(generator, recipe.batch, recipe.length),
        "products": lambda: (wrong @ tokens.T) @ tokens,
        "heads": lambda: (every @ tokens.T) @ tokens,
        "kernel": kernel,
        "optimiser": optimiser.step,
    }
    found = _seconds(parts, rounds)
    return found | {"iteration": found["iteration"] / iterations}
