"""One free head answers every function of a few signs, with a certificate."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tapx.experiments.signs.networks import free_network
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.signs import ToyTarget, target

LENGTH = 104


def measured(built, task, count=64):
    """The largest error on random inputs, by the model itself."""
    generator = torch.Generator().manual_seed(3)
    bits = torch.randint(0, 2, (count, task.length), generator=generator)
    tokens = 2.0 * bits.double() - 1
    with torch.no_grad():
        answers = built.model(tokens.flip(1)[..., None], "last")
    return (answers - task(tokens)).abs().max().item()


@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize(("name", "width"), [("2a", 1), ("2b", 2), ("1b", 8)])
def test_the_targets_of_the_paper(name, width, end):
    task = target(name, end)
    built = free_network(task)
    assert built.width == width
    assert built.model.attentions[0].heads == 1
    assert built.mse < 1e-24 and built.worst < 1e-12
    assert measured(built, task) < built.worst + 1e-12


@settings(max_examples=20)
@given(
    lags=st.sets(st.integers(1, LENGTH - 1), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_any_readout(lags, seed):
    generator = torch.Generator().manual_seed(seed)
    inner = torch.randn(5, len(lags), generator=generator, dtype=torch.float64)
    outer = torch.randn(5, generator=generator, dtype=torch.float64)
    task = ToyTarget(tuple(lags), TwoLayerNet(outer, inner, torch.ones(5)), LENGTH)
    built = free_network(task)
    assert built.width <= 2 ** len(lags)
    assert built.worst < 1e-10
    assert measured(built, task) < built.worst + 1e-10


def test_a_constant_and_a_negative_line():
    flat = ToyTarget((7,), TwoLayerNet([2.0], [[0.0]], [1.0]), LENGTH)
    assert free_network(flat).width == 1
    assert measured(free_network(flat), flat) < 1e-12
    falling = ToyTarget((7,), TwoLayerNet([-3.0], [[1.0]]), LENGTH)
    assert free_network(falling).width == 2
    assert measured(free_network(falling), falling) < 1e-12


def test_the_certificate_sees_what_softmax_leaves(monkeypatch):
    """With a small gap the error is large, and the certificate still above it."""
    monkeypatch.setattr("tapx.experiments.signs.networks.GAP", 6.0)
    task = target("2b", "last", length=LENGTH)
    built = free_network(task)
    assert 0.1 < measured(built, task, 2000) <= built.worst
    assert built.mse == pytest.approx(built.worst**2)
    assert np.isfinite(built.worst)
