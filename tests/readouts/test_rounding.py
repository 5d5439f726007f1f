import math

import pytest
import torch
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from tapx.network.transformer import FeedForward
from tapx.readouts import rounding


def log_rounded(z):
    """What the network's FFN with precision makes of z."""
    ffn = FeedForward(1, 1, precision="log", dtype=torch.float64)
    with torch.no_grad():
        ffn.inner[:], ffn.outer[:] = 1, 1
        return ffn(z[:, None])[:, 0]


def test_certified_up_to_a_thousand():
    worst = rounding.largest_violation(3, 1000)
    assert worst < 0
    expected = math.log1p(1 / 2000) - 1 / 2000
    assert float(worst) == pytest.approx(expected, rel=1e-9)


def test_it_holds_down_to_where_the_logarithm_ends():
    assert rounding.largest_violation(1, 2) < 0
    assert rounding.largest_violation(1, 40) < 0


@given(st.floats(-0.693, 10))
def test_the_bound_holds_in_float64(z):
    z = torch.tensor([z], dtype=torch.float64)
    bound = rounding.proposition_c1(z)
    assert (log_rounded(z) - z).abs() <= bound + 1e-14


@given(st.integers(1, 400))
def test_the_certificate_covers_a_grid(n):
    left = (n - 0.5) * (1 + 1e-12)
    y = torch.linspace(left, n + 0.5 - 1e-9, 201, dtype=torch.float64)
    z = torch.log(y)
    off = (log_rounded(z) - z).abs()
    bound = rounding.proposition_c1(z)
    worst = float(rounding.largest_violation(n, n))
    assert (off - bound).max() <= worst + 1e-12
    assert (off - bound).max() >= worst - 1e-6
    assert (off / bound).max() <= float(rounding.sharpness(n)) + 1e-9


def test_the_constant_is_best():
    ratios = [float(rounding.sharpness(n)) for n in (1, 3, 10, 100, 10**4)]
    assert ratios == sorted(ratios)
    assert 1 - 1e-4 < ratios[-1] < 1
    assert rounding.sharpness(10**9) < arb(1)


def test_margins_are_exact_and_wider_than_asked():
    for g in range(1, 60):
        exact = rounding.margin(g, "log")
        z = math.log(g) + exact * torch.tensor([0.999, 1.001], dtype=torch.float64)
        values = torch.exp(log_rounded(z)).round().tolist()
        assert values == [g, g + 1]
        assert exact > 1 / (4 * g)
    assert rounding.margin(7, "lin") == 0.5
