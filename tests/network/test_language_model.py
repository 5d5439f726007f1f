"""The language model: the paper's blocks, causal, each score by its quickest way."""

import math

import pytest
import torch
from made_blocks import language_model as small
from made_draws import F64, draw, whole

from tapx.network.language_model import LanguageModel, attend, initial_slopes


@pytest.mark.parametrize("time", [256, 12, 1])
@pytest.mark.parametrize("score", ["dot", "none", "tmx"])
def test_the_quick_evaluation_is_attention(score, position, time):
    model, x = small(score=score, position=position, dtype=F64), draw(3, time, 6)
    for attention, _ in model.blocks():
        torch.testing.assert_close(attend(attention, x), attention(x, "dense"))


@pytest.mark.parametrize("score", ["dot", "none", "tmx"])
def test_causal(score):
    model, ids = small(score=score), whole(0, 11, 2, 12)
    changed = ids.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 11
    a, b = model(ids), model(changed)
    torch.testing.assert_close(a[:, :7], b[:, :7])
    assert (a[:, 7] - b[:, 7]).abs().max() > 1e-3


def test_it_is_the_sum_of_its_blocks():
    """Section 2, written out: residuals and no LayerNorm."""
    model, ids = small(dtype=F64), whole(0, 11, 2, 5)
    stream = model.embedding[ids]
    for attention, net in model.blocks():
        stream = stream + attention(stream)
        stream = stream + net(stream)
    torch.testing.assert_close(model(ids), stream @ model.unembedding.T)


def test_starts_near_an_even_guess():
    model = LanguageModel(100, 32, layers=4, heads=4, seed=3)
    ids = torch.arange(64)[None]
    loss = torch.nn.functional.cross_entropy(model(ids)[0], ids[0].roll(-1))
    assert float(loss.detach()) == pytest.approx(math.log(100), rel=0.05)


def test_parameter_counts():
    counts = small(width=7).parameter_counts()
    assert counts["embedding"] == 2 * 11 * 6
    assert counts["attention"] == 2 * (3 * 3 * 36 + 36 + 3)
    assert counts["feed_forward"] == 2 * (2 * 6 * 7 + 7)


def test_slopes_stay_positive():
    model = small()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 5.0
    assert all((attention.slopes > 0).all() for attention, _ in model.blocks())
    assert initial_slopes(1) == [0.5]
    assert initial_slopes(3) == pytest.approx([4, 0.5, 1 / 16])


def test_generate():
    model = small()
    first = model.generate([1, 2], 20, seed=6)
    assert first == model.generate([1, 2], 20, seed=6)
    assert first != model.generate([1, 2], 20, seed=7)
    assert len(first) == 20 and all(0 <= one < 11 for one in first)
    greedy = model.generate([3], 1, temperature=0)
    assert greedy == [int(model(torch.tensor([[3]]))[0, -1].argmax())]
    old = model.generate([9] * 5 + [1] * 12, 5, seed=6)
    assert old == model.generate([1] * 12, 5, seed=6), "older than the context"
