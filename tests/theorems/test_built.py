"""Every network that is built: measured <= certified <= bound, however evaluated."""

import functools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_networks import (
    HEAVY,
    LIGHT,
    ROW,
    chain,
    drawn,
    essential,
    fixed,
    measured,
    warm_up,
)

from tapx.kernels.family import LIN
from tapx.kernels.kernel import Kernel
from tapx.network.transformer import Transformer
from tapx.readouts import exact_nets
from tapx.targets import nested_targets
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.targets.memories import EssentialMemory, FixedMemory
from tapx.theorems import (
    adaptive_errors,
    proposition_4_3,
    proposition_4_5,
    theorem_3_1,
    theorem_4_1,
    theorem_4_4,
    theorem_5_1,
)

POWER = Kernel.of("power", [2], [1])
POSITIONS = ("lin", "log")


THREE = AdaptiveMemory.from_functions(
    [[1.0], [0.0], [-1.0]],
    [lambda x: 2 + int(x[0]), lambda x: 1 if x[0] else 2],
    exact_nets.linear([1.0, 2.0, -1.0]),
)
ROWS = [
    *(
        (theorem_3_1, fixed(size=d), heads, position, {"kernel": kernel})
        for d in (1, 2)
        for position, kernel, heads in (
            ("lin", "best", 6),
            ("lin", "interpolation", 8),
            ("lin", "bump", 9),
            ("log", "best", 4),
            ("log", "interpolation", 5),
            ("log", "bump", 7),
        )
    ),
    # Fewer neurons than f has, and so few heads that the attention errs as well.
    *(
        (theorem_3_1, fixed(lags, 24, d), heads, position, {"width": 8, "length": 64})
        for lags, d, heads in (((3,), 2, 4), ((1, 3), 1, 6))
        for position in POSITIONS
    ),
    *(
        (theorem_5_1, essential(memories), heads, position, {"lag_zero": lag_zero})
        for memories, heads, position in (
            ((LIGHT,), 4, "lin"),
            ((LIGHT, ROW), 16, "lin"),
            ((HEAVY, LIGHT), 12, "log"),
            ((HEAVY, ROW), 16, "lin"),
            ((POWER, HEAVY), 10, "lin"),
        )
        for lag_zero in ("residual", "heads")
    ),
    # Given kernels: what rounding may add depends on the weights that a search finds.
    *(
        (theorem_5_1, essential((ROW, HEAVY)), 8, p, {"kernel": kernels, "length": 64})
        for p in POSITIONS
        for kernels in [[Kernel.of(p, [2, 3, 4], [1, -2, 1])] * 2]
    ),
    (theorem_5_1, essential((LIGHT, ROW), size=2), 10, "lin", {}),
    (theorem_5_1, essential((LIGHT, ROW), 40), 12, "lin", {"width": 8, "seed": 3}),
    # A layer for each of two memories, or as many heads for each in one layer.
    *(
        (result, target, heads * groups, position, {})
        for groups, results in (
            (1, (proposition_4_5,)),
            (2, (theorem_4_1, proposition_4_3)),
        )
        for result in results
        for target, heads in ((THREE, 4), (warm_up((2, 2)), 5), (warm_up((3, 1)), 5))
        for position in POSITIONS
    ),
    *(
        (theorem_4_4, target, heads, position, {})
        for heads, target in (
            *((4, chain(depth, max(depth, 1))) for depth in range(4)),
            (5, boolean_example()),
        )
        for position in POSITIONS
    ),
]
"""Result, target, heads, position and options."""


@functools.cache
def built_row(index):
    result, target, heads, position, options = ROWS[index]
    return result.construct(target, heads, position, **options)


def attention_bound(result, target, heads, position):
    """The bound of E_Attn at its best order; there is none for any kernels of 5.1."""
    orders = range(1, heads + 1)
    if result is theorem_3_1:
        error = functools.partial(theorem_3_1.attention_error, target.lags, heads)
    elif result is theorem_5_1:
        return math.inf
    else:
        depth = len(target.tables) if result is proposition_4_5 else target.depth
        error = functools.partial(
            adaptive_errors.layered_error, target.largest_lags, depth, heads
        )
    return min(error(order, position) for order in orders)


