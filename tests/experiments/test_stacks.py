"""A stack computes what the Transformer computes, values and gradients."""

import torch

from tapx.experiments.stacks import SLOPES, Stack
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
    generator = torch.Generator().manual_seed(seed)
    bias = torch.randn(dimension, generator=generator, dtype=torch.float64)
    made.embedding_bias.data.copy_(bias)
    return made


POSITIONS = ("lin", "log", "t5", "kerple-log", "kerple-power")


def test_values_and_gradients_are_the_transformers():
    length = 12
    models = [model(seed, name) for seed, name in enumerate(POSITIONS)]
    stack = Stack(models, length)
    leaves = [
        stack.log_slopes.clone().requires_grad_(),
        stack.matrices.clone().requires_grad_(),
    ]
    kernels, constants = stack.kernels(*leaves)
    generator = torch.Generator().manual_seed(7)
    tokens = torch.randn(5, length, 1, generator=generator, dtype=torch.float64)
    answers = kernels @ tokens[..., 0].flip(1).T + constants[:, None]
    answers.square().sum().backward()
    for cell, one in enumerate(models):
        expected = one(tokens, evaluation="last")
        torch.testing.assert_close(answers[cell], expected, rtol=1e-12, atol=1e-12)
        expected.square().sum().backward()
        gradients = {name: p.grad for name, p in one.named_parameters()}
        slopes = one.attentions[0].slopes.detach()
        torch.testing.assert_close(
            leaves[0].grad[cell], gradients.pop(SLOPES) * slopes, rtol=1e-9, atol=1e-9
        )
        for name, part in stack.parts(leaves[1].grad).items():
            torch.testing.assert_close(
                part[cell], gradients[name], rtol=1e-9, atol=1e-9
            )


def test_free_numbers_a_lag_give_the_transformers_values_and_gradients():
    length = 12
    models = [model(seed, PerLag(3, length, torch.float64)) for seed in range(2)]
    generator = torch.Generator().manual_seed(8)
    for one in models:
        one.attentions[0].position.bias.data.normal_(generator=generator)
    stack = Stack(models, length)
    leaves = [
        stack.log_slopes.clone().requires_grad_(),
        stack.matrices.clone().requires_grad_(),
    ]
    kernels, constants = stack.kernels(*leaves)
    tokens = torch.randn(5, length, 1, generator=generator, dtype=torch.float64)
    answers = kernels @ tokens[..., 0].flip(1).T + constants[:, None]
    answers.square().sum().backward()
    for cell, one in enumerate(models):
        expected = one(tokens, evaluation="last")
        torch.testing.assert_close(answers[cell], expected, rtol=1e-12, atol=1e-12)
        expected.square().sum().backward()
        bias = one.attentions[0].position.bias.grad
        torch.testing.assert_close(leaves[0].grad[cell], bias, rtol=1e-9, atol=1e-9)
        other = model(9, PerLag(3, length, torch.float64))
        stack.write(cell, other)
        torch.testing.assert_close(other(tokens, "last"), expected)


def test_write_gives_the_parameters_back():
    models = [model(seed, "log") for seed in range(2)]
    stack = Stack(models, 8)
    blank = model(9, "log")
    stack.write(1, blank)
    for (_, got), (_, want) in zip(
        blank.named_parameters(), models[1].named_parameters(), strict=True
    ):
        torch.testing.assert_close(got, want, rtol=1e-15, atol=1e-15)


def test_exact_kernels_are_float64():
    single = Transformer(1, 2, heads=4, feed_forward=False, position="log", seed=3)
    stack = Stack([single], 50)
    kernels, constants = stack.exact_kernels()
    assert kernels.dtype == constants.dtype == torch.float64
    double = Transformer(
        1, 2, heads=4, feed_forward=False, position="log", dtype=torch.float64
    )
    double.load_state_dict({k: v.double() for k, v in single.state_dict().items()})
    impulses = torch.eye(50, dtype=torch.float64).flip(1)[..., None]
    want = double(impulses, evaluation="last") - constants[0]
    # The slope passes through its float32 logarithm once.
    torch.testing.assert_close(kernels[0], want, rtol=1e-5, atol=1e-7)
