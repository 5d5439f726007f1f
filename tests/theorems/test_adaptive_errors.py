import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_networks import TARGET

from tapx.readouts import memory_functions as mf
from tapx.theorems import adaptive_errors, lemmas, theorem_3_1, theorem_4_1

POSITIONS = st.sampled_from(["lin", "log"])
LAGS = st.lists(st.integers(1, 9), min_size=1, max_size=3)


@given(LAGS, st.integers(3, 200), POSITIONS)
def test_layers_come_between(lags, heads, position):
    errors = [
        adaptive_errors.layered_error(lags, depth, heads, 2, position)
        for depth in range(len(lags) + 1)
    ]
    assert errors[0] == adaptive_errors.one_layer_error(lags, heads, 2, position)
    assert all(a >= b for a, b in itertools.pairwise(errors))


@given(st.floats(0.1, 50), st.integers(1, 4), st.floats(0.01, 1))
def test_the_width_is_the_least(norm, dimension, tolerance):
    m = adaptive_errors.sampling_width(norm, dimension, tolerance)
    assert lemmas.readout(norm, m, dimension, 1.0) < tolerance * (1 + 1e-12)
    if m > 1:
        before = lemmas.readout(norm, m - 1, dimension, 1.0)
        assert before >= tolerance * (1 - 1e-12)


def test_the_width_rounds_sampled_nets(position):
    points = torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64)
    values = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    values = values if position == "lin" else values.log()
    net = mf.interpolating_net(points, values)
    (width,) = theorem_4_1.rounding_width([net.norm], [2], 1, position)
    errors = mf.sampled_errors(net, points, [width], range(4))
    assert errors.max(2).mean() < mf.tolerance(2, position)


def test_theorem_4_1_needs_width_and_heads():
    needed = sum(theorem_4_1.rounding_width([2.0, 3.0], (2, 3), 1, "lin")) + 1
    whole = theorem_4_1.bound(TARGET, [2.0, 3.0], 40, needed, 2, "lin")
    attention = theorem_3_1.attention_error((2, 3), 40, 2, "lin")
    readout = lemmas.readout(TARGET.readout.norm, needed, 3, 1 + attention)
    assert whole == pytest.approx(readout + TARGET.readout.lipschitz * attention)
    exact = theorem_3_1.total_error(TARGET, attention)
    assert exact == pytest.approx(TARGET.readout.lipschitz * attention)
    narrow = theorem_4_1.bound(TARGET, [2.0, 3.0], 40, needed - 1, 2, "lin")
    few = theorem_4_1.bound(TARGET, [2.0, 3.0], 3, needed, 2, "lin")
    assert narrow == few == math.inf
