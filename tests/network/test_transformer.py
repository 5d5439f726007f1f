import pytest
import torch
from made_blocks import assert_alike, language_model, others, tokens, with_gradients
from made_draws import F64

from tapx.network.positions import PerLag
from tapx.network.transformer import FeedForward, Transformer


def network(**options):
    defaults = {"layers": 1, "heads": 3, "width": 5, "dtype": F64, "seed": 4}
    model = Transformer(2, 4, **(defaults | options))
    with torch.no_grad():
        model.embedding_bias += 0.3
    return model


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("feed_forward", [True, False])
@pytest.mark.parametrize("score", ["none", "dot", "tmx"])
def test_evaluations_agree_gradients_included(layers, feed_forward, score, position):
    model = network(
        layers=layers, feed_forward=feed_forward, score=score, position=position
    )
    x = tokens(3, 300)

    def run(evaluation):
        return with_gradients(
            *(model, x, lambda model, x: model(x, evaluation)),
            lambda out: ((out if evaluation == "last" else out[:, -1]) ** 2).sum(),
        )

    dense, wanted = run("dense")
    assert dense.shape == (3, 300)
    for evaluation in others(position, score):
        out, gradients = run(evaluation)
        compared = dense[:, -1] if evaluation == "last" else dense
        assert (out - compared).abs().max() < 1e-10
        assert_alike(gradients, wanted)


def test_it_is_the_formula_of_the_paper():
    """Two layers by hand: attention residual, FFN residual, last FFN without."""
    model = network(layers=2)
    x = tokens(1, 6)
    stream = x @ model.embedding.T + model.embedding_bias
    stream = stream + model.attentions[0](stream)
    first, last = model.feed_forwards
    stream = stream + torch.relu(stream @ first.inner.T + first.bias) @ first.outer.T
    stream = stream + model.attentions[1](stream)
    out = torch.relu(stream @ last.inner.T + last.bias) @ last.outer.T
    assert torch.allclose(model(x), out[..., 0])


def test_without_feed_forward_it_is_linear_in_the_tokens():
    model = network(feed_forward=False)
    with torch.no_grad():
        model.embedding_bias.zero_()
    x, y = tokens(2, 9), tokens(2, 9).flip(0)
    assert torch.allclose(model(2 * x - y), 2 * model(x) - model(y))
    assert not model.feed_forwards


def test_parameter_counts_add_up():
    more = ({"layers": 2, "score": "dot"}, {"feed_forward": False})
    for model in (
        network(),
        *(network(**one) for one in more),
        language_model(width=7),
    ):
        counts = model.parameter_counts()
        assert counts["total"] == sum(p.numel() for p in model.parameters())
    assert network().parameter_counts()["feed_forward"] == 5 * (4 + 1 + 1)


def test_per_lag_positions_train_one_number_a_lag():
    model = network(position=PerLag(3, 20, dtype=F64))
    model(tokens(2, 20), "last").sum().backward()
    gradient = model.attentions[0].position.bias.grad
    assert (gradient != 0).all()


@pytest.mark.parametrize("made", [network, language_model])
def test_same_seed_same_weights(made):
    one, two, other = made(seed=4), made(seed=4), made(seed=5)
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(p, q)
    assert not torch.equal(one.embedding, other.embedding)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("normalisation", ["finite", "infinite", "none"])
def test_many_networks_at_once_by_vmap(normalisation, layers):
    sizes = {"feed_forward": False, "layers": layers, "normalisation": normalisation}
    models = [network(seed=seed, **sizes) for seed in range(3)]
    with torch.no_grad():  # the seed leaves the slopes as they are
        for times, model in enumerate(models, 1):
            for attention in model.attentions:
                attention.slopes.mul_(times)
    x = tokens(4, 30)
    parameters, buffers = torch.func.stack_module_state(models)

    def loss(p, b):
        out = torch.func.functional_call(models[0], (p, b), (x, "last"))
        return (out**2).mean()

    gradients, losses = torch.func.vmap(torch.func.grad_and_value(loss))(
        parameters, buffers
    )
    for row, model in enumerate(models):
        one = (model(x, "last") ** 2).mean()
        assert torch.allclose(one, losses[row])
        one.backward()
        for name, p in model.named_parameters():
            assert torch.allclose(p.grad, gradients[name][row], atol=1e-12)


def test_feed_forward_sums_neurons():
    block = FeedForward(2, 3, outputs=4, dtype=F64)
    assert block(tokens(2, 5)).shape == (2, 5, 4)
