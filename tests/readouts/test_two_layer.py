import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_draws import F64, draw, seeded
from made_nets import nets, random_net

from tapx.readouts import two_layer
from tapx.readouts.two_layer import TwoLayerNet


def test_value_norm_and_slopes_by_hand():
    net = TwoLayerNet([2.0, -1.0], [[1.0, -1.0], [0.0, 3.0]], [0.5, -1.0])
    assert net(torch.tensor([2.0, 1.0], dtype=F64)) == 2 * 1.5 - 2
    assert net.norm == 2 * 2.5 + 1 * 4
    assert torch.allclose(net.coordinate_slopes, torch.tensor([2.0, 5.0], dtype=F64))


@given(nets, st.integers(0, 99))
def test_slopes_are_never_exceeded(net, seed):
    x, y = draw(2, 50, net.dimension, seed=seed)
    moved = (net(x) - net(y)).abs()
    assert (moved <= net.lipschitz * (x - y).norm(dim=1) + 1e-12).all()
    assert (moved <= (x - y).abs() @ net.coordinate_slopes + 1e-12).all()


@given(nets)
def test_lipschitz_covers_every_activation_pattern(net):
    products = net.outer[:, None] * net.inner
    patterns = torch.tensor(list(itertools.product([0, 1], repeat=net.width))).to(F64)
    assert (patterns @ products).norm(dim=1).max() <= net.lipschitz * (1 + 1e-12)


@given(st.integers(0, 999))
def test_opposite_neurons_are_never_active_together(seed):
    half = random_net(4, 2, seed)
    net = TwoLayerNet(
        torch.cat([half.outer, -half.outer]),
        torch.cat([half.inner, -half.inner]),
        torch.cat([half.bias, -half.bias]),
    )  # a linear function
    slope = half.outer @ half.inner
    assert torch.allclose(net.coordinate_slopes, slope.abs())
    assert abs(net.lipschitz - slope.norm()) < 1e-12 * half.norm


@given(nets, st.integers(0, 99))
def test_gradient_is_the_derivative(net, seed):
    x = draw(20, net.dimension, seed=seed).requires_grad_()
    net(x).sum().backward()
    assert torch.allclose(net.gradient(x.detach()), x.grad)


@given(nets, st.floats(0.1, 3))
def test_certified_sup_holds_and_is_attained(net, radius):
    low, high = two_layer.sup_certified(net, radius, tolerance=0.02)
    x = 2 * torch.rand(2000, net.dimension, generator=seeded(0)).to(F64) - 1
    assert net(radius * x).abs().max() <= high
    assert low <= high <= 1.021 * low + 1e-9


def test_certified_sup_by_hand():
    # |x| - 1/2 on [-2, 2]: largest at the ends.
    net = TwoLayerNet([1, 1, -0.5], [[1], [-1], [0]], [0, 0, 1.0])
    low, high = two_layer.sup_certified(net, 2.0, tolerance=1e-6)
    assert low <= 1.5 <= high < low + 1e-5


def test_a_stopped_search_still_certifies():
    net = random_net(30, 3, 0)
    low, high = two_layer.sup_certified(net, 2.0, tolerance=1e-9, max_boxes=10)
    tight = two_layer.sup_certified(net, 2.0, tolerance=1e-3)
    assert low <= tight[1]
    assert high >= tight[0]


def test_many_neurons_are_taken_in_pieces():
    # Boxes times neurons exceed one piece; the sum is nearly radial.
    net = two_layer.relu_sum(two_layer.normal_directions(40_000, 2, 0))
    low, high = two_layer.sup_certified(net, 1.0, tolerance=0.01)
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=2)))
    assert low == pytest.approx(float(net(corners).max()), rel=0.01)
    assert low <= high <= 1.011 * low


@given(nets)
def test_a_net_is_no_distance_from_itself(net):
    low, high = two_layer.sup_distance_certified(net, net, 2.0)
    assert low == 0 <= high < 1e-11


def test_sampling_is_unbiased_and_keeps_the_norm():
    net = random_net(6, 2, 1)
    drawn = two_layer.sample(net, 40_000, seeded(0))
    assert drawn.width == 40_000
    assert abs(drawn.norm / net.norm - 1) < 1e-12
    _, high = two_layer.sup_distance_certified(net, drawn, 2.0)
    assert high < 6 * 2 * net.norm / 40_000**0.5


def test_sampling_error_falls_with_the_width():
    net = two_layer.relu_sum(two_layer.normal_directions(64, 3, 0))

    def mean_error(width):
        drawn = [two_layer.sample(net, width, seeded(seed)) for seed in range(4)]
        off = [two_layer.sup_distance_certified(net, g, 2.0, 0.05)[1] for g in drawn]
        return sum(off) / 4

    ratio = mean_error(16) / mean_error(1024)
    assert 3 < ratio < 20  # sqrt(64) = 8 in the mean


def test_merged_writes_equal_neurons_once():
    net = TwoLayerNet([1, 2, 3], [[1, 0], [1, 0], [0, 1]], [0, 0, 1.0]).merged()
    assert net.width == 2
    assert net(torch.ones(2, dtype=F64)) == 3 + 6


def test_seeds_decide_the_directions():
    first = two_layer.normal_directions(5, 3, 7)
    assert torch.equal(first, two_layer.normal_directions(5, 3, 7))
    assert not torch.equal(first, two_layer.normal_directions(5, 3, 8))
