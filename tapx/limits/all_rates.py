"""How strongly numbers on the lags pair with a head, over heads of every rate.

For powers (rates b above 1) numbers ``y_s`` stand at single lags, and the pairing is
``D(b) / zeta(b)`` with ``D(b) = sum_s y_s exp(-b log s)``. For exponentials a number
stands for all lags from its own up to the next listed one, the last up to twice its
lag. A head's softmax sums to ``e^{-b s} - e^{-b t}`` over the lags from s up to before
t, so the pairing is ``D(b) = sum_s d_s e^{-b s}``, with d the steps of y. Its supremum
over all rates is enclosed by bisection: on each interval D is bounded by its Taylor
polynomial with remainder, and zeta, which falls, by its value at the right end. An
interval is halved until its bound is not much above a value that is attained.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from flint import arb, fmpq

from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import LIN, Family
from tapx.kernels.tails import ExponentialSum

SLACK = 1e-2  # the bound is above the true supremum by at most about this share
TERMS = 32  # terms of the Taylor polynomials
BITS = 320  # working precision: numbers of size 1 cancel to 2^-60 and less

MOST_INTERVALS = 20_000


def upper_at(
    family: Family, lags: Sequence[int], numbers: Sequence[fmpq], rate: Number
) -> float:
    """Bound of the size of the pairing with the head of one rate.

    ValueError for one that is not positive, or not above 1 for powers.
    """
    start = family.first_lag
    if not exact(rate) > start:
        raise ValueError(f"rate {float(exact(rate)):g} must be above {start}")
    with balls.precision(BITS):
        ball = arb(exact(rate))
        value = sum(_pairing(family, lags, numbers).terms(ball), arb(0))
        return balls.upper(abs(value) / _mass(family, ball))


def supremum(family: Family, lags: Sequence[int], numbers: Sequence[fmpq]) -> float:
    """Proven bound of the pairing's size over all rates: above 0, or 1 for powers.

    The numbers y are one for each lag, in ascending order. ValueError for none,
    PrecisionError if too many intervals would be needed.
    """
    if not numbers:
        raise ValueError("numbers is empty; at least one lag is needed")
    start = family.first_lag
    with balls.precision(BITS):
        pairing = _pairing(family, lags, numbers)
        # Beyond the last rate little but the first lag is left: S is at least 1.
        beyond = sum((abs(term) for term in pairing.terms(arb(256))), arb(0))
        bound = best = beyond
        edges = [arb(start)] + [start + arb(2) ** k for k in range(-24, 9)]
        stack = list(pairwise(edges))
        for _ in range(MOST_INTERVALS):
            if not stack:
                return balls.upper(bound)
            low, high = stack.pop()
            middle, radius = ((low + high) / 2).mid(), ((high - low) / 2).mid()
            here, most = pairing.around(middle, radius)
            best = best.max(abs(here) / _mass(family, middle))
            most = most / _mass(family, high)
            if most <= best * (1 + SLACK):
                bound = bound.max(most)
            else:
                stack += [(low, middle), (middle, high)]
    raise balls.PrecisionError(
        f"more than {MOST_INTERVALS} intervals; are the numbers those of an optimum?"
    )


def _pairing(
    family: Family, lags: Sequence[int], numbers: Sequence[fmpq]
) -> ExponentialSum:
    """D, as a function of the rate."""
    if family is LIN:
        lags = [*lags, 2 * lags[-1]]
        numbers = [b - a for a, b in pairwise([fmpq(0), *numbers, fmpq(0)])]
    places = [family.depth_ball(lag) for lag in lags]
    return ExponentialSum([arb(y) for y in numbers], places, TERMS)


def _mass(family: Family, rate: arb) -> arb:
    """What D is divided by."""
    return arb(1) if family is LIN else family.tail(rate)
