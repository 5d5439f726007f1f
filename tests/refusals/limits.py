"""What `tapx.limits` refuses."""

import math
from fractions import Fraction

from flint import fmpq
from made_calls import each

from tapx.kernels.balls import exact
from tapx.kernels.family import LIN, LOG
from tapx.kernels.windows import Decay
from tapx.limits import all_rates, hankel_rank, rank, recall, weight_bounds
from tapx.limits.affine_minimax import best, features, minimax, prove, windows
from tapx.limits.rank import least_errors
from tapx.limits.weight_bounds import Certificate, optimum

HEAVY = Decay(LOG, 0.5)
BY_HAND = Certificate(LIN, 1, (0, 1, 2), (fmpq(0), fmpq(1), fmpq(-1)))
ONES, SIGNS = [[Fraction(1)], [Fraction(1)]], [Fraction(1), Fraction(-1)]
HALF = Fraction(1, 2)

VALUE_ERROR = {
    "'linear'; did you mean 'lin'": (
        lambda: rank.lower_bound(HEAVY, 1, "linear"),
        lambda: weight_bounds.candidates("linear"),
    ),
    "'logarithm'; did you mean 'log'": lambda: optimum("logarithm", 1, 0.5),
    "'sum'; did you mean": lambda: recall.alternating_floor("sum", 2, 3),
    "lag 0: log heads see lags from 1 on": lambda: optimum("power", 0, 0.5),
    # What no functional of a class can do
    "at least two tokens, all different": each(windows, ([1], 2), ([1, 1], 2)),
    "a window has at least 1 token": lambda: windows([0, 1], 0),
    "did you mean 'affine'": lambda: features(windows([0, 1], 2), "afine"),
    "length 9: at most 8": lambda: best(max, (-1, 1), 9),
    "one window is needed": lambda: minimax([], []),
    "1 rows of features and 0 values": lambda: minimax([[Fraction(1)]], []),
    # Ranks
    "power 1: summable over all .* above 1": lambda: hankel_rank.lower_bound(1.0, 3),
    "heads=-1: give at least 0": lambda: hankel_rank.lower_bound(2.0, -1),
    "the nearest valid error is 1e-12": lambda: hankel_rank.fewest(2.0, 1e-13),
    "heads=0: give at least 1": lambda: rank.lower_bound(HEAVY, 0, "power"),
    "at least one memory lag": lambda: least_errors([]),
    "memory lag 0 is below 1": lambda: least_errors([0, 3]),
    "memory lags must differ": lambda: least_errors([3, 3]),
    "nearest valid lag is 999": lambda: least_errors([1000]),
    "nearest valid lag is 4": lambda: least_errors([5], last=4),
    "ends at lag 17": lambda: least_errors([1, 9], last=10),
    "for 2 lags: give one finite number each": (
        lambda: least_errors([3, 7], sizes=[1.0]),
        lambda: least_errors([3, 7], sizes=[1.0, math.inf]),
    ),
    # Recall
    "rates must be positive and distinct": each(
        recall.recall_floor, ([1.0, 1.0], 0), ([], 0)
    ),
    "lag 9 and length 8": lambda: recall.recall_floor([1.0], 9, 8),
    "lag -1 and heads 1 must not be negative": lambda: recall.l2_lower_bound(-1, 1),
    "heads 3 must not be .* above 1": lambda: recall.class_optimum("power", 1, 1, 3),
    "heads -1 must not be": lambda: recall.class_optimum("exponential", 1, 1, -1),
    "heads [03] must be at least 1 and decay [012] above [01]$": each(
        recall.alternating_floor,
        ("power", 1, 3),
        ("exponential", 0, 3),
        ("power", 2, 0),
    ),
    # Weights
    "price [02] must be above 0 and at most 1": each(
        optimum, ("exponential", 1, 0), ("exponential", 1, 2)
    ),
    "must be between -1 and 1": lambda: Certificate(LIN, 0, (0,), (fmpq(2),)),
    "lag 3: list all lags": lambda: Certificate(LIN, 3, (0, 1), (fmpq(0), fmpq(1))),
    "1 numbers for 2 lags": lambda: Certificate(LIN, 0, (0, 1), (fmpq(1),)),
    "must ascend": lambda: Certificate(LIN, 0, (0, 2, 1), (fmpq(1), fmpq(0), fmpq(0))),
    "nearest valid weight is 0": lambda: BY_HAND.floor(-1),
    "price 0 must be above 0$": lambda: BY_HAND.objective(0),
    "at least one lag": lambda: all_rates.supremum(LOG, (), ()),
    "rate 1 must be above 1": lambda: all_rates.upper_at(LOG, (1,), (exact(1),), 1),
}
TYPE_ERROR = {"2.0 not instance of int|numbers, not 2.0": lambda: least_errors([2.0])}
ARITHMETIC_ERROR = {
    "forces only": lambda: prove(ONES, SIGNS, [HALF], {0: HALF, 1: -HALF}),
    "sum to 1": lambda: prove(ONES, SIGNS, [0 * HALF], {0: 2 * HALF, 1: -2 * HALF}),
}
