"""Variable projection: its derivative, its end points, its range."""

import numpy as np
import pytest
from made_decays import residues
from scipy.optimize import approx_fprime

from tapx.kernels.fit import LOG_RATE_RANGE, design, refine

LAGS = np.arange(1, 200)
VALUES = LAGS**-0.5


def projected_error(log_rates, family="exponential"):
    columns = design(np.asarray(log_rates), LAGS, family)[0]
    return (residues(columns, VALUES) ** 2).sum()


def test_it_ends_where_the_projected_error_is_flat():
    found = refine(np.log([0.01, 0.2]), LAGS, VALUES, "exponential")
    slopes = approx_fprime(found, projected_error, 1e-6)
    assert np.abs(slopes).max() < 1e-4 * projected_error(found)
    assert projected_error(found) < projected_error(np.log([0.01, 0.2]))


def test_the_order_of_the_start_does_not_matter():
    one = refine(np.log([0.01, 0.2]), LAGS, VALUES, "exponential")
    two = refine(np.log([0.2, 0.01]), LAGS, VALUES, "exponential")
    assert one == pytest.approx(two, abs=1e-6)
    assert one[0] < one[1]


def test_columns_and_slopes(family):
    log_rates = np.log([0.3, 2.0])
    columns, slopes = design(log_rates, LAGS[:9], family)
    step = 1e-6
    moved = design(log_rates + step, LAGS[:9], family)[0]
    assert (moved - columns) / step == pytest.approx(slopes, abs=1e-5)


def test_powers_do_not_see_lag_zero():
    columns, slopes = design(np.zeros(1), np.arange(3), "power")
    assert columns[0, 0] == slopes[0, 0] == 0.0
    assert columns[1, 0] == 1.0


def test_rates_stay_in_range():
    """A constant target drives an exponential's rate to zero: it stops at the edge."""
    found = refine(np.array([-3.0]), LAGS, np.ones(len(LAGS)), "exponential")
    assert LOG_RATE_RANGE[0] <= found[0] <= LOG_RATE_RANGE[1]
    assert found[0] < -10
