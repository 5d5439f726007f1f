"""Each search gives the same bits again, whatever lies around its arrays."""

from fractions import Fraction

import numpy as np
import pytest

from tapx.kernels import nearest, search, shortest, window_search, windows
from tapx.kernels.balls import exact
from tapx.kernels.family import LIN, LOG
from tapx.limits import affine_minimax, equal_rates, recall, weight_bounds

CALLS = 40


def window_kernels(family, target):
    def find():
        window_search._ladder.cache_clear()
        empty = windows.WindowKernel(family, (), (), target, 1, 39)
        return window_search.climb(empty, 3)

    return find


def powers():
    shortest._ladder.cache_clear()
    return shortest._search(1.75, 5)


def parity(*row):
    return row[0] * row[1] if row[2] > 0 else row[1]


HEAVY, LIGHT = windows.Decay(LOG, 1.5), windows.Decay(LIN, 1.0)
ROW = ((1 + np.arange(60.0)) ** -3).tolist()
RATES = [exact(rate) for rate in (0.25, 0.5, 1.0)]
SEARCHES = {
    "window-exponential": window_kernels(LIN, HEAVY),
    "window-power": window_kernels(LOG, LIGHT),
    "power-by-exponentials": powers,
    "memory-by-powers": lambda: nearest._search(ROW, 8, LOG, 1),
    "memory-by-exponentials": lambda: nearest._search(ROW, 5, LIN, 1),
    "lag-by-exponentials": lambda: search._search(
        search._lag_window(1, 2, LIN), 2, LIN, 24
    ),
    "lag-by-powers": lambda: search._search(search._lag_window(1, 2, LOG), 2, LOG, 24),
    "adaptive-by-powers": lambda: search.best_scaled((1, 2), 2, 8),
    "weights": lambda: weight_bounds._search(
        LIN, 1, exact(Fraction(1, 16)), (0.5, 1.0, 2.0), (0.5, 1.0, 2.0)
    ),
    "floor": lambda: recall._search(RATES, 4, 64).values.tolist(),
    "common-rate": lambda: equal_rates._common_rate(
        equal_rates.Tokens((3, 8), (0.5, 0.25)), "log", 3, 99
    ),
    "minimax": lambda: affine_minimax.minimax(
        affine_minimax.features(affine_minimax.windows((-1, 1), 3), "affine"),
        [Fraction(parity(*row)) for row in affine_minimax.windows((-1, 1), 3)],
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_finds_equal_bits_forty_times(name):
    random = np.random.default_rng(0)
    clutter, found = [], set()
    for _ in range(CALLS):
        # Arrays of random sizes, made and half of them freed again, in between.
        clutter += [random.normal(size=random.integers(1, 9000)) for _ in range(20)]
        clutter = [array for array in clutter if random.random() < 0.5]
        found.add(repr(SEARCHES[name]()))
    assert len(found) == 1
