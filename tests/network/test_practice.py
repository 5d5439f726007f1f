import pytest
import torch
from made_blocks import block, tokens, with_gradients
from torch.nn.attention.flex_attention import flex_attention

from tapx.network import practice


def rows(attention, x):
    return torch.cat(list(practice.row_blocks(attention, x, 16)), 1)


POSITIONS = ("lin", "log", "t5", "kerple-log", "per-lag")
WAYS = {
    "matrix": practice.fused,
    "keys": lambda attention, x: practice.fused(attention, x, "keys"),
    "rows": rows,
}


def run(attention, x, way):
    out, found = with_gradients(attention, x, way, lambda out: out.sin().sum())
    return {"out": out} | {n: one for n, one in found.items() if one is not None}


@pytest.mark.parametrize(
    ("way", "position"),
    [("keys", "lin")]
    + [(way, position) for way in ("matrix", "rows") for position in POSITIONS],
)
@pytest.mark.parametrize("score", ["none", "dot"])
def test_outputs_and_gradients_are_those_of_dense(score, way, position):
    attention, x = block(position, score=score), tokens(4, 50)
    right = run(attention, x, lambda a, x: a(x))
    found = run(attention, x, WAYS[way])
    learned = "position.bias" if position == "per-lag" else "slopes"
    assert (learned in found) == (way != "matrix")
    for name, value in found.items():
        torch.testing.assert_close(value, right[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize("way", ["matrix", "rows"])
def test_a_row_that_sees_nothing_is_zero(time, way):
    attention, x = block("log", score="dot"), tokens(4, time)
    found = WAYS[way](attention, x)
    torch.testing.assert_close(found, attention(x))
    assert (found[:, 0] == 0).all()


def test_blocks_are_independent():
    """Backward block by block is backward of the whole."""
    attention, x = block("lin", score="dot"), tokens(4, 50)
    right = run(attention, x, rows)
    attention.zero_grad()
    x = x.clone().requires_grad_()
    for part in practice.row_blocks(attention, x, 16):
        part.sin().sum().backward()
    torch.testing.assert_close(x.grad, right["x"])
    torch.testing.assert_close(attention.slopes.grad, right["slopes"])


def test_flex_attention_has_no_backward_on_processors():
    """Chapter `cost` says so: once this fails, measure it there."""
    q = torch.ones(1, 1, 8, 16, requires_grad=True)
    with pytest.raises(NotImplementedError, match="does not support backward on CPU"):
        flex_attention(q, q, q, score_mod=lambda score, b, h, i, j: score - (i - j))
