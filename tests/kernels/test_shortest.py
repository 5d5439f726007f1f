"""The shortest sums of exponentials found for a power, and their certified errors."""

import math
from itertools import pairwise

import pytest

from tapx.kernels import quadrature, shortest
from tapx.kernels.balls import PrecisionError
from tapx.limits import hankel_rank


def test_errors_fall_and_stay_near_the_floor():
    errors = [shortest.certified_error(2.0, heads) for heads in range(1, 16)]
    assert all(a > b for a, b in pairwise(errors))
    floors = [hankel_rank.lower_bound(2.0, heads, 1e6) for heads in range(1, 16)]
    assert max(e / f for e, f in zip(errors, floors, strict=True)) < 30


@pytest.mark.parametrize(("power", "error"), [(2.0, 1e-3), (2.0, 1e-6), (3.0, 1e-5)])
def test_fewest_is_enough_and_less_than_the_rule(power, error):
    heads = shortest.fewest(power, error)
    assert shortest.certified_error(power, heads) <= error
    assert shortest.certified_error(power, heads - 1) > error
    assert hankel_rank.fewest(power, error, 1e6) <= heads
    assert heads < quadrature.rule(power, error).heads


def test_twenty_exponentials_for_the_square():
    """The number that the chapter on Theorem 5.1 reports."""
    assert shortest.fewest(2.0, 1e-6) == pytest.approx(20, abs=1)


def test_an_uncertified_sum_counts_as_infinitely_far(monkeypatch):
    def unsettled(kernel):
        raise PrecisionError("not all zeros found")

    monkeypatch.setattr(shortest.zeros, "l1_distance", unsettled)
    assert shortest.certified_error(2.75, 2) == math.inf


def test_an_error_out_of_reach_is_refused(monkeypatch):
    monkeypatch.setattr(shortest, "MOST", 4)
    with pytest.raises(ValueError, match="more than 4 terms; the nearest error"):
        shortest.fewest(2.0, 1e-9)
