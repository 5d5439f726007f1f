"""Floors for picking out tokens: closed forms, below every kernel, honest windows."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_decays import decays, residues

from tapx.limits import rank
from tapx.limits.rank import LAST, MARGIN, least_errors


def legendre(size, degree):
    """Orthonormal polynomials on `size` even points, columns 0 to `degree`."""
    points = np.linspace(-1, 1, size)
    return np.linalg.qr(np.polynomial.legendre.legvander(points, degree))[0]


@given(st.integers(1, 100))
def test_a_proved_floor_is_never_above_the_closed_form(lag):
    """Equal scales give ``1 - H / T`` exactly, and the proof may not round it up."""
    floors = least_errors([lag])
    exact = [Fraction(lag - heads, lag) for heads in range(lag + 1)]
    assert all(Fraction(f) <= e for f, e in zip(floors.tolist(), exact, strict=True))
    assert max(map(float, exact - np.array(floors, dtype=object))) < 1e-12


def test_a_floor_stays_proved_if_the_eigenvectors_are_bad(monkeypatch):
    right = least_errors([5, 9], sizes=[1.0, -0.7])
    eigh = np.linalg.eigh

    def noisy(matrix, size):
        noise = np.random.default_rng(0).normal(size=matrix.shape)
        values, vectors = eigh(matrix)
        return values, vectors + size * noise

    for size, lost in ((1e-9, 1e-7), (1e-3, 0.1), (1.0, 2.0)):
        monkeypatch.setattr(np.linalg, "eigh", lambda m, size=size: noisy(m, size))
        rank._floors.cache_clear()
        found = least_errors([5, 9], sizes=[1.0, -0.7])
        assert (found <= right + 1e-12).all()
        assert (found >= right - lost).all()
    rank._floors.cache_clear()


def test_two_lags_by_hand():
    """The matrix of lags 1 and 3 has rank three; all that H = 0 leaves is 2."""
    floors = least_errors([1, 3], last=5)
    assert len(floors) == 4
    assert floors[0] == pytest.approx(2, abs=2 * MARGIN)
    # d^2 = 1, 1/2, 3/8: the block of rows 0 and 2 is [[1, a], [a, 0]], a^2 = 3/8, and
    # row 1 has 1/2 alone. Equal scales leave more once one or two are dropped:
    # [[1, 1], [1, 0]] and [1], over the root of 3.
    golden = (1 + np.sqrt(5)) / 2
    even = [4 / 3, (1 + golden**-2) / 3, golden**-2 / 3, 0]
    root = np.sqrt(1 + 4 * 3 / 8)
    block = ((1 + root) / 2) ** 2, ((1 - root) / 2) ** 2
    arcsine = [2, 2 - block[0], min(*block, 1 / 4), 0]
    assert floors == pytest.approx(np.maximum(even, arcsine), abs=2 * MARGIN)


subsets = st.sets(st.integers(1, 40), min_size=1, max_size=4)


@given(subsets)
def test_from_the_number_of_lags_down_to_zero(lags):
    floors = least_errors(sorted(lags))
    assert len(floors) == max(lags) + 1
    assert floors[0] == pytest.approx(len(lags), abs=2 * MARGIN)
    assert floors[-1] == 0
    assert (np.diff(floors) <= 0).all()


@given(
    lags=subsets,
    rates=st.lists(st.floats(0.001, 5), min_size=1, max_size=6),
    far=st.booleans(),
)
def test_below_every_kernel(lags, rates, far):
    """Least squares on the window, with the tokens at either end of it."""
    asked = np.array(sorted(lags))
    if far:
        asked = LAST + 1 - asked
    seen = np.arange(1, LAST + 1)
    wanted = np.isin(seen, asked).astype(float)
    columns = decays("lin", rates, seen)
    error = (residues(columns / columns.max(0), wanted) ** 2).sum()
    floors = least_errors(asked.tolist())
    assert floors[min(len(rates), len(floors) - 1)] <= error + 1e-12


def test_polynomials_are_a_limit_of_decays_and_stay_above():
    """The hard case: nearly equal decays, and a lag at the very end of the window."""
    for last, lag in ((99, 99), (99, 90), (99, 50), (99, 5)):
        basis = legendre(last, 24)
        errors = 1 - np.cumsum(basis[lag - 1] ** 2)
        floors = least_errors([lag], last)
        heads = np.arange(1, min(len(floors), 26))
        assert (floors[heads] <= errors[heads - 1] + 1e-12).all()
    # At its end, `1 - H / (T + 1)`, which holds for the whole past, would be wrong.
    assert 1 - (legendre(99, 19)[-1] ** 2).sum() < 0.05 < 1 - 20 / 100


def test_a_window_has_the_same_floors_from_both_ends():
    assert (least_errors([48, 56, 99]) == least_errors([952, 944, 901])).all()
    assert (least_errors([3, 5], last=20) == least_errors([18, 16], last=20)).all()


@given(subsets, st.integers(0, 500))
def test_a_longer_window_does_not_lower_the_floors(lags, more):
    shortest = 2 * max(lags) - 1
    here = least_errors(sorted(lags), shortest)
    assert (least_errors(sorted(lags), shortest + more) >= here).all()


def test_sizes_scale_the_bounds():
    plain = least_errors([3, 7])
    assert least_errors([3, 7], sizes=[1.0, 1.0]) == pytest.approx(plain)
    assert least_errors([3, 7], sizes=[2.0, 2.0]) == pytest.approx(4 * plain, abs=1e-8)
    assert least_errors([3, 7], sizes=[2.0, 0.0])[0] == pytest.approx(4)
    far = least_errors([LAST + 1 - 7, LAST + 1 - 3], sizes=[0.5, -2.0])
    assert far == pytest.approx(least_errors([7, 3], sizes=[0.5, -2.0]))
