"""A stack of models gives the values and gradients of the Transformers in it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_draws import seeded

from tapx.experiments.signs.stack import SignStack
from tapx.experiments.signs.training import sign_cells, sign_model
from tapx.experiments.stacks import SLOPES
from tapx.experiments.training import Recipe, signs, stream
from tapx.network.positions import PerLag

LENGTH = 16


def models_of(cells):
    recipe = Recipe(length=LENGTH, dimension=3)
    generator = seeded(1)
    models = [sign_model(cell, recipe, "geometric").double() for cell in cells]
    for model in models:
        tensors = [model.embedding_bias, model.feed_forwards[0].bias]
        position = model.attentions[0].position
        if isinstance(position, PerLag):
            tensors.append(position.bias)
        for tensor in tensors:
            tensor.data.normal_(generator=generator)
    return models


def batches_of(count, seed=2):
    generator = stream(seed)
    return [signs(generator, 7, LENGTH).double() for _ in range(count)]


@pytest.mark.parametrize("rpes", [("lin", "log"), ("free",)])
def test_values_and_gradients_are_those_of_the_transformers(rpes):
    cells = sign_cells(rpes, [2], [3, 5], [0.01], [0, 1], [False, True])
    models = models_of(cells)
    stack = SignStack(models, [cell.seed for cell in cells], LENGTH)
    leaves = {name: leaf.requires_grad_() for name, leaf in stack.leaves.items()}
    batches = batches_of(2)
    answers = stack.answers(batches)
    answers.square().sum().backward()
    for place, (cell, model) in enumerate(zip(cells, models, strict=True)):
        # The stack's column s is the token at lag s: the last token comes first.
        out = model(batches[cell.seed].flip(1)[..., None], "last")
        assert torch.allclose(out, answers[place], rtol=0, atol=1e-12)
        out.square().sum().backward()
        slopes = model.attentions[0].slopes
        for name, parameter in model.named_parameters():
            place_of = (place, *map(slice, parameter.shape))
            ours, theirs = leaves[name].grad[place_of], parameter.grad
            if name == SLOPES:
                theirs = theirs * slopes
            assert torch.allclose(ours, theirs, rtol=0, atol=1e-11), name


def test_missing_neurons_and_dot_products_have_no_gradient():
    cells = sign_cells(["free"], [2], [3, 5], [0.01], [0], [False, True])
    stack = SignStack(models_of(cells), [0] * len(cells), LENGTH)
    leaves = {name: leaf.requires_grad_() for name, leaf in stack.leaves.items()}
    stack.answers(batches_of(1)).square().sum().backward()
    narrow = [i for i, cell in enumerate(cells) if cell.width == 3]
    plain = [i for i, cell in enumerate(cells) if not cell.dot_product]
    grads = {name.rpartition(".")[2]: leaf.grad for name, leaf in leaves.items()}
    assert (grads["inner"][narrow, 3:] == 0).all()
    assert (grads["outer"][narrow, :, 3:] == 0).all()
    assert (grads["query"][plain] == 0).all()
    assert (grads["key"][plain] == 0).all()


@given(
    st.floats(-3, 3), st.lists(st.floats(0.01, 1), min_size=3, max_size=9), st.data()
)
def test_a_dot_product_bends_what_a_head_pools(shift, weights, data):
    size = len(weights)
    one = st.sampled_from([-1.0, 1.0])
    tokens = data.draw(st.lists(one, min_size=size, max_size=size))
    w, x = (torch.tensor(n, dtype=torch.float64) for n in (weights, tokens))
    w = w / w.sum()
    bent = w * torch.exp(shift * x)
    direct = (bent @ x) / bent.sum()
    pooled, bend = w @ x, torch.tanh(torch.tensor(shift, dtype=torch.float64))
    assert (pooled + bend) / (1 + pooled * bend) == pytest.approx(float(direct))


def test_a_model_is_written_back():
    cells = sign_cells(["free"], [2], [3, 5], [0.01], [0], [False, True])
    models = models_of(cells)
    stack = SignStack(models, [0] * len(cells), LENGTH)
    for leaf in stack.leaves.values():
        leaf += 0.1 * (leaf != 0)
    (tokens,) = batches_of(1)
    answers = stack.answers([tokens])
    for place, model in enumerate(models):
        stack.write(place, model)
        out = model(tokens.flip(1)[..., None], "last")
        assert torch.allclose(out, answers[place], rtol=0, atol=1e-12)
