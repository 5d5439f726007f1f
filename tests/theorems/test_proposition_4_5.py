"""Proposition 4.5 beside Theorem 4.1, on the same targets: certificates and counts."""

import dataclasses
import math

import pytest
import torch
from made_networks import measured, warm_up

from tapx.kernels.family import heads_to_recall
from tapx.theorems import (
    adaptive_errors,
    proposition_4_5,
    stage_network,
    stages,
    theorem_4_1,
)

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
