import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_draws import draw, seeded

from tapx.readouts import two_layer
from tapx.readouts.approximation import box_points, hull, orthogonal, trained
from tapx.readouts.two_layer import TwoLayerNet


def smooth(dimension, neurons=64):
    rows = draw(neurons, dimension + 1, seed=3)
    return TwoLayerNet(torch.ones(neurons) / neurons, rows[:, 1:], rows[:, 0])


def rms(f, g, points):
    return float((f(points) - g(points)).square().mean().sqrt())


@settings(max_examples=6)
@given(st.integers(1, 4), st.integers(0, 99))
def test_greedy_errors_never_grow_and_end_at_zero(dimension, seed):
    net = smooth(dimension, 12)
    points = box_points(300, dimension, 1.0, seeded(seed))
    widths = list(range(1, 13))
    errors = [rms(net, g, points) for g in orthogonal(net, widths, points)]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(errors))
    assert errors[-1] < 1e-5
    pulled = hull(net, widths, points)
    errors = [rms(net, g, points) for g in pulled]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(errors))
    assert all(g.norm <= net.norm * (1 + 1e-9) for g in pulled)
    assert [g.width <= w for g, w in zip(pulled, widths, strict=True)]


def test_the_neurons_are_those_of_the_net():
    net = smooth(2, 12)
    points = box_points(300, 2, 1.0, seeded(0))
    for made in (*orthogonal(net, [5, 12], points), *hull(net, [7], points)):
        assert net.minus(made).width == net.width  # merged bit for bit


def test_greedy_finds_a_single_neuron():
    net = TwoLayerNet([3.0, 0.0], [[2.0, 0.0], [0.0, 1.0]], [0.5, 0.0])
    points = box_points(200, 2, 1.0, seeded(0))
    (one,) = orthogonal(net, [1], points)
    assert rms(net, one, points) < 1e-6


def test_chosen_beats_drawn_and_training_learns():
    net = smooth(2)
    points = box_points(400, 2, 1.0, seeded(0))
    drawn = rms(net, two_layer.sample(net, 8, seeded(1)), points)
    assert rms(net, orthogonal(net, [8], points)[0], points) < drawn / 2
    assert rms(net, hull(net, [8], points)[0], points) < drawn
    made = trained(net, 8, points, seeded(1), 40)
    assert made.width == 8
    assert rms(net, made, points) < drawn / 2
    again = trained(net, 8, points, seeded(1), 40)
    assert torch.equal(made.outer, again.outer)


def test_points_lie_in_the_box():
    points = box_points(1000, 3, 0.5, seeded(0))
    assert points.shape == (1000, 3)
    assert 0.45 < points.abs().max() <= 0.5
