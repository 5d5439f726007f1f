import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tapx.kernels import balls
from tapx.network.transformer import Transformer
from tapx.readouts import two_layer
from tapx.targets.memories import FixedMemory
from tapx.theorems import theorem_3_1

F64 = torch.float64


def target(lags=(1, 3), neurons=6, size=1, seed=0):
    directions = two_layer.normal_directions(neurons, (len(lags) + 1) * size, seed)
    return FixedMemory(lags, two_layer.relu_sum(directions), size)


def random_inputs(count, length, size=1, seed=0):
    """Tokens in the unit ball, half of them on the sphere."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, length, size, generator=generator, dtype=F64)
    x = x / x.norm(dim=-1, keepdim=True)
    radius = torch.rand(count // 2, length, 1, generator=generator, dtype=F64)
    return torch.cat([x[: count // 2], x[count // 2 :] * radius])


def signs(count, length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    bits = torch.randint(0, 2, (count, length, 1), generator=generator)
    return 2.0 * bits.to(F64) - 1


CASES = [
    ("lin", "best", 6),
    ("log", "best", 4),
    ("lin", "interpolation", 8),
    ("log", "interpolation", 5),
    ("lin", "bump", 9),
    ("log", "bump", 7),
]


@pytest.mark.parametrize(("position", "kernel", "heads"), CASES)
@pytest.mark.parametrize("size", [1, 2])
def test_measured_never_exceeds_the_certificate(position, kernel, heads, size):
    built = theorem_3_1.construct(target(size=size), heads, position, kernel=kernel)
    assert built.worst_over(random_inputs(200, 128, size)) <= built.error
    assert built.worst_over(built.adversarial_inputs(count=40)) <= built.error
    assert built.worst_over(built.adversarial_inputs(length=9, count=40)) <= built.error


@given(st.integers(0, 999), st.integers(3, 60), st.sampled_from(CASES[:2]))
def test_the_certificate_holds_for_any_readout(seed, length, case):
    position, kernel, heads = case
    built = theorem_3_1.construct(target(seed=seed), heads, position, kernel=kernel)
    length = max(length, 4)
    assert built.worst_over(random_inputs(20, length, seed=seed)) <= built.error
    hard = built.adversarial_inputs(length, count=10, seed=seed)
    assert built.worst_over(hard) <= built.error


@pytest.mark.parametrize("heads", [3, 4, 6])
def test_one_memory_attains_its_l1_error(heads):
    """For f(z) = z_1 + const the sign pattern makes the certificate an equality."""
    lags = (2,)
    readout = two_layer.TwoLayerNet([1, -1], [[0, 1], [0, -1]])
    built = theorem_3_1.construct(FixedMemory(lags, readout), heads, "lin", length=400)
    measured = built.worst_over(built.adversarial_inputs(count=2))
    assert built.readout_error == 0
    assert measured <= built.error
    assert measured >= 0.999 * built.attention_error - built.rounding_error


def test_rounding_is_within_its_allowance():
    """The model in float64 against its kernels evaluated to full precision."""
    built = theorem_3_1.construct(target((3, 5)), 16, "lin", length=64)
    x = built.adversarial_inputs(count=50)
    deviations = built.deviations(64)
    past = x.flip(1)[..., 0]
    wanted = built.target.memories(x, last_only=True)
    exact = wanted.clone()
    exact[:, 1:] -= past @ deviations.T
    difference = (built.net(exact) - built.model(x, "last")).abs().max()
    assert difference <= built.rounding_error
    assert built.float64_safe


def test_the_network_is_the_one_that_is_trained():
    built = theorem_3_1.construct(target((1, 2)), 8, "lin")
    assert type(built.model) is Transformer
    x = random_inputs(4, 30)
    dense = built.model(x, "dense")
    assert (dense[:, -1] - built.model(x, "last")).abs().max() < 1e-5
    assert (dense - built.target(x)).abs().max() <= built.error


def test_blocks_hold_the_memories():
    """Before the readout the stream is (x_t, nearly x_{t-T_1}, ...)."""
    goal = target((1, 3), size=2)
    built = theorem_3_1.construct(goal, 12, "lin")
    x = random_inputs(6, 20, 2)
    stream = x @ built.model.embedding.T
    stream = stream + built.model.attentions[0](stream)
    wanted = goal.memories(x)
    assert torch.equal(stream[..., :2], wanted[..., :2])
    for k, error in enumerate(built.memory_errors, start=1):
        block = slice(2 * k, 2 * k + 2)
        off = (stream - wanted)[..., block].norm(dim=-1).max()
        assert off <= error + built.rounding_error


def test_enough_width_makes_the_readout_exact():
    exact = theorem_3_1.construct(target(neurons=6), 4, "lin", width=9)
    assert exact.readout_error == 0
    assert exact.model.feed_forwards[0].bias.shape == (9,)
    x = random_inputs(3, 20)
    same = theorem_3_1.construct(target(neurons=6), 4, "lin")
    assert torch.allclose(exact.model(x), same.model(x))


def test_a_sampled_readout_is_certified():
    built = theorem_3_1.construct(target(neurons=40), 6, "lin", width=10, seed=3)
    assert built.net.width == 10
    assert built.readout_error > 0
    assert built.worst_over(built.adversarial_inputs(count=100)) <= built.error


@pytest.mark.parametrize(("size", "lags", "heads"), [(2, (3,), 4), (1, (1, 3), 6)])
@pytest.mark.parametrize("position", ["lin", "log"])
def test_both_errors_at_once(size, lags, heads, position):
    """Fewer neurons than f has, and so few heads that the attention errs as well."""
    goal = target(lags, neurons=24, size=size)
    built = theorem_3_1.construct(goal, heads, position, width=8, length=64)
    assert built.readout_error > 0.01 and built.propagated_error > 1e-4
    parts = built.readout_error + built.propagated_error + built.rounding_error
    assert parts <= built.error <= parts * (1 + 1e-12)
    measured = built.worst_over(built.adversarial_inputs(count=100))
    assert built.error / 4 <= measured <= built.error
    assert built.worst_over(random_inputs(200, 64, size)) <= built.error


@pytest.mark.parametrize("position", ["lin", "log"])
def test_the_certificate_says_for_how_many_tokens_it_holds(position):
    built = theorem_3_1.construct(target((1, 3)), 8, position, length=64)
    assert built.length == 64
    assert built.error == built.error_for(64)
    lengths = (8, 64, 1000, 10**5, 2**40, math.inf)
    roundings = [built.rounding_for(length) for length in lengths]
    assert roundings == sorted(roundings)
    # The weights decay: input without end adds next to nothing.
    assert roundings[-1] < 2 * roundings[1]


@pytest.mark.parametrize("position", ["lin", "log"])
def test_two_evaluations_differ_by_no_more_than_their_roundings(position):
    built = theorem_3_1.construct(target((1, 3)), 8, position)
    x = torch.cat([signs(4, 3000), random_inputs(4, 3000)])
    with torch.no_grad():
        last = built.model(x, "last")
        for how in ("dense", "recurrence"):
            if how == "recurrence" and position == "log":
                continue
            other = built.model(x[:, -400:] if how == "dense" else x, how)[:, -1]
            same = built.model(x[:, -400:], "last") if how == "dense" else last
            allowed = built.rounding_for(3000) + built.rounding_for(3000, how)
            assert float((other - same).abs().max()) <= allowed


def test_rounding_passes_through_the_net_that_is_built():
    """A sample of f's neurons may be far steeper than f, whose neurons cancel."""
    readout = two_layer.TwoLayerNet([1e6, -1e6, 1.0], [[0, 1.0]] * 3)
    goal = FixedMemory((7,), readout)
    built = theorem_3_1.construct(goal, 14, "lin", width=2, kernel="interpolation")
    assert max(built.net.coordinate_slopes) > 1e3 * max(readout.coordinate_slopes)
    inputs = torch.cat([built.adversarial_inputs(), signs(2000, 128)])
    assert built.worst_over(inputs) <= built.error


