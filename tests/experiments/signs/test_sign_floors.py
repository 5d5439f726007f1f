"""Floors and limits for one slope a head: order, closed forms, honest kernels."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapx.experiments.signs import floors
from tapx.experiments.signs.floors import (
    best_stored,
    bucketed,
    fewest_heads_for,
    least,
    nearly_equal,
    tokens,
)
from tapx.limits import equal_rates
from tapx.network.positions import t5_starts
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.signs import ToyTarget, target

LENGTH = 104


def sum_at(*lags):
    """The target that is the sum of the tokens at these lags."""
    ones = np.ones(len(lags))
    return ToyTarget(lags, TwoLayerNet([1.0, -1.0], np.stack([ones, -ones])), LENGTH)


def distance(rpe, rates, task):
    """Error of the best weights for these rates: least squares on the window."""
    lags = np.arange(1.0, task.length)
    depth = lags if rpe == "lin" else np.log(lags)
    columns = np.exp(-np.outer(depth - depth[0], rates))
    wanted = tokens(task).values(lags)
    weights = np.linalg.lstsq(columns, wanted, rcond=1e-13)[0]
    return ((columns @ weights - wanted) ** 2).sum() + floors.beyond_affine(task)


def test_the_affine_part_by_hand():
    """relu(x_1 + x_2) is (1 + x_1 + x_2 + x_1 x_2) / 2."""
    task = ToyTarget((1, 2), TwoLayerNet([1.0], [[1.0, 1.0]]), LENGTH)
    assert tokens(task).sizes == pytest.approx((0.5, 0.5))
    assert floors.beyond_affine(task) == pytest.approx(0.25)
    assert tokens(task).energy == pytest.approx(0.5)
    assert tokens(task).values(np.arange(4)).tolist() == [0, 0.5, 0.5, 0]
    assert (float(tokens(task).ball(2)), float(tokens(task).ball(3))) == (0.5, 0)


def test_the_affine_part_of_an_absolute_value():
    """On -1, 0, 1 the best line through |x| is the constant 2/3, off by 2/9."""
    size = TwoLayerNet([1.0, 1.0], [[1.0], [-1.0]])
    assert floors.beyond_affine(ToyTarget((1,), size, LENGTH, 3)) == pytest.approx(
        2 / 9
    )


@pytest.mark.parametrize("end", ["first", "last"])
def test_one_token_has_the_closed_forms(end):
    task = target("2a", end)
    for heads in (0, 1, 32, 98):
        lin = max(1 - heads / 99, 1 / (heads + 1))
        assert least(task, "lin", heads) / task.variance == pytest.approx(lin)
        log = 1 / (heads + 1)
        assert least(task, "log", heads) / task.variance == pytest.approx(log)
    assert least(task, "lin", 99) == least(task, "log", 99) == 0


def test_published_heads_and_readouts():
    task = target("2b")
    assert least(task, "lin", 32) == pytest.approx(0.542122, abs=1e-5)
    assert least(task, "log", 32) == pytest.approx(1 / 33)
    assert fewest_heads_for(task, "lin", 1e-6) == 99
    task = target("1b", length=LENGTH)
    rest = floors.beyond_affine(task)
    assert least(task, "log", 90) == pytest.approx(rest)
    assert fewest_heads_for(task, "lin", rest / 2) is None


def test_an_odd_neighbour_spoils_the_certificate():
    """One exponential is nearer to two neighbouring deltas than 1/2."""
    assert least(sum_at(20, 22), "log", 1) == pytest.approx(1 / 2)
    assert least(sum_at(20, 22), "log", 4) == pytest.approx(1 / 5)
    assert least(sum_at(20, 21), "log", 4) == 0


@pytest.mark.parametrize("rpe", ["lin", "log"])
@given(
    rates=st.lists(st.floats(0.01, 4), min_size=1, max_size=5),
    lags=st.sets(st.integers(6, 50), min_size=2, max_size=2),
)
def test_below_every_kernel(rpe, rates, lags):
    task = sum_at(*lags)
    assert least(task, rpe, len(rates)) <= distance(rpe, rates, task) + 1e-9


@pytest.mark.parametrize("rpe", ["lin", "log"])
@pytest.mark.parametrize("name", ["2b", "1b"])
def test_the_three_numbers_are_in_order(rpe, name):
    task = target(name, "last", length=LENGTH)
    found = {heads: nearly_equal(task, rpe, heads).mse for heads in (1, 2, 5, 8)}
    assert all(a >= b - 1e-9 for a, b in pairwise(found.values()))
    assert all(least(task, rpe, h) <= limit + 1e-9 for h, limit in found.items())
    rest = floors.beyond_affine(task)
    for heads in (1, 2):
        stored = best_stored(task, rpe, heads).mse + rest
        assert stored >= least(task, rpe, heads) - 1e-9


def test_rates_that_come_together_approach_the_limit():
    task = target("2b", "last", length=LENGTH)
    for rpe in ("lin", "log"):
        rate, limit = nearly_equal(task, rpe, 3)
        far, near = (
            distance(rpe, rate * (1 + gap * np.arange(-1, 2)), task)
            for gap in (0.3, 0.03)
        )
        assert abs(near - limit) < abs(far - limit)
        assert near == pytest.approx(limit, rel=1e-3)


def test_the_enclosure_agrees_with_float64():
    part = tokens(target("2b", "last", length=LENGTH))
    for rpe in ("lin", "log"):
        for heads in (1, 4, 12):
            ball = equal_rates._captured_ball(part, rpe, 0.3, heads, LENGTH - 1)
            float64 = equal_rates.captured(part, rpe, 0.3, heads, LENGTH - 1)[-1]
            assert float(ball) == pytest.approx(float64, rel=1e-9)
            assert float(ball.rad()) < 1e-14


def test_the_basis_is_orthonormal():
    for rpe in ("lin", "log"):
        rows = equal_rates.basis(rpe, 0.2, 10, 103)
        assert rows @ rows.T == pytest.approx(np.eye(10), abs=1e-12)
    all_of_it = equal_rates.basis("lin", 0.2, 12, 9)
    assert np.linalg.matrix_rank(all_of_it) == 9
    assert not all_of_it[9:].any()


def test_buckets_by_hand():
    """A lone token among n lags costs 1 - 1/n, two in one bucket 2 - 4/n."""
    assert bucketed(sum_at(6), [0, 1, 2, 3, 4, 8]) == pytest.approx(3 / 4)
    assert bucketed(sum_at(3), [0, 1, 2, 3, 4, 8]) == 0
    assert bucketed(sum_at(50), [0]) == pytest.approx(1 - 1 / 103)
    assert bucketed(sum_at(5, 6), [0, 4, 8]) == pytest.approx(2 - 4 / 4)
    assert bucketed(target("2b", "last"), t5_starts(16, 128)) > 2.6
