"""Theorem 4.4 built: measured <= certified <= bound, and the condition on the heads."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_networks import TARGET, measured

from tapx.kernels import balls
from tapx.kernels.adaptive import best
from tapx.readouts import exact_nets, memory_functions
from tapx.targets import nested_targets
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.theorems import adaptive_errors, staged, stages, theorem_4_4

POSITIONS = st.sampled_from(["lin", "log"])
LAGS = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def test_certified_below_the_bound_where_the_bound_is_finite(position):
    """A warm-up target has no condition, so that the bound is finite at once."""
    target = nested_targets.random_nesting(1, 2, 3)
    built = theorem_4_4.construct(target, 4, position)
    bound = theorem_4_4.bound(target, 1, [1.0], 4, 2, position)
    assert measured(built) <= built.error <= bound < float("inf")


def test_kernels_that_meet_the_condition_build(position):
    """The check of the construction is no stricter than the printed condition."""
    target = nested_targets.random_nesting(3, 2, 3, 1)
    slopes = staged.memory_slopes(target, position)
    family = "power" if position == "log" else "exponential"

    def error(lag, heads):
        found = best(range(1, lag + 1), heads, family, 46)
        return balls.upper(found.uniform_error)

    given_ = target.largest_lags, slopes, target.depth, position
    heads = theorem_4_4.required_heads(*given_, error)
    assert min(theorem_4_4.construct(target, heads, position).margins) > 0
    assert heads <= 5 < theorem_4_4.required_heads(*given_) / 100


def test_depths_m_and_m_minus_1_give_the_same_network(position):
    deep = boolean_example()
    shallow = AdaptiveMemory(deep.alphabet, deep.tables, deep.readout, depth=1)
    one, other = (theorem_4_4.construct(t, 4, position) for t in (deep, shallow))
    assert len(one.plan) == len(other.plan) == 3
    x = one.exhaustive_inputs(5)
    with torch.no_grad():
        assert torch.equal(one.model(x, "last"), other.model(x, "last"))


def test_plans_fetch_and_compute_in_the_order_of_the_theorem():
    assert stages.nested(3, 1) == (
        stages.Stage(compute=(0,)),
        stages.Stage(fetch=(0,), compute=(1, 2)),
        stages.Stage(fetch=(1, 2)),
    )
    for memories in range(1, 6):
        assert len(stages.warm_up(memories)) == 2
        assert len(stages.deep(memories)) == memories + 1
        for depth in range(memories + 1):
            plan, known = stages.nested(memories, depth), []
            assert len(plan) == depth + 1 + (memories >= depth + 1)
            for stage in plan:
                known += stage.fetch
                for k in stage.compute:  # all that g_{k+1} reads is there
                    assert set(range(min(k, depth))) <= set(known)
            computed = [k for stage in plan for k in stage.compute]
            assert known == computed == list(range(memories))


def test_closer_tokens_leave_less_room():
    """The margin of g_2 falls with the distance of the tokens that it tells apart."""
    margins = []
    for gap in (1.0, 0.1, 0.01):
        net = exact_nets.linear([0.0, 0.0, 1.0])
        tables = ([2, 1], [[1, 2], [1, 2]])
        target = AdaptiveMemory([[-gap / 2], [gap / 2]], tables, net, depth=1)
        margins.append(theorem_4_4.construct(target, 5).margins[1])
    assert margins == sorted(margins, reverse=True)
    assert margins[-1] > 0


@given(st.integers(1, 50), POSITIONS)
def test_half_of_the_tolerance_is_for_the_attention(lag, position):
    whole = memory_functions.tolerance(lag, position)
    assert theorem_4_4.nested_tolerance(lag, position) == whole / 2
    if position == "log":
        assert theorem_4_4.nested_tolerance(lag, "log") == 1 / (8 * lag)


def test_the_condition_by_hand():
    ratios = theorem_4_4.nested_condition(
        [0.03, 0.04, 9.0], [5.0, 5.0, 2.0], [3, 3, 3], 2, "lin"
    )
    assert ratios == pytest.approx((0, 5 * 0.03 * 4, 2 * 0.05 * 4))
    log = theorem_4_4.nested_condition([0.1, 1.0], [1.0, 1.0], [2, 4], 1, "log")
    assert log == pytest.approx((0, 0.1 * 8 * 4))


@given(LAGS, st.integers(0, 4), POSITIONS, st.floats(0.1, 30), st.floats(0.3, 2))
def test_required_heads_are_the_fewest(lags, depth, position, slope, decay):
    depth = min(depth, len(lags))
    slopes = [slope] * len(lags)

    def error(lag, heads):
        return lag * math.exp(-decay * heads)

    def worst(heads):
        errors = [error(lag, heads) for lag in lags]
        args = errors, slopes, lags, depth, position
        return max(theorem_4_4.nested_condition(*args))

    heads = theorem_4_4.required_heads(lags, slopes, depth, position, error)
    assert worst(heads) <= 1
    if heads > 1:
        assert worst(heads - 1) > 1
    if depth == 0 or len(lags) == 1:
        assert heads == 1


@settings(max_examples=8)
@given(LAGS, POSITIONS)
def test_steeper_functions_and_greater_depth_need_no_fewer_heads(lags, position):
    flat = [1.0] * len(lags)
    steep = [10.0] * len(lags)
    counts = [
        theorem_4_4.required_heads(lags, flat, depth, position)
        for depth in range(len(lags) + 1)
    ]
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] == counts[len(lags) - 1]  # K = M is K = M - 1
    more = theorem_4_4.required_heads(lags, steep, len(lags), position)
    assert more >= counts[-1]


def test_group_bound_is_the_best_order():
    each = [adaptive_errors.group_error(3, 500, n, "lin") for n in range(1, 21)]
    assert theorem_4_4.group_bound(3, 500, "lin") == min(each)
    assert math.isfinite(theorem_4_4.group_bound(3, 1, "log"))


def test_widths_of_the_layers():
    each = [
        adaptive_errors.sampling_width(norm, dimension, 1 / 4, 2.0)
        for norm, dimension in ((1.0, 1), (2.0, 2), (3.0, 3), (1.0, 3))
    ]
    widths = theorem_4_4.layer_widths([1, 2, 3, 1], [2] * 4, 2, 1, "lin")
    assert widths == (each[0], each[1], each[2] + each[3])
    assert len(theorem_4_4.layer_widths([1, 2], [2, 2], 2, 1, "lin")) == 2
    alone = theorem_4_4.layer_widths([1, 2], [2, 2], 0, 1, "log")
    tolerance = 1 / 16
    assert alone == (
        sum(adaptive_errors.sampling_width(n, 1, tolerance, 2.0) for n in (1, 2)),
    )


def test_theorem_4_4_is_infinite_until_the_condition_holds(position):
    slopes = [1.0, 2.0]
    least = theorem_4_4.required_heads((2, 3), slopes, 1, position)
    args = TARGET, 1, slopes
    few = theorem_4_4.bound(*args, least - 1, 2, position)
    enough = theorem_4_4.bound(*args, least, 2, position)
    assert few == math.inf
    attention = adaptive_errors.layered_error((2, 3), 1, least, 2, position)
    assert enough == pytest.approx(TARGET.readout.lipschitz * attention)
    widths = theorem_4_4.layer_widths([1.0, 2.0], (2, 3), 1, 1, position)
    wide, narrow = (
        theorem_4_4.bound(
            *(*args, least, 2, position), norms=[1.0, 2.0], width=max(widths) + one
        )
        for one in (1, 0)
    )
    assert narrow == math.inf and enough < wide < math.inf


def test_with_a_width_the_fetched_tokens_stay_in_the_box():
    """Constant memory functions meet the condition at once, but are nets on a box."""
    few = 100
    assert theorem_4_4.group_bound(2, few, "lin") > theorem_4_4.BOX - 1
    args = (TARGET, 1, [0.0, 0.0], few, 2, "lin")
    assert theorem_4_4.bound(*args) < math.inf
    wide = theorem_4_4.bound(*args, norms=[1.0, 1.0], width=10**9)
    assert wide == math.inf
