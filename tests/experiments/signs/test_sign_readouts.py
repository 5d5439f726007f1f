"""Readouts that bend: they help where a sign stands out, and not where it is faint."""

import numpy as np
import pytest
from test_sign_floors import LENGTH, sum_at

from tapx.experiments.signs.floors import nearly_equal
from tapx.experiments.signs.readouts import pooled, posterior_mse, trained_mse
from tapx.targets.signs import target

FAINT, NEAR = target("2b", "last", length=LENGTH), sum_at(2)


def test_the_kernels_leave_lag_zero_out():
    kernels = pooled(NEAR, "lin", 3)
    assert kernels.shape == (3, LENGTH)
    assert not kernels[:, 0].any()
    assert kernels @ kernels.T == pytest.approx(np.eye(3), abs=1e-10)


@pytest.mark.parametrize("rpe", ["lin", "log"])
def test_the_affine_readout_has_the_computed_error(rpe):
    for task, heads in ((FAINT, 3), (NEAR, 1)):
        found = posterior_mse(task, rpe, heads)
        assert found.affine == pytest.approx(nearly_equal(task, rpe, heads).mse, 0.05)


def test_bending_helps_where_the_sign_stands_out():
    """With one head too few, half of a token is captured, among much noise."""
    found = posterior_mse(sum_at(40), "lin", 39)
    assert 0.3 < found.affine < 0.7
    assert found.bent < 0.98 * found.affine


def test_bending_gains_nothing_where_signs_are_faint():
    found = posterior_mse(FAINT, "log", 2)
    assert found.bent == pytest.approx(found.affine, rel=0.01)


def test_a_trained_readout_comes_near_the_affine_one():
    found = trained_mse(NEAR, "lin", 1, 16, 300)
    assert found.bent < 1.05 * found.affine
    assert found == trained_mse(NEAR, "lin", 1, 16, 300), "the same bits twice"
