"""Exact distances of sums of exponentials from a power, by counting zeros."""

import math
from itertools import pairwise

import numpy as np
import pytest
from flint import arb

from tapx.kernels import balls, shortest, zeros
from tapx.kernels.balls import PrecisionError, upper
from tapx.kernels.kernel import Kernel


def near_power(rates, weights, power=2):
    return Kernel.of("exponential", rates, weights, Kernel.of("power", [power], [1]))


def test_all_zeros_are_found_and_separate_the_stretches():
    kernel = shortest.shortest(2.0, 5)
    found = zeros.deviation(kernel)
    assert len(found.last_before) == 10
    for first, stop in found.stretches():
        if stop is not None:
            signs = {found.at(lag) > 0 for lag in {first, stop - 1}}
            assert len(signs) == 1
    assert found.stretches()[-1][1] is None


def test_tails_add_up():
    found = zeros.deviation(shortest.shortest(3.0, 3))
    with balls.precision(zeros.BITS):
        head = sum((found.at(lag) for lag in range(5, 9)), found.at(4))
        assert abs(found.tail(4) - head - found.tail(9)) < 1e-40


def test_a_search_of_the_lags_finds_what_counting_finds():
    for heads in (1, 3, 6, 20):
        e = zeros.deviation(shortest.shortest(1.5, heads))
        with balls.precision(zeros.BITS):
            seen = [n for n in e.last_before if n >= 1]
            assert zeros._searched(e) == seen


def test_a_search_finds_each_change_of_sign_that_the_lags_show():
    kernel = near_power([1.0, 0.3, 0.05, 0.004], [0.9, -0.4, 0.05, 1e-3])
    e = zeros.deviation(kernel)
    with balls.precision(zeros.BITS):
        positive = [bool(e.at(lag) > 0) for lag in range(1, 5000)]
    places = enumerate(pairwise(positive), 1)
    assert zeros._searched(e) == [n for n, (one, other) in places if one != other]


def test_derivatives_are_those_of_the_deviation():
    e = zeros.deviation(shortest.shortest(3.0, 4))
    with balls.precision(zeros.BITS):
        terms = e.taylor(arb(5), 40)
        near = sum((c * arb(0.25) ** n for n, c in enumerate(terms)), arb(0))
        assert abs(near - e.at(arb(5.25))) < 1e-38


def test_a_deviation_too_near_zero_is_refused_with_its_lag(monkeypatch):
    monkeypatch.setattr(zeros, "BITS", 8)
    touching = near_power([1.0], [math.exp(2) / 4])
    with pytest.raises(PrecisionError, match="the deviation at lag 2 is below"):
        zeros.l1_distance(touching)


def test_rounding_to_float32_is_still_certified():
    kernel = shortest.shortest(2.0, 8)
    rates, weights = (
        a.astype(np.float32).astype(float).tolist()
        for a in (kernel.float_rates, kernel.float_weights)
    )
    rounded = upper(zeros.l1_distance(near_power(rates, weights)))
    assert math.isclose(rounded, shortest.certified_error(2.0, 8), rel_tol=1e-2)
