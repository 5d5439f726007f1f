"""Proposition 4.5 beside Theorem 4.1: certificates, bounds and counts."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_networks import measured, warm_up

from tapx.kernels.family import heads_to_recall
from tapx.readouts.memory_functions import tolerance
from tapx.theorems import (
    adaptive_errors,
    proposition_4_5,
    stage_network,
    stages,
    theorem_4_1,
)

POSITIONS = st.sampled_from(["lin", "log"])
LAGS = st.lists(st.integers(1, 6), min_size=1, max_size=4)
BUILDERS = (theorem_4_1.construct, proposition_4_5.construct)


def test_equal_lags_need_a_multiple_of_the_heads_for_the_same_error(position):
    """With H heads a layer the deep network has the kernels of M H heads in one."""
    target = warm_up((2, 2, 2))
    deep = proposition_4_5.construct(target, 4, position)
    two = theorem_4_1.construct(target, 12, position)
    assert [k.heads for k in two.kernels] == [k.heads for k in deep.kernels]
    assert two.errors == deep.errors
    assert two.propagated_error == deep.propagated_error
    assert math.isclose(two.error, deep.error, rel_tol=0.1)  # rounding counts heads


def test_a_group_below_the_threshold_recalls_nothing():
    """One head short of lag + 1, in a layer of one network and a group of the other."""
    target = warm_up((2, 2))
    short = heads_to_recall(2) - 1
    assert min(proposition_4_5.construct(target, short).errors) >= 1
    assert min(theorem_4_1.construct(target, 2 * short).errors) >= 1
    assert max(proposition_4_5.construct(target, short + 1).errors) < 0.01
    assert max(theorem_4_1.construct(target, 2 * short + 2).errors) < 0.01


@pytest.mark.parametrize("largest", [(2, 2), (3, 1)])
def test_laid_flat_it_is_a_network_of_two_layers(largest, position):
    deep = proposition_4_5.construct(warm_up(largest), 5, position)
    plan = stages.warm_up(len(largest))
    model = stage_network.network(
        *(deep.target, plan, deep.kernels, deep.memory_nets, deep.readout),
        *(5 * len(largest), position, "dot", "log" if position == "log" else "lag"),
    )
    flat = dataclasses.replace(deep, model=model, plan=plan)
    x = deep.adversarial_inputs(count=16)
    with torch.no_grad():
        gap = (flat.model(x, "last") - deep.model(x, "last")).abs().max()
    assert float(gap) <= flat.rounding_error + deep.rounding_error
    assert measured(flat) <= flat.error


def test_one_memory_makes_them_equal():
    target = warm_up((2,))
    two, deep = (build(target, 4) for build in BUILDERS)
    assert two.plan == deep.plan
    x = deep.adversarial_inputs(count=8)
    assert torch.equal(two.model(x, "last"), deep.model(x, "last"))


def test_a_layer_of_the_deep_network_is_as_wide_as_its_widest_function():
    target = warm_up((2, 3, 2), tokens=4)
    two, deep = (build(target, 12) for build in BUILDERS)
    widths = [net.width for net in deep.memory_nets]
    first, *others = widths  # the constant has a neuron in the first layer
    assert len(deep.model.feed_forwards[0].bias) == max(first + 1, *others)
    assert len(two.model.feed_forwards[0].bias) == sum(widths) + 1


def test_the_bound_covers_the_certificate(position):
    target = warm_up((2, 3))
    built = proposition_4_5.construct(target, 8, position)
    few, bound, many = (
        proposition_4_5.bound(target, heads, 2, position) for heads in (1, 8, 4000)
    )
    assert few == math.inf
    assert built.propagated_error <= bound
    for deep, heads in ((bound, 8), (many, 4000)):  # beside Theorem 4.1
        shared = adaptive_errors.one_layer_error((2, 3), heads, 2, position)
        assert deep < target.readout.lipschitz * shared


def test_sampled_widths_round_right():
    target = warm_up((2, 2))
    deep = proposition_4_5.construct(target, 4, width=4000, seed=1)
    assert min(deep.margins) > 0
    assert measured(deep) <= deep.error


def test_a_layer_each_is_as_wide_as_the_widest_function(position):
    """Theorem 4.1's shared layer has the sum."""
    found = proposition_4_5.widths([2.0, 3.0], (2, 3), 1, position)
    each = [
        adaptive_errors.sampling_width(norm, 1, tolerance(lag, position))
        for norm, lag in ((2.0, 2), (3.0, 3))
    ]
    assert found == (max(each), sum(each))


@given(LAGS, POSITIONS, st.floats(1e-3, 10))
def test_attention_heads_are_the_fewest(lags, position, error):
    for depth in (0, len(lags)):
        heads = proposition_4_5.attention_heads(lags, depth, error, 2, position)
        here, before = (
            adaptive_errors.layered_error(lags, depth, count, 2, position)
            for count in (heads, heads - 1)
        )
        assert here <= error < before


@given(LAGS, st.integers(1, 3), POSITIONS, st.floats(0.01, 0.5))
@settings(max_examples=15)
def test_heads_fall_with_depth(lags, order, position, error):
    """No layer more asks for more heads, and all save no more than the memories."""
    counts = [
        proposition_4_5.attention_heads(lags, depth, error, order, position)
        for depth in range(len(lags) + 1)
    ]
    assert counts == sorted(counts, reverse=True)
    # Shares are rounded down: up to a head a memory may be lost.
    assert counts[0] <= len(lags) * (counts[-1] + 1)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_ratio_of_heads_is_one_of_norms(order):
    """The formula r_n of the chapter on Proposition 4.5, and M for equal lags."""

    def ratio(lags):
        two, deep = (
            proposition_4_5.attention_heads(lags, depth, 0.05, order, "lin")
            for depth in (0, len(lags))
        )
        return two / deep

    c = np.exp(0.01 * np.array([300, 150, 1]))
    high = np.linalg.norm(c, 2 * order + 2) ** (order + 1)
    wanted = c.sum() * (np.linalg.norm(c) / high) ** (1 / order)
    assert ratio((300, 150, 1)) == pytest.approx(wanted, rel=0.01)
    assert ratio((3, 3, 3)) == 3
