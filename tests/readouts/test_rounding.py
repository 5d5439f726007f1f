import math

import pytest
import torch
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from made_draws import F64
from made_nets import rounded

from tapx.readouts import rounding


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
    z = torch.tensor([z], dtype=F64)
    assert (rounded(z, "log") - z).abs() <= rounding.proposition_c1(z) + 1e-14


@given(st.integers(1, 400))
def test_the_certificate_covers_a_grid(n):
    left = (n - 0.5) * (1 + 1e-12)
    z = torch.linspace(left, n + 0.5 - 1e-9, 201, dtype=F64).log()
    off = (rounded(z, "log") - z).abs()
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
        z = math.log(g) + exact * torch.tensor([0.999, 1.001], dtype=F64)
        values = torch.exp(rounded(z, "log")).round().tolist()
        assert values == [g, g + 1]
        assert exact > 1 / (4 * g)
    assert rounding.margin(7, "lin") == 0.5
