import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tapx.network.attention import Attention
from tapx.network.streaming import BlockStream, stream
from tapx.network.transformer import Transformer

F64 = torch.float64


def tokens(batch, time, dimension=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, dimension, generator=generator, dtype=F64)


@given(
    st.lists(st.floats(0.01, 20), min_size=1, max_size=4),
    st.integers(1, 40),
    st.sampled_from(["finite", "infinite", "none"]),
    st.sampled_from(["none", "tmx"]),
)
def test_a_block_fed_token_by_token_is_the_dense_block(
    slopes, time, normalisation, score
):
    attention = Attention(
        *(2, len(slopes)),
        score=score,
        normalisation=normalisation,
        slopes=slopes,
        dtype=F64,
    )
    x = 0.3 * tokens(3, time)
    fed = BlockStream(attention, batch=3)
    found = torch.stack([fed.step(token) for token in x.unbind(1)], 1)
    dense = attention(x)
    assert (found - dense).abs().max() < 1e-10 * max(1, dense.abs().max())
    assert fed.kept == len(slopes) * (3 * 2 + 1)  # whatever the time


@pytest.mark.parametrize("score", ["none", "tmx"])
@pytest.mark.parametrize("feed_forward", [True, False])
def test_a_network_fed_token_by_token_is_the_network(score, feed_forward):
    model = Transformer(*(2, 3, 3, 4, 5, "lin", score, "none", feed_forward), dtype=F64)
    with torch.no_grad():
        model.embedding_bias += 0.1
    x = 0.2 * tokens(2, 30)
    found = torch.stack(list(stream(model, x.unbind(1))), 1)
    wanted = model(x, "dense")
    assert (found - wanted).abs().max() < 1e-10 * max(1, wanted.abs().max())
    again = model(x, "recurrence")
    assert (again - wanted).abs().max() < 1e-10 * max(1, wanted.abs().max())
