from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_networks import drawn, fixed

from tapx.kernels import balls
from tapx.readouts import two_layer
from tapx.targets.memories import FixedMemory
from tapx.theorems import theorem_3_1


def test_blocks_hold_the_memories():
    """Before the readout the stream is (x_t, nearly x_{t-T_1}, ...)."""
    goal = fixed((1, 3), size=2)
    built = theorem_3_1.construct(goal, 12, "lin")
    x = drawn(built, 6, 20)
    stream = x @ built.model.embedding.T
    stream = stream + built.model.attentions[0](stream)
    wanted = goal.memories(x)
    assert torch.equal(stream[..., :2], wanted[..., :2])
    for k, error in enumerate(built.errors, start=1):
        block = slice(2 * k, 2 * k + 2)
        off = (stream - wanted)[..., block].norm(dim=-1).max()
        assert off <= error + built.rounding_error


def test_rounding_passes_through_the_net_that_is_built():
    """A sample of f's neurons may be far steeper than f, whose neurons cancel."""
    readout = two_layer.TwoLayerNet([1e6, -1e6, 1.0], [[0, 1.0]] * 3)
    goal = FixedMemory((7,), readout)
    built = theorem_3_1.construct(goal, 14, "lin", width=2, kernel="interpolation")
    assert max(built.net.coordinate_slopes) > 1e3 * max(readout.coordinate_slopes)
    inputs = torch.cat([built.adversarial_inputs(), drawn(built, 2000, 128).sign()])
    assert built.worst_over(inputs) <= built.error


def test_huge_weights_are_said_to_be_unsafe():
    built = theorem_3_1.construct(fixed((3, 7)), 40, "lin", kernel="interpolation")
    assert not built.float64_safe
    assert built.worst_over(built.adversarial_inputs(count=20)) <= built.error


def test_certificates_are_those_of_the_kernels():
    built = theorem_3_1.construct(fixed(), 6, "lin")
    for kernel, error in zip(built.kernels, built.errors, strict=True):
        assert error >= balls.lower(kernel.l1_error)
    assert built.attention_error >= np.hypot(*built.errors)
    lipschitz = built.readout.lipschitz
    assert built.propagated_error <= lipschitz * built.attention_error * (1 + 1e-12)


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=5, unique=True),
    st.integers(0, 60),
    st.sampled_from(["lin", "log"]),
)
def test_heads_are_shared_out_as_in_the_proof(lags, spare, position):
    heads = len(lags) + spare
    counts = theorem_3_1.allocate(tuple(lags), heads, position)
    assert sum(counts) == heads
    assert min(counts) >= 1
    by_lag = [count for _, count in sorted(zip(lags, counts, strict=True))]
    assert all(a <= b + 1 for a, b in pairwise(by_lag))
    sizes = (
        np.exp(0.01 * np.array(lags)) if position == "lin" else np.array(lags) ** 1.01
    )
    shares = heads * sizes / sizes.sum()
    if shares.min() >= 1:
        assert np.abs(shares - counts).max() < 1


def test_too_few_heads_remember_nothing_and_say_so(position):
    built = theorem_3_1.construct(fixed((3, 7)), 2, position)
    assert min(built.errors) >= 1
    measured = built.worst_over(built.adversarial_inputs(count=20))
    assert 0 < measured <= built.error


def test_heads_may_be_shared_out_otherwise():
    built = theorem_3_1.construct(fixed((1, 3)), 8, "lin", groups=(2, 6))
    assert [kernel.heads for kernel in built.kernels] == [2, 6]


def test_a_norm_rounded_up_is_brought_back_to_the_ball():
    """Inputs a little outside must not measure more than the ball allows."""
    built = theorem_3_1.construct(fixed(), 6, "lin", length=16)
    x = built.adversarial_inputs(count=20)
    x = x / x.norm(dim=-1).max()
    inside, outside = built.worst_over(x), built.worst_over(x * (1 + 9e-13))
    assert outside == pytest.approx(inside, rel=1e-14, abs=1e-15)
