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
from math import factorial

from flint import arb, arb_mat, fmpq

from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import LIN, Family

SLACK = 1e-2
"""The bound is above the true supremum by at most about this share."""

TERMS = 32
"""Terms of the Taylor polynomials."""

BITS = 320
"""Working precision: numbers of size 1 cancel to 2^-60 and less."""

MOST_INTERVALS = 20_000


def upper_at(
    family: Family, lags: Sequence[int], numbers: Sequence[fmpq], rate: Number
) -> float:
    """Bound of the size of the pairing with the head of one rate.

    Raises:
        ValueError: a rate that is not positive, or not above 1 for powers.
    """
    start = family.first_lag
    if not exact(rate) > start:
        raise ValueError(f"rate {float(exact(rate)):g} must be above {start}")
    with balls.precision(BITS):
        sums = _Sum(family, lags, numbers)
        ball = arb(exact(rate))
        return balls.upper(abs(sums.value(ball)) / sums.mass(ball))


def supremum(family: Family, lags: Sequence[int], numbers: Sequence[fmpq]) -> float:
    """Proven bound of the pairing's size over all rates: above 0, or 1 for powers.

    Args:
        family: "exponential" or "power".
        lags: the lags that the numbers stand at, ascending.
        numbers: y, one for each lag.

    Raises:
        ValueError: no numbers, or an unknown family.
        PrecisionError: if too many intervals would be needed.
    """
    start = family.first_lag
    if not numbers:
        raise ValueError("numbers is empty; at least one lag is needed")
    with balls.precision(BITS):
        sums = _Sum(family, lags, numbers)
        # Beyond the last rate little but the first lag is left: S is at least 1.
        last, beyond = arb(256), arb(0)
        for number, x in zip(sums.numbers, sums.places, strict=True):
            beyond += abs(number) * (-last * x).exp()
        bound = best = beyond
        edges = [arb(start)] + [start + arb(2) ** k for k in range(-24, 9)]
        stack = list(pairwise(edges))
        for _ in range(MOST_INTERVALS):
            if not stack:
                return balls.upper(bound)
            low, high = stack.pop()
            middle, radius = ((low + high) / 2).mid(), ((high - low) / 2).mid()
            here, most = sums.around(middle, radius)
            best = best.max(abs(here) / sums.mass(middle))
            most = most / sums.mass(high)
            if most <= best * (1 + SLACK):
                bound = bound.max(most)
            else:
                stack += [(low, middle), (middle, high)]
    raise balls.PrecisionError(
        f"more than {MOST_INTERVALS} intervals; are the numbers those of an optimum?"
    )


class _Sum:
    """``D(b) = sum_s y_s exp(-b x_s)`` with balls."""

    def __init__(self, family: Family, lags: Sequence[int], numbers: Sequence[fmpq]):
        self.family = family
        self.lags = lags
        if family is LIN:
            before, after = [fmpq(0), *numbers], [*numbers, fmpq(0)]
            self.lags = [*lags, 2 * lags[-1]]
            self.numbers = [arb(b - a) for a, b in zip(before, after, strict=True)]
            self.places = [arb(s) for s in self.lags]
        else:
            self.numbers = [arb(y) for y in numbers]
            self.places = [arb(s).log() for s in lags]
        self.derivatives = arb_mat(
            [[(-x) ** k / factorial(k) for k in range(TERMS)] for x in self.places]
        )

    def mass(self, rate: arb) -> arb:
        """S(b)."""
        if self.family is LIN:
            return arb(1)
        return self.family.tail(rate)

    def terms(self, rate: arb) -> list[arb]:
        """The summands at one rate."""
        if self.family is LIN:
            factor = (-rate).exp()
            pairs = zip(self.numbers, self.lags, strict=True)
            return [y * factor**s for y, s in pairs]
        places = zip(self.numbers, self.places, strict=True)
        return [y * (-rate * x).exp() for y, x in places]

    def value(self, rate: arb) -> arb:
        """D at one rate."""
        return sum(self.terms(rate), arb(0))

    def around(self, middle: arb, radius: arb) -> tuple[arb, arb]:
        """D in the middle, and a bound of its size within the radius."""
        terms = self.terms(middle)
        series = (arb_mat([terms]) * self.derivatives).entries()
        most, power = abs(series[0]), arb(1)
        for coefficient in series[1:]:
            power *= radius
            most += abs(coefficient) * power
        power *= radius
        for term, x in zip(terms, self.places, strict=True):
            size = abs(term) * (radius * x).exp() * x**TERMS
            most += size * power / factorial(TERMS)
        return series[0], most
