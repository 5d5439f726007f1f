import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_blocks import assert_alike, block, size, with_gradients
from made_draws import F64, draw

from tapx.network import scanned
from tapx.network.recurrence import totals
from tapx.network.streaming import BlockStream


def states(slopes, x):
    """All states, (heads, batch, time, size): the outputs where values pick one."""
    heads, size = len(slopes), x.shape[2]
    values = torch.eye(heads * size, dtype=F64).view(heads, size, -1)
    return scanned.gather(slopes, x, values).unflatten(2, (heads, size)).movedim(2, 0)


@given(
    st.lists(st.floats(-0.1, 900), min_size=1, max_size=4),
    st.integers(0, 70),
    st.integers(0, 2),
    st.booleans(),
)
def test_states_are_the_recurrence_for_any_slopes(slopes, time, batch, small):
    slopes, x = torch.tensor(slopes, dtype=F64), draw(batch, time, 3)
    with pytest.MonkeyPatch.context() as patch:
        if small:  # one chunk at a time
            patch.setattr(scanned, "CACHE_BYTES", 1)
        found = states(slopes, x)
    assert found.shape == (len(slopes), batch, time, 3)
    state = torch.zeros(len(slopes), batch, 3, dtype=F64)
    for t in range(time):
        state = torch.exp(-slopes)[:, None, None] * state + x[:, t]
        # A state grows by at most e^{7} here, and so does what rounding makes of it.
        assert torch.allclose(found[:, :, t], state, rtol=1e-12, atol=1e-10)


@given(
    st.lists(st.floats(0, 12), min_size=1, max_size=4),
    st.integers(1, 2200),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_long_inputs_in_groups_of_chunks(exponents, time, batch, seed):
    """Rates from 1e-9 to 1000, factors for each item: outputs and all gradients."""
    slopes = 10.0 ** (3 - torch.tensor(exponents, dtype=F64))
    heads = len(slopes)
    given = [slopes, draw(batch, time, 2, seed=seed), draw(heads, 2, 3, seed=seed)]
    given += [draw(batch, heads, time, seed=seed)]

    def slow(slopes, x, values, factors):
        """The recurrence read aloud."""
        state, out = torch.zeros(heads, batch, 2, dtype=F64), []
        for t in range(time):
            state = torch.exp(-slopes)[:, None, None] * state + x[:, t]
            weighted = state * factors[:, :, t].T[..., None]
            out.append(torch.einsum("hbd,hde->be", weighted, values))
        return torch.stack(out, 1)

    gone = []
    for way in (slow, scanned.gather):
        leaves = [one.clone().requires_grad_() for one in given]
        out = way(*leaves)
        # Each position counts differently; a mean, as sums grow with the length.
        gone.append([out, *torch.autograd.grad(out.sin().mean(), leaves)])
    for right, found in zip(*gone, strict=True):
        assert (right - found).abs().max() <= 1e-10 * size(right)


@given(
    st.lists(st.floats(1e-3, 30), min_size=1, max_size=5),
    st.integers(1, 90),
    st.sampled_from(["finite", "infinite", "none"]),
    st.sampled_from(["none", "tmx"]),
    st.integers(0, 99),
)
def test_the_recurrence_is_the_dense_evaluation_for_any_slopes(
    slopes, time, normalisation, score, seed
):
    """All tokens at once, and one after another."""
    attention = block("lin", normalisation, score, seed=seed, slopes=slopes)
    x = 0.5 * draw(3, time, 2, seed=seed)
    fed = BlockStream(attention, batch=3)
    steps = torch.stack([fed.step(token) for token in x.unbind(1)], 1)
    dense = attention(x, "dense")
    for found in (attention(x, "recurrence"), steps):
        assert (found - dense).abs().max() <= 1e-10 * size(dense)
    assert fed.kept == len(slopes) * (3 * 2 + 1)  # whatever the time


def test_gradients_are_finite_and_right_however_steep_a_head_is():
    for normalisation in ("finite", "infinite", "none"):
        attention = block("lin", normalisation, "tmx", slopes=[0.01, 1.0, 700.0])
        with torch.no_grad():
            attention.direction[2] *= 1e-3
        x = draw(2, 100, 2)
        (_, wanted), (_, gradients) = (
            with_gradients(
                *(attention, x, lambda a, x, way=way: a(x, way)),
                lambda out: out.square().sum(),
            )
            for way in ("dense", "recurrence")
        )
        assert_alike(gradients, wanted)
        # Every division removes the direction, and nothing else.
        missing = {name for name, one in gradients.items() if one is None}
        assert missing == (set() if normalisation == "none" else {"direction"})


def test_totals_are_what_a_softmax_divides_by():
    found = totals(torch.tensor([0.5, 0.0], dtype=F64), 4)
    assert torch.equal(found[1], torch.tensor([1.0, 2, 3, 4], dtype=F64))
    assert math.isclose(found[0, 2], 1 + math.exp(-0.5) + math.exp(-1))
