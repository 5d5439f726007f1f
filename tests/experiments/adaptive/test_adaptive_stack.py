"""The stack of deep models answers and pulls as the Transformer does."""

import pytest
import torch

from tapx.experiments.adaptive.stack import DeepStack
from tapx.experiments.training import signs, stream
from tapx.network.transformer import Transformer

KINDS = [
    ("none", "none", "lin"),
    ("dot", "none", "log"),
    ("tmx", "none", "lin"),
    ("tmx", "none", "log"),
    ("dot", "finite", "lin"),
    ("dot", "finite", "log"),
    ("none", "finite", "log"),
]


def models(layers, feed_forward):
    return [
        Transformer(
            *(1, 4, layers, 3, 5, position, score, normalisation, feed_forward),
            seed=seed,
            dtype=torch.float64,
        )
        for seed, (score, normalisation, position) in enumerate(KINDS)
    ]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("feed_forward", [False, True])
def test_values_and_gradients_are_the_transformers(layers, feed_forward):
    own = models(layers, feed_forward)
    stack = DeepStack(own)
    for leaf in stack.leaves.values():
        leaf.requires_grad_()
    tokens = signs(stream(1), 2, 8).double()
    found = stack.answers(tokens.expand(len(own), -1, -1))
    found.square().sum().backward()
    for cell, model in enumerate(own):
        wanted = model(tokens[..., None])
        assert torch.allclose(found[cell], wanted, rtol=1e-9, atol=1e-9)
        wanted.square().sum().backward()
        for name, value in model.named_parameters():
            pull = stack.leaves[name].grad[cell]
            grad = value.grad * value if name.endswith("slopes") else value.grad
            assert torch.allclose(pull, grad, rtol=1e-7, atol=1e-7), name
        if model.attentions[0].score != "dot":
            for name in ("query", "key"):
                assert not stack.leaves[f"attentions.0.{name}"].grad[cell].any()


def test_what_is_written_back_is_what_was_copied():
    own = models(2, True)
    stack = DeepStack(own)
    for cell, model in enumerate(own):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        stack.write(cell, model)
        for name, value in model.state_dict().items():
            assert torch.allclose(value, before[name])
