"""Floors under kernels of bounded weight: small cases, both ends, wrong inputs."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from made_decays import decays

from tapx.kernels import balls
from tapx.kernels.family import LIN
from tapx.kernels.kernel import Delta, Kernel
from tapx.limits import weight_bounds
from tapx.limits.weight_bounds import Certificate, optimum

BY_HAND = Certificate(LIN, 1, (0, 1, 2), (fmpq(0), fmpq(1), fmpq(-1)))
PRICES = [("exponential", 1, 8), ("exponential", 2, 12), ("power", 2, 10)]


def test_a_pairing_by_hand():
    # With z = e^-rate: (1 - z)(z - z^2 - z^3), the last number for lags 2 and 3.
    z = np.linspace(0, 1, 20001)
    largest = np.abs((1 - z) * (z - z**2 - z**3)).max()
    assert largest <= BY_HAND.over_all_rates <= 1.02 * largest
    assert BY_HAND.floor(0) == 1
    assert BY_HAND.floor(2) == pytest.approx(1 - 2 * BY_HAND.over_all_rates)


def test_the_pairing_with_one_rate_is_the_sum():
    z = math.exp(-0.5)
    here = BY_HAND.over([0.5])
    assert here == pytest.approx(abs((1 - z) * (z - z**2 - z**3)), rel=1e-12)
    assert here <= BY_HAND.over_all_rates


def test_the_weight_of_one_head():
    kernel = Kernel.of("exponential", [1], [Fraction(-3, 2)], Delta(1))
    expected = 1.5 / (1 - math.exp(-1))
    assert weight_bounds.weight(kernel) == pytest.approx(expected, rel=1e-14)
    power = Kernel.of("power", [2], [1], Delta(1))
    assert weight_bounds.weight(power) == pytest.approx(math.pi**2 / 6, rel=1e-14)


@pytest.mark.parametrize(("family", "lag", "bits"), PRICES)
def test_the_two_ends_meet(family, lag, bits):
    price = Fraction(1, 2**bits)
    best = optimum(family, lag, price)
    found = best.error + float(price) * best.weight
    least = best.certificate.objective(price)
    assert 0 < least <= found <= 1.2 * least
    assert best.certificate.floor(best.weight) <= best.error < 1


def test_no_kernel_passes_below_the_floor(family):
    """Kernels that the programme knows nothing of, from a least squares fit."""
    certificate = optimum(family, 2, Fraction(1, 2**10)).certificate
    rates = [2.0, 2.5, 3.3, 4.7, 6.1]
    lags = np.arange(1, 40)
    table = decays(family, rates, lags)
    for heads in (2, 3, 4, 5):
        weights, *_ = np.linalg.lstsq(table[:, :heads], 1.0 * (lags == 2), rcond=None)
        kernel = Kernel.of(family, rates[:heads], weights, Delta(2))
        floor = certificate.floor(weight_bounds.weight(kernel))
        assert floor <= balls.upper(kernel.l1_error)


def test_a_known_threshold():
    """Powers see lag 1 through ever faster heads: one head of weight 1 is enough."""
    best = optimum("power", 1, Fraction(9, 10))
    assert best.weight == pytest.approx(1, abs=1e-2)
    assert best.error < 1e-2
    assert best.certificate.objective(Fraction(9, 10)) == pytest.approx(0.9, abs=1e-2)
    # The truth is 1 - B: this certificate shows most of it.
    assert best.certificate.floor(0.5) == pytest.approx(0.45, abs=1e-2)


def test_given_rates_do_no_better_than_all():
    price = Fraction(1, 2**10)
    few = optimum("exponential", 2, price, [Fraction(1, 2), 1, Fraction(3, 2)])
    best = optimum("exponential", 2, price)
    assert few.error + few.weight / 1024 >= best.certificate.objective(price)
    assert set(few.kernel.float_rates) <= {0.5, 1.0, 1.5}


def test_candidates_fit_bfloat16_where_kernels_are_made_of_them():
    for family, least in weight_bounds.SLOWEST.items():
        made_of = [r for r in weight_bounds.candidates(family) if r >= least]
        assert all((math.frexp(r)[0] * 256).is_integer() for r in made_of)
