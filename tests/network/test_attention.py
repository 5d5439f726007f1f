import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tapx.network import convolution
from tapx.network.attention import Attention
from tapx.network.positions import PerLag

F64 = torch.float64
POSITIONS = ["lin", "log", "t5", "kerple-log", "kerple-power", "per-lag"]
CLOSED = ["lin", "log", "kerple-log"]


def block(position, normalisation="finite", score="none", heads=3, dimension=2, seed=0):
    if position == "per-lag":
        position = PerLag(heads, 64, dtype=F64)
        generator = torch.Generator().manual_seed(seed + 1)
        with torch.no_grad():
            position.bias.copy_(torch.randn(heads, 64, generator=generator, dtype=F64))
    return Attention(
        *(dimension, heads, position),
        score=score,
        normalisation=normalisation,
        slopes=None if isinstance(position, PerLag) else torch.linspace(1.1, 3, heads),
        generator=torch.Generator().manual_seed(seed),
        dtype=F64,
    )


def tokens(batch, time, dimension=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, dimension, generator=generator, dtype=F64)


def with_gradients(attention, x, evaluation):
    """Last output, and the gradients of its sum by parameters and tokens."""
    attention.zero_grad()
    x = x.clone().requires_grad_()
    out = attention(x, evaluation)
    ((out[:, -1] ** 2).sum() + 0 * x.sum()).backward()  # a blind head has no graph
    gradients = {name: p.grad for name, p in attention.named_parameters()}
    return out.detach(), gradients | {"x": x.grad}


def size(values):
    """What 1e-10 is relative to: exponentials of products of tokens may be large."""
    return max(1.0, values.abs().max().item())


def settings():
    found = []
    for position in POSITIONS:
        for normalisation in ("finite", "infinite", "none"):
            if normalisation == "infinite" and position not in CLOSED:
                continue
            for score in ("none", "dot", "tmx"):
                if score == "tmx" and position not in ("lin", "log"):
                    continue
                found.append((position, normalisation, score))
    return found


def others(position, score):
    """The evaluations besides the dense one."""
    if score == "dot":
        return ("last",)
    return ("last", "fft", "recurrence") if position == "lin" else ("last", "fft")


@pytest.mark.parametrize("time", [1, 2, 3, 40])
@pytest.mark.parametrize(("position", "normalisation", "score"), settings())
def test_all_evaluations_agree_gradients_included(position, normalisation, score, time):
    attention = block(position, normalisation, score)
    x = tokens(2, time)
    dense, wanted = with_gradients(attention, x, "dense")
    assert torch.isfinite(dense).all()
    for evaluation in others(position, score):
        out, gradients = with_gradients(attention, x, evaluation)
        compared = dense[:, -1:] if evaluation == "last" else dense
        assert (out - compared).abs().max() < 1e-10 * size(compared)
        for name, gradient in wanted.items():
            found = gradients[name]
            if found is None:  # the evaluation does not touch what has no influence
                assert gradient is None or gradient.abs().max() < 1e-10
                continue
            assert torch.isfinite(found).all(), name
            assert (found - gradient).abs().max() < 1e-10 * size(gradient), name


