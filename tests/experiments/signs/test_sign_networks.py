"""One free head answers every function of a few signs, with a certificate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_nets import random_net

from tapx.experiments.signs.networks import free_network
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.signs import ToyTarget, target

LENGTH = 104


@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize(("name", "width"), [("2a", 1), ("2b", 2), ("1b", 8)])
def test_the_targets_of_the_paper(name, width, end):
    task = target(name, end)
    built = free_network(task)
    assert built.width == width
    assert built.model.attentions[0].heads == 1
    assert built.mse < 1e-24 and built.worst < 1e-12
    assert built.worst_on(task, 64, 3) < built.worst + 1e-12


@settings(max_examples=20)
@given(
    lags=st.sets(st.integers(1, LENGTH - 1), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
    levels=st.integers(2, 4),
)
def test_any_readout(lags, seed, levels):
    task = ToyTarget(tuple(lags), random_net(5, len(lags), seed), LENGTH, levels)
    built = free_network(task)
    assert built.width <= levels ** len(lags)
    assert built.worst < 1e-10
    assert built.worst_on(task, 64, 3) < built.worst + 1e-10


def test_a_kink_takes_three_neurons():
    """A constant, a line and the kink: 2a on tokens that have a value at zero."""
    built = free_network(target("2a", levels=7))
    assert built.width == 3 and built.mse < 1e-24


def test_a_constant_and_a_negative_line():
    flat, falling = TwoLayerNet([2.0], [[0.0]], [1.0]), TwoLayerNet([-3.0], [[1.0]])
    for readout, width in ((flat, 1), (falling, 2)):
        task = ToyTarget((7,), readout, LENGTH)
        assert free_network(task).width == width
        assert free_network(task).worst_on(task, 64, 3) < 1e-12


def test_the_certificate_sees_what_softmax_leaves(monkeypatch):
    """With a small gap the error is large, and the certificate still above it."""
    monkeypatch.setattr("tapx.experiments.signs.networks.GAP", 6.0)
    task = target("2b", "last", length=LENGTH)
    built = free_network(task)
    assert 0.1 < built.worst_on(task, 2000, 3) <= built.worst
    assert built.mse == pytest.approx(built.worst**2)
    assert np.isfinite(built.worst)
