"""Variable projection for training."""

import numpy as np
import pytest
from test_starts import BEST, LAGS, RHO

from tapx.experiments.memory import projected
from tapx.kernels.family import LIN

START = np.geomspace(1 / LAGS, 1.0, 4)


@pytest.mark.parametrize("batch", [0, 60])
def test_newton_finds_the_best_kernel(batch):
    found = projected.descend_rates(START, RHO, 40, "newton", batch, seeds=(0, 1, 2))
    assert (found.errors > 0.999 * BEST.mse).all()
    assert found.errors.max() < (2 if batch else 1.001) * BEST.mse
    if not batch:
        assert np.exp(np.sort(found.ends[0])) == pytest.approx(BEST.rates, rel=1e-3)


@pytest.mark.parametrize("position", ["lin", "log"])
@pytest.mark.parametrize("batch", [0, 50])
def test_gradient_is_that_of_the_projected_loss(position, batch):
    inputs = projected._Inputs(RHO, position, batch, 3)
    inputs.draw()
    at = np.log(START)
    state = inputs.state(at)
    for head in range(len(at)):
        step = 1e-5 * np.eye(len(at))[head]
        up, down = (inputs.state(at + s).loss for s in (step, -step))
        slope = pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-9)
        assert 2 * state.left @ state.moved[:, head] == slope


@pytest.mark.parametrize("step", projected.STEPS)
def test_same_seed_same_bits_and_history(step):
    runs = [
        projected.descend_rates(START, RHO, 12, step, 20, seeds=(5, 6), notes=(3, 99))
        for _ in "ab"
    ]
    assert np.array_equal(runs[0].ends, runs[1].ends)
    assert list(runs[0].history) == [0, 3, 12]
    assert np.array_equal(runs[0].history[12], runs[0].errors)
    assert runs[0].errors[0] != runs[0].errors[1]
    assert (runs[0].errors < runs[0].history[0]).all()


def test_a_step_that_does_not_help_is_not_taken():
    inputs = projected._Inputs(RHO, LIN, 0, 0)
    best = np.log(BEST.rates)
    newton = projected._Newton()
    now, state = best, inputs.state(best)
    for _ in range(40):
        then = newton.move(now, inputs.state(now), inputs)
        assert inputs.state(then).loss <= inputs.state(now).loss
        now = then
    assert inputs.state(now).loss == pytest.approx(state.loss, rel=1e-6)


def test_equal_columns_are_solved_alike():
    column = np.arange(1.0, 6.0)
    weights = projected.solve(np.stack([column, column, 0 * column], 1), 3 * column)
    assert weights == pytest.approx([1.5, 1.5, 0])