@given(st.integers(1, 30), st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_dense_is_the_definition(time, batch, heads, seed):
    """Weights by softmax over the lags present, summed one by one."""
    attention = block("lin", heads=heads, seed=seed)
    x = tokens(batch, time, seed=seed)
    expected = torch.zeros_like(x)
    for t in range(time):
        for h in range(heads):
            logits = -attention.slopes[h] * torch.arange(t + 1)
            weights = torch.softmax(logits, 0)
            summed = sum(weights[s] * x[:, t - s] for s in range(t + 1))
            expected[:, t] += summed @ attention.value[h].T @ attention.output.T
    assert torch.allclose(attention(x), expected, atol=1e-12)


@pytest.mark.parametrize("position", CLOSED)
@pytest.mark.parametrize("score", ["none", "dot", "tmx"])
def test_infinite_normalisation_means_zero_tokens_before(position, score):
    """Zero tokens put in front change nothing, which "finite" cannot say."""
    x = tokens(2, 9)
    padded = torch.nn.functional.pad(x, (0, 0, 50, 0))
    if score == "tmx" and position == "kerple-log":
        return  # TMX is for lin and log
    infinite = block(position, "infinite", score)
    assert torch.allclose(infinite(padded)[:, 50:], infinite(x), atol=1e-12)
    finite = block(position, "finite", score)
    assert not torch.allclose(finite(padded)[:, 50:], finite(x), atol=1e-6)


@given(
    st.sampled_from(["lin", "log"]),
    st.integers(1, 20),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_tmx_is_its_definition(position, time, heads, seed):
    """Weights ``e^{p (phi(s) - phi(w.x_t))}``, summed one by one."""
    attention = block(position, "none", "tmx", heads=heads, seed=seed)
    x = tokens(1, time, seed=seed)
    phi = {"lin": lambda z: -z, "log": lambda z: -math.log(z) if z >= 1 else 1 - z}
    phi, first = phi[position], attention.position.first_lag
    expected = torch.zeros_like(x)
    for t in range(time):
        for h, slope in enumerate(attention.slopes.tolist()):
            term = phi((attention.direction[h] @ x[0, t]).item())
            for s in range(first, t + 1):
                weight = math.exp(slope * (phi(s) - term))
                matrix = attention.output @ attention.value[h]
                expected[0, t] += weight * matrix @ x[0, t - s]
    assert (attention(x) - expected).abs().max() < 1e-10 * size(expected)


def test_tmx_has_one_direction_a_head_and_no_matrices():
    tmx, dot = block("lin", score="tmx"), block("lin", score="dot")
    assert tmx.direction.shape == (3, 2)
    assert not hasattr(tmx, "query") and not hasattr(dot, "direction")


@pytest.mark.parametrize("normalisation", ["finite", "infinite"])
@pytest.mark.parametrize("position", ["lin", "log"])
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
        attention = block("log", "finite", score)
        out = attention(tokens(2, 5))
        assert not out[:, 0].any()
        assert out[:, 1].any()


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
    generator = torch.Generator().manual_seed(3)
    matrix = torch.randn(3, 2, generator=generator, dtype=F64)
    bias = torch.randn(3, generator=generator, dtype=F64)
    for batch in (1, 50):  # both orders of summation
        x = tokens(batch, 20)
        expected = attention(x @ matrix.T + bias, "dense")[:, -1]
        assert torch.allclose(attention.last(x, (matrix, bias)), expected)


def test_many_models_at_once_by_vmap():
    attention = block("lin")
    x = tokens(4, 10)
    stacked = {
        name: torch.stack([p.detach(), 2 * p.detach()])
        for name, p in attention.named_parameters()
    }
    for normalisation in ("finite", "infinite", "none"):
        attention.normalisation = normalisation

        def run(parameters):
            return torch.func.functional_call(attention, parameters, (x, "last"))

        both = torch.func.vmap(run)(stacked)
        for row in range(2):
            one = run({name: p[row] for name, p in stacked.items()})
            assert torch.allclose(both[row], one)


def test_fft_in_small_chunks_is_the_same(monkeypatch):
    attention, x = block("lin", dimension=5), tokens(3, 33, 5)
    whole, wanted = with_gradients(attention, x, "fft")
    monkeypatch.setattr(convolution, "CHUNK_BYTES", 4096)
    chunks, gradients = with_gradients(attention, x, "fft")
    assert (whole - chunks).abs().max() < 1e-12
    for name, gradient in wanted.items():
        assert (gradient - gradients[name]).abs().max() < 1e-11


@pytest.mark.parametrize("length", [1, 2, 7, 1000, 131_071])
def test_smooth_lengths_are_long_enough_and_not_wasteful(length):
    smooth = convolution._smooth_length(length)
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