def layers(result, target):
    """How many layers the proof has."""
    if result in (theorem_3_1, theorem_5_1):
        return 1
    if result is theorem_4_4:
        return target.depth + 1 + (len(target.tables) > target.depth)
    return len(target.tables) + 1 if result is proposition_4_5 else 2


def name(index):
    result, _, heads, position, options = ROWS[index]
    words = [result.__name__[-3:], position, heads, *options, index]
    return "-".join(map(str, words))


BUILT = pytest.mark.parametrize("index", range(len(ROWS)), ids=name)


@BUILT
def test_measured_certified_bound(index):
    built, (result, target, *_, options) = built_row(index), ROWS[index]
    assert type(built.model) is Transformer
    assert len(built.model.attentions) == layers(result, target)
    parts = built.readout_error + built.propagated_error + built.rounding_error
    assert parts <= built.error <= parts * (1 + 1e-12)
    found = measured(built)
    assert found <= built.error
    if any(built.errors):  # nor is it idle
        assert found > built.error / 200
    if "width" in options:  # both errors at once
        assert built.readout_error > 0.01 and built.propagated_error > 1e-4
        assert found >= built.error / 4
    if result in (theorem_3_1, theorem_5_1):  # a block for each memory
        size = target.input_dimension
        assert built.model.embedding.shape == ((len(built.errors) + 1) * size, size)
    else:
        assert built.error < (1e-3 if result is theorem_4_4 else 0.1)
    assert built.attention_error <= attention_bound(*ROWS[index][:4])
    assert min(getattr(built, "margins", [1])) > 0


@BUILT
def test_the_certificate_says_for_how_many_tokens_it_holds(index):
    built = built_row(index)
    assert built.error == built.error_for(built.length)
    lengths = (8, 64, 1000, 10**5, 2**40, math.inf)
    roundings = [built.rounding_for(length) for length in lengths]
    assert roundings == sorted(roundings)
    # The weights decay: input without end adds little, next to nothing if none is slow;
    # weights that a search finds for 5.1 may be large, then at most as much again.
    result, _, _, position, options = ROWS[index]
    slow = (("lin", "bump"), ("log", "bump"), ("log", "interpolation"))
    if result is theorem_3_1 and (position, options.get("kernel")) not in slow:
        assert roundings[-1] < 2 * roundings[1]
    searched = result is theorem_5_1 and "kernel" not in options
    assert roundings[-1] < (max(2 * roundings[1], 0.1) if searched else 0.1)
    long = drawn(built, 4, 600, 1)
    with torch.no_grad():
        off = (built.target(long, last_only=True) - built.model(long, "last")).abs()
    assert float(off.max()) <= built.error_for(600)


@pytest.mark.parametrize("how", ["dense", "recurrence"])
@BUILT
def test_two_evaluations_differ_by_no_more_than_their_roundings(index, how):
    built = built_row(index)
    attention = built.model.attentions[0]
    known = attention.score != "dot" and attention.position.family is LIN
    if how == "recurrence" and not known:
        with pytest.raises(ValueError, match="evaluation 'recurrence' needs"):
            built.rounding_for(64, how)
        return
    length = 2000 if how == "recurrence" else 200
    x = drawn(built, 4, length)
    with torch.no_grad():
        all_places, last = built.model(x, how), built.model(x, "last")
    apart = (all_places[:, -1] - last).abs().max()
    if ROWS[index][0] is theorem_3_1 and how == "dense":
        off = (all_places - built.target(x)).abs().max()
        assert off <= built.error_for(length)
    assert apart <= built.rounding_for(length) + built.rounding_for(length, how)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 999),
    length=st.integers(4, 60),
    row=st.lists(st.floats(-1, 1), min_size=2, max_size=6),
    position=st.sampled_from(POSITIONS),
)
def test_the_certificate_holds_for_any_readout_and_row(seed, length, row, position):
    heads = 6 if position == "lin" else 4
    for built in (
        theorem_3_1.construct(fixed(seed=seed), heads, position),
        theorem_5_1.construct(essential([row, LIGHT], seed=seed), 8, position),
    ):
        assert built.worst_over(drawn(built, 20, length, seed)) <= built.error
        hard = built.adversarial_inputs(length, count=10, seed=seed)
        assert built.worst_over(hard) <= built.error


