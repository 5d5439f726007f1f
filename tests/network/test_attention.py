import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_blocks import assert_alike, block, others, size, tokens, with_gradients
from made_draws import F64, draw

from tapx.network import spectra

POSITIONS = ["lin", "log", "t5", "kerple-log", "kerple-power", "per-lag"]
CLOSED = ["lin", "log", "kerple-log"]


ALL = product(POSITIONS, ("finite", "infinite", "none"), ("none", "dot", "tmx"))
SETTINGS = [
    (position, normalisation, score)
    for position, normalisation, score in ALL
    if (normalisation != "infinite" or position in CLOSED)
    and (score != "tmx" or position in ("lin", "log"))
]


def evaluated(attention, x, evaluation):
    """The outputs, and the gradients of the last."""
    return with_gradients(
        attention, x, lambda a, x: a(x, evaluation), lambda out: (out[:, -1] ** 2).sum()
    )


@pytest.mark.parametrize("time", [1, 2, 3, 40])
@pytest.mark.parametrize(("position", "normalisation", "score"), SETTINGS)
def test_all_evaluations_agree_gradients_included(position, normalisation, score, time):
    attention = block(position, normalisation, score)
    x = tokens(2, time)
    dense, wanted = evaluated(attention, x, "dense")
    assert torch.isfinite(dense).all()
    for evaluation in others(position, score):
        out, gradients = evaluated(attention, x, evaluation)
        compared = dense[:, -1:] if evaluation == "last" else dense
        assert (out - compared).abs().max() < 1e-10 * size(compared)
        assert_alike(gradients, wanted)


@given(
    st.sampled_from(["lin", "log"]),
    st.sampled_from([("none", "finite"), ("none", "none"), ("tmx", "none")]),
    st.integers(1, 20),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_dense_is_the_definition(position, kind, time, heads, seed):
    """Weights ``e^{p (phi(s) - phi(w.x_t))}``, summed one by one, or over their sum."""
    score, normalisation = kind
    attention = block(position, normalisation, score, heads, seed=seed)
    x = tokens(1, time, seed=seed)
    phi = {"lin": lambda z: -z, "log": lambda z: -math.log(z) if z >= 1 else 1 - z}
    phi, first = phi[position], attention.position.first_lag
    expected = torch.zeros_like(x)
    for t, (h, p) in product(range(first, time), enumerate(attention.slopes.tolist())):
        term = 0
        if score == "tmx":
            term = phi((attention.direction[h] @ x[0, t]).item())
        weights = [math.exp(p * (phi(s) - term)) for s in range(first, t + 1)]
        divisor = sum(weights) if normalisation == "finite" else 1
        mixed = sum(w * x[0, t - s] for s, w in enumerate(weights, first))
        expected[0, t] += attention.output @ attention.value[h] @ mixed / divisor
    assert (attention(x) - expected).abs().max() < 1e-10 * size(expected)


@pytest.mark.parametrize(
    ("position", "normalisation", "score"), [s for s in SETTINGS if s[1] == "infinite"]
)
def test_infinite_normalisation_means_zeros_before(position, normalisation, score):
    """Zero tokens put in front change nothing, which "finite" cannot say."""
    x = tokens(2, 9)
    padded = torch.nn.functional.pad(x, (0, 0, 50, 0))
    infinite = block(position, normalisation, score)
    assert torch.allclose(infinite(padded)[:, 50:], infinite(x), atol=1e-12)
    finite = block(position, "finite", score)
    assert not torch.allclose(finite(padded)[:, 50:], finite(x), atol=1e-6)


def test_tmx_has_one_direction_a_head_and_no_matrices():
    tmx, dot = block("lin", score="tmx"), block("lin", score="dot")
    assert tmx.direction.shape == (3, 2)
    assert not hasattr(tmx, "query") and not hasattr(dot, "direction")


@pytest.mark.parametrize("normalisation", ["finite", "infinite"])
def test_a_division_by_the_sum_cancels_tmx(position, normalisation):
    """Question 5: what does not depend on the lag drops out of a softmax."""
    with_tokens = block(position, normalisation, "tmx")
    without = block(position, normalisation, "none")
    x = tokens(2, 30)
    assert torch.allclose(with_tokens(x), without(x), rtol=0, atol=1e-12)
    assert not torch.allclose(
        block(position, "none", "tmx")(x), block(position, "none", "none")(x), atol=1e-2
    )


def test_log_head_at_the_first_token_gives_zero():
    for score in ("none", "dot"):
        out = block("log", "finite", score)(tokens(2, 5))
        assert not out[:, 0].any() and out[:, 1].any()


def test_attention_is_convolution_with_the_lag_kernel():
    attention = block("log", "none")
    x = tokens(1, 12)
    kernel = attention.lag_kernel(12)
    assert kernel.shape == (12, 2, 2)
    expected = sum(kernel[s] @ x[0, 11 - s] for s in range(12))
    assert torch.allclose(attention(x, "last")[0, 0], expected)


def test_weights_sum_to_one_over_the_lags_present():
    attention = block("log")
    weights = attention.weights(torch.arange(7))
    assert not weights[:, 0].any()
    assert torch.allclose(weights.sum(1), torch.ones(3, dtype=F64))


def test_last_with_an_embedding_is_embedding_first():
    attention = block("lin", dimension=3)
    matrix, bias = draw(3, 2, seed=3), draw(3, seed=4)
    for batch in (1, 50):  # both orders of summation
        x = tokens(batch, 20)
        expected = attention(x @ matrix.T + bias, "dense")[:, -1]
        assert torch.allclose(attention.last(x, (matrix, bias)), expected)


@pytest.mark.parametrize("length", [1, 2, 7, 1000, 131_071])
def test_smooth_lengths_are_long_enough_and_not_wasteful(length):
    smooth = spectra.smooth_length(length)
    assert length <= smooth <= max(1.25 * length, length + 2)
    for factor in (2, 3, 5):
        while smooth % factor == 0:
            smooth //= factor
    assert smooth == 1


def test_initial_weights_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first, second = block("lin", seed=5), block("lin", seed=5)
    assert torch.equal(first.value, second.value)
    assert torch.equal(before, torch.get_rng_state())
    assert math.isclose(first.slopes[0].item(), 1.1, rel_tol=1e-6)
