"""One layer for a nested target: flattened exactly, and how steep it has to be."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_draws import F64, draw
from made_networks import random_tables

from tapx.readouts import exact_nets, two_layer
from tapx.targets import influence, nested_targets
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.theorems import flattened


def same(target):
    flat = flattened.flatten(target)
    x = influence.all_windows(target.alphabet, target.reach + 1)
    return flat, float((flat(x, last_only=True) - target(x)).abs().max())


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_chains_of_switches_flatten_to_all_their_lags(depth):
    target = nested_targets.switches(depth)
    flat, apart = same(target)
    assert apart <= 1e-12
    assert flat.lags == tuple(range(1, 2 * depth + 1))
    assert flat.readout.width == target.readout.width * 2**depth
    # With fixed memories attention hands over N + 2 signs and more: it must be steep.
    dimension = len(flat.lags) + 1
    least = flattened.least_steepness(2, 2, dimension)
    assert flat.readout.lipschitz * math.sqrt(dimension) >= least


def test_the_boolean_example_flattens_to_lags_one_and_two():
    flat, apart = same(boolean_example())
    assert flat.lags == (1, 2)
    assert apart <= 1e-12


@given(
    memories=st.integers(1, 3),
    depth=st.integers(0, 3),
    tokens=st.integers(2, 3),
    vectors=st.booleans(),
    seed=st.integers(0, 99),
)
def test_random_targets_flatten_exactly(memories, depth, tokens, vectors, seed):
    """Also where two memories may ask for one place: paths that clash are left out."""
    depth = min(depth, memories)
    alphabet = torch.tensor([[0.5], [-0.5]], dtype=F64)
    if vectors:
        alphabet = draw(tokens, 2, seed=seed)
        alphabet = alphabet / alphabet.norm(dim=1, keepdim=True)
    count, size = alphabet.shape
    tables = random_tables(count, memories, depth, seed)
    directions = two_layer.normal_directions(3, (memories + 1) * size, seed)
    target = AdaptiveMemory(alphabet, tables, two_layer.relu_sum(directions), depth)
    assert same(target)[1] <= 1e-9


@given(st.integers(2, 9), st.integers(1, 40), st.integers(1, 20), st.floats(0, 0.99))
def test_the_least_steepness_by_formula(tokens, choices, dimension, error):
    found = flattened.least_steepness(tokens, choices, dimension, error)
    wanted = (1 - error) * (tokens ** (choices / dimension) - 1)
    assert found == pytest.approx(wanted, rel=1e-9)
    assert flattened.least_steepness(tokens, choices + 1, dimension, error) > found


def test_the_least_steepness_of_a_lookup_by_packing():
    """D = 1: the 2^N sums of one number a place need 2^N values 2 apart."""
    for choices in (1, 2, 5):
        best = 2**choices - 1  # radius of 2^N points at distance 2 on a line, slope 1
        assert best >= flattened.least_steepness(2, choices, 1)
    assert flattened.least_steepness(9, 10**6, 1) == math.inf


def test_a_linear_readout_may_be_flattened_too():
    readout = exact_nets.linear([0.5, 1])
    target = AdaptiveMemory(nested_targets.SIGNS, ([1, 3],), readout)
    flat, apart = same(target)
    assert flat.lags == (1, 3) and apart <= 1e-12