@settings(max_examples=12)
@given(
    depth=st.integers(0, 3),
    beyond=st.integers(0, 1),
    largest_lag=st.integers(1, 3),
    tokens=st.integers(2, 3),
    position=st.sampled_from(POSITIONS),
    seed=st.integers(0, 20),
)
def test_random_nestings(depth, beyond, largest_lag, tokens, position, seed):
    memories = max(depth, 1) + beyond
    target = nested_targets.random_nesting(depth, largest_lag, tokens, seed, memories)
    # With the share of the last layer every memory has enough heads.
    heads = (largest_lag + 2) * max(1, memories - depth)
    built = theorem_4_4.construct(target, heads, position)
    assert len(built.model.attentions) == layers(theorem_4_4, target)
    assert min(built.margins) > 0
    assert measured(built) <= built.error
    assert built.attention_error <= attention_bound(
        theorem_4_4, target, heads, position
    )


@settings(max_examples=8)
@given(
    largest=st.lists(st.integers(1, 2), min_size=1, max_size=2),
    position=st.sampled_from(POSITIONS),
    tokens=st.integers(2, 3),
    seed=st.integers(0, 99),
    result=st.sampled_from(
        (theorem_4_1, theorem_4_4, proposition_4_3, proposition_4_5)
    ),
)
def test_random_vectors_as_tokens(largest, position, tokens, seed, result):
    target = warm_up(largest, tokens, seed, size=2)
    built = result.construct(target, 6, position)
    assert measured(built) <= built.error


@pytest.mark.parametrize(
    ("result", "target", "heads"),
    [
        *[
            (theorem_3_1, FixedMemory((2,), exact_nets.linear([0.0, 1.0])), heads)
            for heads in (3, 4, 6)
        ],
        (theorem_5_1, EssentialMemory([ROW], exact_nets.linear([1.0])), 6),
    ],
)
def test_one_memory_attains_its_l1_error(result, target, heads):
    """For f(z) = z_1 the sign pattern makes the certificate an equality."""
    built = result.construct(target, heads, "lin", length=400)
    found = built.worst_over(built.adversarial_inputs(count=2))
    assert 0.999 * built.errors[0] - built.rounding_error <= found <= built.error


@pytest.mark.parametrize(
    ("result", "target", "heads", "width"),
    [
        (theorem_3_1, fixed(neurons=6), 4, 9),
        (theorem_5_1, essential([LIGHT, ROW], neurons=40), 12, 41),
    ],
)
def test_enough_width_makes_the_readout_exact(result, target, heads, width):
    exact = result.construct(target, heads, width=width)
    assert exact.readout_error == 0
    assert exact.model.feed_forwards[0].bias.shape == (width,)
    x = drawn(exact, 3, 20)
    assert torch.allclose(exact.model(x), result.construct(target, heads).model(x))


@pytest.mark.parametrize(
    ("result", "target"),
    [(theorem_3_1, fixed((3, 5))), (theorem_5_1, essential([ROW, HEAVY]))],
)
def test_rounding_is_within_its_allowance(result, target):
    """The model in float64 against its kernels evaluated to full precision."""
    built = result.construct(target, 16, "lin", length=64)
    x = built.adversarial_inputs(count=50)
    exact = target.memories(x, last_only=True).clone()
    # Where lag 0 stands in block 0 with the corrections, the deviations have it.
    exact[:, -2:] -= x.flip(1)[..., 0] @ built.deviations(64).T
    apart = (target.readout(exact) - built.model(x, "last")).abs().max()
    assert apart <= built.rounding_error
    assert built.float64_safe
