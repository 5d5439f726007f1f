import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_blocks import assert_alike, block, size, with_gradients
from made_draws import F64, draw

from tapx.network import convolution, spectra


def evaluated(attention, x, evaluation):
    """Outputs, and gradients of a loss in which all of them count differently."""
    return with_gradients(
        attention, x, lambda a, x: a(x, evaluation), lambda out: out.sin().sum()
    )


def assert_equal(attention, x, other):
    (right, wanted), (found, gradients) = (
        evaluated(attention, x, way) for way in (other, "fft")
    )
    assert (found - right).abs().max() <= 1e-10 * size(right)
    assert_alike(gradients, wanted)


@given(
    st.sampled_from(["lin", "log"]),
    st.sampled_from([("finite", "none"), ("none", "none"), ("none", "tmx")]),
    st.lists(st.floats(1e-4, 40), min_size=1, max_size=4),
    st.integers(513, 900),
    st.integers(1, 2),
    st.integers(0, 99),
)
def test_fft_is_dense_on_inputs_long_enough_to_settle(
    position, kind, slopes, time, batch, seed
):
    normalisation, score = kind
    attention = block(position, normalisation, score, seed=seed, slopes=slopes)
    with torch.no_grad():
        if score == "tmx":  # gates of moderate size
            attention.direction /= attention.slopes[:, None] + 1
    assert_equal(attention, 0.5 * draw(batch, time, 2, seed=seed), "dense")


@pytest.mark.parametrize("normalisation", ["finite", "infinite", "none"])
def test_fft_is_the_recurrence_on_65536_tokens(normalisation):
    """Heads that settle at once, later, and never."""
    attention = block("lin", normalisation, slopes=[1.0, 0.02, 1e-3, 1e-5])
    assert_equal(attention, draw(1, 65_536, 2), "recurrence")


def test_weights_that_the_floats_cannot_tell_from_nothing():
    """Steep heads: all weights but the first are below the normal floats."""
    assert_equal(block("lin", slopes=[700.0, 1e5, 0.5]), draw(1, 600, 2), "dense")


def test_sums_settle_where_nothing_is_left():
    lags = torch.arange(2000, dtype=F64)
    weights = torch.exp(-torch.tensor([[5.0], [0.05], [1e-4]], dtype=F64) * lags)
    totals = weights.cumsum(-1)
    settled = convolution._settled(weights, totals)
    assert settled[0] < settled[1] < settled[2] == 2000
    for head in (0, 1):
        later = totals[head, settled[head] :]
        assert (later - totals[head, -1]).abs().max() <= 1e-15 * totals[head, -1]


@pytest.mark.parametrize(
    ("module", "most", "bytes", "normalisation", "sizes"),
    [
        (convolution, "CHUNK_BYTES", 4096, "finite", (3, 33, 5)),
        (spectra, "CACHE_BYTES", 1, "none", (3, 700, 2)),
    ],
)
def test_in_small_parts_it_is_the_same(
    monkeypatch, module, most, bytes, normalisation, sizes
):
    attention, x = block("lin", normalisation, dimension=sizes[2]), draw(*sizes)
    whole, wanted = evaluated(attention, x, "fft")
    monkeypatch.setattr(module, most, bytes)
    parts, gradients = evaluated(attention, x, "fft")
    assert (whole - parts).abs().max() < 1e-12
    assert_alike(gradients, wanted, 1e-11)


@pytest.mark.parametrize(
    ("evaluation", "normalisation", "score", "time"),
    [
        ("fft", "finite", "none", 600),
        ("fft", "none", "none", 600),
        ("recurrence", "none", "none", 70),
        ("recurrence", "none", "tmx", 70),
    ],
)
def test_transforms_of_functions_see_the_same_gradient(
    evaluation, normalisation, score, time
):
    """Gradients by torch.func, alone and mapped over several blocks of heads."""
    blocks = [block("lin", normalisation, score, seed=seed) for seed in (0, 1)]
    stacked, _ = torch.func.stack_module_state(blocks)
    x = 0.3 * draw(2, time, 2)

    def loss(parameters):
        given = (x, evaluation)
        return torch.func.functional_call(blocks[0], parameters, given).sin().sum()

    mapped = torch.func.vmap(torch.func.grad(loss))(stacked)
    for row, one in enumerate(blocks):
        alone = torch.func.grad(loss)(dict(one.named_parameters()))
        _, wanted = evaluated(one, x, "dense")
        del wanted["x"]
        assert_alike({name: g[row] for name, g in mapped.items()}, wanted)
        assert_alike(alone, wanted)
