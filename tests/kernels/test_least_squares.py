"""Levenberg and Marquardt: right where the answer is known, the same in every run."""

import numpy as np
import pytest

from tapx.kernels.least_squares import least_squares


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def slopes(x):
    return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


def test_it_reaches_the_minimum_of_a_curved_valley():
    found = least_squares(rosenbrock, slopes, np.array([-1.2, 1.0]), evaluations=100)
    np.testing.assert_allclose(found, [1, 1], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_problem_takes_the_least_squares_solution(seed):
    random = np.random.default_rng(seed)
    matrix, right = random.normal(size=(9, 4)), random.normal(size=9)
    found = least_squares(
        lambda x: matrix @ x - right, lambda _: matrix, np.zeros(4), evaluations=60
    )
    best = np.linalg.lstsq(matrix, right, rcond=None)[0]
    # It ends where the squares fall by 1e-15 of themselves: 3e-8, the root, from there.
    np.testing.assert_allclose(found, best, rtol=1e-6)


@pytest.mark.parametrize("evaluations", [1, 2, 5, 20])
def test_it_never_ends_above_its_start_nor_evaluates_more_than_allowed(evaluations):
    calls = []

    def counted(x):
        calls.append(x)
        return rosenbrock(x)

    start = np.array([-1.2, 1.0])
    found = least_squares(counted, slopes, start, evaluations=evaluations)
    assert len(calls) <= evaluations
    assert np.sum(rosenbrock(found) ** 2) <= np.sum(rosenbrock(start) ** 2)


def test_a_residual_that_is_not_finite_ends_it_where_it_starts():
    start = np.array([1.0])
    nowhere = least_squares(
        lambda x: x * np.nan, lambda x: np.ones((1, 1)), start, evaluations=9
    )
    assert nowhere == start


def test_scipys_minpack_is_called_nowhere():
    from tapx.chapters.notebooks import ROOT

    sources = [*ROOT.glob("tapx/**/*.py"), *ROOT.glob("book/*.ipynb")]
    calls = [p.name for p in sources if 'method="lm"' in p.read_text(encoding="utf-8")]
    # This module's docstring names it.
    assert calls == ["least_squares.py"]
