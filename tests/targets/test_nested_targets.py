"""Worked nested targets: random ones of any depth, and chains of switches."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_draws import F64

from tapx.targets import influence, nested_targets


@given(
    depth=st.integers(0, 3),
    largest_lag=st.integers(1, 5),
    tokens=st.integers(2, 4),
    seed=st.integers(0, 99),
    beyond=st.integers(0, 2),
)
def test_random_targets_have_the_shape_asked_for(
    depth, largest_lag, tokens, seed, beyond
):
    memories = max(depth, 1) + beyond
    target = nested_targets.random_nesting(depth, largest_lag, tokens, seed, memories)
    assert target.depth == depth
    assert target.largest_lags == (largest_lag,) * memories
    assert target.reach == largest_lag
    even = torch.linspace(-1, 1, tokens, dtype=F64)
    assert torch.equal(target.alphabet[:, 0], even)
    arities = [table.dim() for table in target.tables]
    assert arities == [min(i, depth) + 1 for i in range(memories)]
    assert min(int(table.min()) for table in target.tables) >= 1


def test_random_targets_are_reproducible_and_differ_by_seed():
    drawn = (nested_targets.random_nesting(2, 4, 3, seed) for seed in (5, 5, 6))
    one, same, other = ([table.tolist() for table in x.tables] for x in drawn)
    assert one == same != other
    assert len(nested_targets.random_nesting(0).tables) == 1


def follow_switches(x, depth):
    """One switch after another, x with the current token last."""
    read = x[-1]
    for level in range(1, depth + 1):
        read = x[-1 - (2 * level - 1 if read > 0 else 2 * level)]
    return read


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_switches_by_hand_on_all_inputs(depth):
    target = nested_targets.switches(depth)
    assert (target.depth, len(target.tables)) == (depth, depth)
    inputs = list(itertools.product([1.0, -1.0], repeat=2 * depth + 1))
    found = target(torch.tensor(inputs, dtype=F64)[..., None])
    assert found.tolist() == [follow_switches(x, depth) for x in inputs]
    # A fixed memory needs every place of the chain.
    answers = influence.table(target, target.alphabet, target.reach)
    assert influence.lags_needed(answers) == tuple(range(1, 2 * depth + 1))
