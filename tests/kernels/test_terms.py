"""The difference of two sums of decays, term by term."""

import math

import pytest
from flint import fmpq

from tapx.kernels import balls
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.terms import Signed

EXP = Kernel.of("exponential", [1, 2], [3, -1])
POWER = Kernel.of("power", [2], [0.5])


def value(signed, lag, part="at"):
    with balls.precision(128):
        return float(getattr(signed, part)(lag).mid())


def test_terms_are_subtracted_and_equal_ones_vanish():
    signed = Signed(EXP, Kernel.of("exponential", [1, 5], [1, 1]))
    assert signed.exponentials == {fmpq(1): 2, fmpq(2): -1, fmpq(5): -1}
    same = Signed(EXP, EXP)
    assert not same.exponentials and value(same, 3) == 0


def test_values_with_and_without_the_delta():
    signed = Signed(EXP, Delta(4))
    smooth = 3 * math.exp(-4) - math.exp(-8)
    assert value(signed, 4, "smooth") == pytest.approx(smooth)
    assert value(signed, 4) == pytest.approx(smooth - 1)
    assert value(signed, 5) == value(signed, 5, "smooth")
    assert Signed(Delta(4), Delta(4)).points == {}


def test_mixed_families_and_lag_zero():
    signed = Signed(EXP, POWER)
    assert value(signed, 0) == pytest.approx(2)  # powers have no value at lag 0
    assert value(signed, 3) == pytest.approx(
        3 * math.exp(-3) - math.exp(-6) - 0.5 / 9, rel=1e-12
    )


def test_an_origin_shifts_exponentials_and_stretches_powers():
    shifted = Signed(EXP, origin=2)
    assert value(shifted, 3) == pytest.approx(3 * math.exp(-1) - math.exp(-2))
    stretched = Signed(POWER, origin=2)
    assert value(stretched, 6) == pytest.approx(0.5 * (6 / 2) ** -2)


def test_cancellation_grows_with_weights_and_origin():
    assert Signed(EXP).cancellation_bits() <= 2
    large = Kernel.of("exponential", [1], [2.0**70])
    assert Signed(large).cancellation_bits() == 70
    assert Signed(EXP, origin=100).cancellation_bits() >= 200 / math.log(2)
