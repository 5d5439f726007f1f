import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_draws import draw, seeded
from made_nets import random_net

from tapx.readouts import exact_nets, norms
from tapx.readouts.norms import lower_bound, norm_certified
from tapx.readouts.two_layer import TwoLayerNet


def on_a_line(net, radius, count=4001):
    """Points t from -radius to radius, and the net at t times (1, ..., 1)."""
    points = np.linspace(-radius, radius, count)
    points[count // 2] = 0
    x = torch.from_numpy(points)[:, None].expand(-1, net.dimension)
    return points, net(x).numpy()


@pytest.mark.parametrize(
    ("outer", "inner", "bias", "radius", "norm"),
    [
        ([1.0], [[1.0]], [0.0], 1.0, 1.0),  # relu
        ([1.0, -1.0], [[1.0], [-1.0]], [0, 0], 1.0, 2.0),  # x
        ([1.0, -1.0], [[1.0], [-1.0]], [0, 0], 4.0, 2.0),
        # x = (r + x) / 2 - (r - x) / 2 costs 1 + r, the least for r below 1
        ([1.0, -1.0], [[1.0], [-1.0]], [0, 0], 0.25, 1.25),
        ([1.0, 1.0], [[1.0], [-1.0]], [0, 0], 1.0, 2.0),  # |x|
        ([1.0], [[1.0]], [1.0], 1.0, 2.0),  # x + 1
        ([1.0], [[0.0]], [3.0], 1.0, 3.0),  # 3
        ([2.0], [[1.0]], [-0.5], 1.0, 3.0),  # a kink at 1/2
        ([2.0], [[1.0]], [-0.5], 0.5, 0.0),  # and none in the interval
        ([1.0, 1.0], [[3.0], [-3.0]], [0, 0], 2.0, 6.0),  # |3x|
        ([1.0, -1.0], [[1.0, -2.0], [-1.0, 2.0]], [0, 0], 1.0, 6.0),  # x - 2y
    ],
)
def test_norms_by_hand(outer, inner, bias, radius, norm):
    net = TwoLayerNet(outer, inner, bias)
    low, high = norm_certified(net, radius)
    assert low <= norm <= high
    assert high - low < 1e-9


def test_the_square_has_norm_six():
    points = np.linspace(-1, 1, 401)
    net = exact_nets.ridge([1.0], points, points**2)
    low, high = norm_certified(net, 1.0)
    assert lower_bound(points, points**2) <= high <= 6
    assert lower_bound(points, points**2) == pytest.approx(low)
    assert low > 5.95


@settings(max_examples=15)
@given(st.integers(1, 8), st.integers(1, 3), st.integers(0, 999), st.floats(0.5, 3))
def test_the_interval_holds(width, dimension, seed, radius):
    net = random_net(width, dimension, seed)
    low, high = norm_certified(net, radius)
    assert low <= high <= net.norm * (1 + 1e-9)
    assert high - low <= 1e-7 * net.norm
    # The lines of every function are cheaper, and so is a smaller cube.
    assert lower_bound(*on_a_line(net, radius)) <= high
    assert norm_certified(net, radius / 2)[0] <= high
    # Values and slopes are within the norm.
    x, y = radius * (2 * torch.rand(2, 40, dimension, generator=seeded(1)).double() - 1)
    assert (net(x).abs() <= high * max(1.0, radius)).all()
    assert ((net(x) - net(y)).abs() <= high * (x - y).abs().amax(1) + 1e-9).all()


@settings(max_examples=10)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 999))
def test_the_path_norm_is_exact_where_all_planes_differ(width, dimension, seed):
    net = TwoLayerNet(torch.ones(width), draw(width, dimension, seed=seed))
    # Their planes go through zero: all cross the cube.
    low, _ = norm_certified(net, 1.0)
    if dimension > 1:
        assert low == pytest.approx(net.norm)
    else:  # one plane for all: at most two slopes
        assert low <= net.norm * (1 + 1e-9)


def test_a_hidden_zero_costs_nothing():
    """Three opposite pairs in directions that sum to zero."""
    rows = torch.tensor([[1.0, 0.0], [-0.5, 1.0], [-0.5, -1.0]])
    net = TwoLayerNet([1.0] * 3 + [-1.0] * 3, torch.cat([rows, -rows]))
    assert net.norm == 8
    assert norm_certified(net, 1.0)[1] < 1e-12


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_parity_pays_for_its_kinks(count):
    net = exact_nets.parity(count)
    kinks = range(2 - count, count - 1, 2)
    norm = sum(2 * (count + abs(total)) for total in kinks)
    low, high = norm_certified(net, 1.0)
    assert low <= norm <= high
    assert norm == 3 * count**2 - 4 * count + count % 2
    # A ridge function is as dear as its profile on the steepest line.
    assert lower_bound(*on_a_line(net, 1.0, 20 * count + 1)) == pytest.approx(norm)


def test_constants_alone():
    net = TwoLayerNet([2.0, 1.0], [[0.0, 0.0], [0.0, 0.0]], [1.0, -1.0])
    assert norm_certified(net, 1.0) == pytest.approx((2, 2))
    nothing = TwoLayerNet([0.0], [[0.0]], [0.0])
    assert norm_certified(nothing, 1.0) == (0, 0)


@pytest.mark.parametrize("gap", [1e-15, 2.0**-60, 1e-300])
def test_kinks_of_opposite_signs_that_all_but_coincide_keep_their_price(gap):
    """A step of height 1e15 gap: two kinks, each with its full price."""
    net = TwoLayerNet([1e15, -1e15], [[1.0], [1.0]], [0, -gap])
    low, high = norm_certified(net, 1.0)
    assert low <= 2e15 + 1e15 * gap <= high
    assert high - low < 1e-9 * high


def test_a_plane_that_cuts_off_next_to_nothing_counts_in_full():
    cut = 1 - 2.0**-52  # the kink at this point of [-1, 1]
    low, high = norm_certified(TwoLayerNet([1.0], [[1.0]], [-cut]), 1.0)
    assert low <= 1 + cut <= high
    assert low > 1.9
    assert norm_certified(TwoLayerNet([1.0], [[1.0]], [-1.0]), 1.0) == (0, 0)
    # On (-1, -1) alone: the function is affine on the cube.
    low, high = norm_certified(TwoLayerNet([1.0], [[1.0, 1.0]], [2.0]), 1.0)
    assert low <= 4 <= high < 4 + 1e-9


@settings(max_examples=15)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 999))
def test_the_interval_holds_for_any_proposal_of_the_solver(width, dimension, seed):
    """The proof does not lean on the solver: noise for its answer, and it holds."""
    net, noise = random_net(width, dimension, seed), np.random.default_rng(seed)
    low, high = norm_certified(net, 1.0)
    kinks = norms._kinks(net, 1.0)
    found = norms._solve(kinks, 1.0)
    moved = norms._Found(*(x + noise.normal(size=x.shape) for x in found))
    assert norms._lower(kinks, moved, 1.0) <= high
    assert norms._upper(kinks, moved, 1.0) >= low