def test_huge_weights_are_said_to_be_unsafe():
    built = theorem_3_1.construct(target((3, 7)), 40, "lin", kernel="interpolation")
    assert not built.float64_safe
    assert built.worst_over(built.adversarial_inputs(count=20)) <= built.error


def test_certificates_are_those_of_the_kernels():
    built = theorem_3_1.construct(target(), 6, "lin")
    for kernel, error in zip(built.kernels, built.memory_errors, strict=True):
        assert error >= balls.lower(kernel.l1_error)
    assert built.attention_error >= np.hypot(*built.memory_errors)
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


@pytest.mark.parametrize("position", ["lin", "log"])
def test_too_few_heads_remember_nothing_and_say_so(position):
    built = theorem_3_1.construct(target((3, 7)), 2, position)
    assert min(built.memory_errors) >= 1
    measured = built.worst_over(built.adversarial_inputs(count=20))
    assert 0 < measured <= built.error


def test_heads_may_be_shared_out_otherwise():
    built = theorem_3_1.construct(target((1, 3)), 8, "lin", groups=(2, 6))
    assert [kernel.heads for kernel in built.kernels] == [2, 6]


def test_a_norm_rounded_up_is_brought_back_to_the_ball():
    """Inputs a little outside must not measure more than the ball allows."""
    built = theorem_3_1.construct(target(), 6, "lin", length=16)
    x = built.adversarial_inputs(count=20)
    x = x / x.norm(dim=-1).max()
    inside, outside = built.worst_over(x), built.worst_over(x * (1 + 9e-13))
    assert outside == pytest.approx(inside, rel=1e-14, abs=1e-15)
