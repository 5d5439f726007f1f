import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_draws import F64, draw, seeded
from made_nets import rounded

from tapx.readouts import memory_functions as mf
from tapx.readouts import two_layer
from tapx.readouts.two_layer import TwoLayerNet


def random_alphabet(count, dimension, highest, seed):
    generator = seeded(seed)
    points = torch.randn(count, dimension, generator=generator, dtype=F64)
    values = torch.randint(1, highest + 1, (count,), generator=generator)
    return points / points.norm(dim=1).max(), values.to(F64)


alphabets = st.builds(
    random_alphabet,
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(0, 999),
)


@given(alphabets, st.booleans())
def test_a_net_has_the_values(alphabet, log):
    points, values = alphabet
    values = values.log() if log else values
    net = mf.interpolating_net(points, values)
    assert torch.allclose(net(points), values, rtol=0, atol=1e-9)
    assert net.width <= len(points) + 1
    far = 100 * draw(50, net.dimension)
    assert (net(far) >= values.min() - 1e-6).all()
    assert (net(far) <= values.max() + 1e-6).all()


@given(alphabets, st.integers(0, 99))
def test_the_slopes_hold_and_are_sharp(alphabet, seed):
    points, values = alphabet
    net = mf.interpolating_net(points, values)
    x = draw(2000, net.dimension, seed=seed)
    slopes = mf.coordinate_slopes(net)
    assert (net.gradient(x).abs() <= slopes * (1 + 1e-12)).all()
    assert mf.lipschitz(net) <= net.lipschitz
    assert mf.least_lipschitz(points, values) <= mf.lipschitz(net) * (1 + 1e-9)
    assert mf.lipschitz(net) <= net.norm * (1 + 1e-9)


@pytest.mark.parametrize(
    ("points", "values", "norm", "slopes"),
    [
        # A constant 1, and half of relu(1 - x) - relu(-1 - x).
        ([[1], [-1]], [1, 2], 3, [0.5]),
        (torch.eye(3), [4, 4, 4], 4, [0, 0, 0]),  # one neuron without slope
        # Only tokens of different values are separated.
        (
            [[x, y] for x in (-1, 1) for y in (-1, 0, 1)],
            [1] * 3 + [3] * 3,
            None,
            [1, 0],
        ),
    ],
)
def test_nets_by_hand(points, values, norm, slopes):
    points, values = torch.as_tensor(points).float(), torch.tensor(values).float()
    net = mf.interpolating_net(points, values)
    assert norm is None or net.norm == norm
    assert mf.coordinate_slopes(net).tolist() == pytest.approx(slopes, abs=1e-9)
    assert mf.lipschitz(net) == pytest.approx(max(slopes), abs=1e-9)
    assert mf.least_lipschitz(points, values) == max(slopes)


def test_slopes_of_other_nets():
    net = TwoLayerNet([1.0, 1.0], [[1.0, 0.0], [0.0, 1.0]])
    assert torch.equal(mf.coordinate_slopes(net), net.coordinate_slopes)
    both_sides_of_a_kink = TwoLayerNet([1.0, -1.0], [[2.0], [-2.0]], [1.0, -1.0])
    assert abs(float(mf.coordinate_slopes(both_sides_of_a_kink)[0]) - 2) < 1e-12


def test_close_tokens_make_steep_nets():
    for gap in (0.5, 0.05, 0.005):
        points = torch.tensor([[-gap / 2], [gap / 2]], dtype=F64)
        net = mf.interpolating_net(points, torch.tensor([1.0, 2.0]))
        assert mf.lipschitz(net) == pytest.approx(1 / gap)
        assert 1 / gap <= net.norm <= 1 + 2 * (1 + gap / 2) / gap * (1 + 1e-9)


def test_tolerances_round_right():
    for g in range(1, 40):
        for sign in (-1, 1):
            shift = sign * 0.9999
            lin = g + shift * mf.tolerance(g, "lin")
            assert rounded(lin, "integer") == g
            log = math.log(g) + shift * mf.tolerance(g, "log")
            assert float(rounded(max(log, 0), "log")) == pytest.approx(
                math.log(g), abs=1e-15
            )


def test_sampled_nets_come_near_and_round():
    points = torch.tensor([[1.0], [-1.0], [0.0]], dtype=F64)
    net = mf.interpolating_net(points, torch.tensor([1.0, 2, 4]))
    errors = mf.sampled_errors(net, points, [4, 4096], range(6))
    assert errors.shape == (6, 2, 3)
    few, many = errors.max(2).mean(0)
    assert many < few / 4
    widths = [2**k for k in range(15)]
    width = mf.rounding_width(net, points, 0.5, widths, range(6))
    assert 4 < width < 2**14
    assert mf.rounding_width(net, points, [0.5, 2.0, 2.0], widths, range(6)) <= width
    assert mf.rounding_width(net, points, 1e-9, [1, 2], [0]) is None
    constant = TwoLayerNet([2.0], [[0.0]], [1.0])
    assert mf.rounding_width(constant, points, 0.5, [1, 2], [0]) == 1
    # log g of a constant lag 1 is the zero net, which no sample misses.
    zero = mf.interpolating_net(points, torch.zeros(3, dtype=F64))
    assert mf.rounding_width(zero, points, 0.25, [1, 2], [0, 1]) == 1


def test_drawn_numbers_have_the_law_of_sampled_nets():
    points, values = random_alphabet(4, 2, 5, 1)
    net = mf.interpolating_net(points, values)
    here = mf.sampled_errors(net, points, [32], range(400))[:, 0]
    chance = seeded(0)
    drawn = [two_layer.sample(net, 32, chance)(points) for _ in range(400)]
    there = (torch.stack(drawn) - values).abs()
    assert torch.allclose(torch.from_numpy(here.mean(0)), there.mean(0), rtol=0.2)
