"""A stack computes what the Transformer computes, values and gradients."""

from copy import deepcopy

import pytest
import torch
from made_blocks import draw

from tapx.experiments.stacks import BIAS, SLOPES, Stack
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer


def model(seed, position="lin", heads=3, dimension=4, **options):
    """A small FFN-free model in float64, with a bias that matters."""
    made = Transformer(
        1,
        dimension,
        heads=heads,
        position=position,
        feed_forward=False,
        seed=seed,
        dtype=torch.float64,
        **options,
    )
    made.embedding_bias.data.copy_(draw(dimension, seed=seed))
    return made


def free(seed, length=12):
    """The same with a number of its own for each lag."""
    position = PerLag(3, length, torch.float64)
    position.bias.data.copy_(draw(3, length, seed=seed))
    return model(seed, position)


POSITIONS = ("lin", "log", "t5", "kerple-log", "kerple-power")
STACKED = {
    "slopes": [model(seed, name) for seed, name in enumerate(POSITIONS)],
    "free": [free(seed) for seed in range(2)],
}


@pytest.mark.parametrize("models", STACKED.values(), ids=STACKED)
def test_values_and_gradients_are_the_transformers(models):
    stack = Stack(models, 12)
    numbers = (stack.log_slopes, stack.matrices)
    leaves = [one.clone().requires_grad_() for one in numbers]
    kernels, constants = stack.kernels(*leaves)
    tokens = draw(5, 12, 1, seed=7)
    answers = kernels @ tokens[..., 0].flip(1).T + constants[:, None]
    answers.square().sum().backward()
    for cell, one in enumerate(models):
        expected = one(tokens, evaluation="last")
        torch.testing.assert_close(answers[cell], expected, rtol=1e-12, atol=1e-12)
        expected.square().sum().backward()
        gradients = {name: p.grad for name, p in one.named_parameters()}
        ours = stack.parts(leaves[1].grad)
        if BIAS in gradients:
            ours[BIAS] = leaves[0].grad
        else:
            ours[SLOPES] = leaves[0].grad / one.attentions[0].slopes.detach()
        for name, wanted in gradients.items():
            torch.testing.assert_close(ours[name][cell], wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("models", STACKED.values(), ids=STACKED)
def test_write_gives_the_parameters_back(models):
    stack = Stack(models, 12)
    blank = deepcopy(models[0])
    with torch.no_grad():
        for parameter in blank.parameters():
            parameter.zero_()
    stack.write(0, blank)
    for got, want in zip(blank.parameters(), models[0].parameters(), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-15, atol=1e-15)


def test_exact_kernels_are_float64():
    single = Transformer(1, 2, heads=4, feed_forward=False, position="log", seed=3)
    stack = Stack([single], 50)
    kernels, constants = stack.exact_kernels()
    assert kernels.dtype == constants.dtype == torch.float64
    double = deepcopy(single).double()
    impulses = torch.eye(50, dtype=torch.float64).flip(1)[..., None]
    want = double(impulses, evaluation="last") - constants[0]
    # The slope passes through its float32 logarithm once.
    torch.testing.assert_close(kernels[0], want, rtol=1e-5, atol=1e-7)
