"""Theorem 4.4 built: measured <= certified <= bound, and the condition on the heads."""

import torch
from made_networks import measured

from tapx.kernels import balls
from tapx.kernels.adaptive import best
from tapx.readouts import exact_nets, memory_functions
from tapx.targets import nested_targets
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.theorems import staged, stages, theorem_4_4


def test_certified_below_the_bound_where_the_bound_is_finite(position):
    """A warm-up target has no condition, so that the bound is finite at once."""
    target = nested_targets.random_nesting(1, 2, 3)
    built = theorem_4_4.construct(target, 4, position)
    bound = theorem_4_4.bound(target, 1, [1.0], 4, 2, position)
    assert measured(built) <= built.error <= bound < float("inf")


def test_kernels_that_meet_the_condition_build(position):
    """The check of the construction is no stricter than the printed condition."""
    target = nested_targets.random_nesting(3, 2, 3, 1)
    nets = staged.memory_nets(target, "log" if position == "log" else "lag")
    slopes = [memory_functions.lipschitz(net) for net in nets]
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
