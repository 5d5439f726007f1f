import torch
from hypothesis import given
from hypothesis import strategies as st
from made_blocks import F64, size, tokens

from tapx.network.attention import Attention
from tapx.network.streaming import BlockStream


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
    assert (found - dense).abs().max() < 1e-10 * size(dense)
    assert fed.kept == len(slopes) * (3 * 2 + 1)  # whatever the time
