import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from made_draws import draw

from tapx.readouts import exact_nets


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_parity_is_the_product_of_signs(count):
    signs = torch.tensor(list(itertools.product([1.0, -1.0], repeat=count)))
    net = exact_nets.parity(count)
    assert net.width <= count + 2
    assert torch.equal(net(signs), signs.double().prod(-1))


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-5, 5)), min_size=1))
def test_ridge_is_linear_interpolation(pairs):
    known = dict(pairs)
    points = sorted(known)
    values = [known[point] for point in points]
    direction = torch.tensor([1.0, -0.5])
    net = exact_nets.ridge(direction, points, values)
    x = torch.linspace(-12, 12, 97, dtype=torch.float64)[:, None] * torch.tensor([1, 1])
    forms = (x @ direction.double()).numpy()
    assert np.allclose(net(x), np.interp(forms, points, values), atol=1e-10)


def test_linear_is_linear():
    net = exact_nets.linear([0.5, -2.0])
    x = draw(20, 2)
    assert torch.allclose(net(x), x @ torch.tensor([0.5, -2.0]).double())
    assert np.isclose(net.lipschitz, np.hypot(0.5, 2))
