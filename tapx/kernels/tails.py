"""l1 norms of infinite tails ``sum_{s >= start} |f(s)|`` in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import factorial

from flint import arb, arb_mat, ctx, fmpq

from tapx.kernels.family import LOG, Family

Terms = tuple[list[fmpq], list[arb]]
"""Rates in ascending order, and the terms ``weight * decay(rate)`` at one lag."""

TAYLOR = 48  # terms of the local expansions that isolate zeros

# Where a search for the last zero gives up: ``exp`` of it for powers.
FARTHEST = 1 << 56


class TooFar(ArithmeticError):
    """A sum whose sign still changes beyond all lags that are looked at."""


def constant_sign(exponentials: Terms, powers: Terms, start: int) -> arb | None:
    """The tail's l1 norm if its sign is provably constant from ``start``, else None.

    If all partial sums of the terms at ``start``, slowest first, have one sign, then
    so has the tail. Beside powers, exponentials must be smaller at ``start`` and decay
    faster than the slowest power from there on (``rate * start >= power``).
    """
    (fast_rates, fast), (slow_rates, slow) = exponentials, powers
    least = _least_partial_sum(slow if slow else fast)
    if least is None:
        return None
    if slow and fast:
        weight = sum((abs(term) for term in fast), arb(0))
        if not least > weight or fast_rates[0] * start < slow_rates[0]:
            return None
    return abs(_summed(exponentials, powers, start))


def negligible(
    exponentials: Terms, powers: Terms, start: int, limit: arb
) -> arb | None:
    """A ball from 0 to the sum of all absolute terms, if that is below ``limit``."""
    fast, slow = ([abs(x) for x in terms] for _, terms in (exponentials, powers))
    total = _summed((exponentials[0], fast), (powers[0], slow), start)
    return total.union(arb(0)) if total < limit else None


def _summed(exponentials: Terms, powers: Terms, start: int) -> arb:
    """The sum over all lags from ``start``, where the terms have these values."""
    total = arb(0)
    for rate, term in zip(*exponentials, strict=True):
        total += term / (1 - arb(-rate).exp())
    for rate, term in zip(*powers, strict=True):
        total += term * arb(start) ** arb(rate) * LOG.tail(rate, start)
    return total


def _least_partial_sum(terms: list[arb]) -> arb | None:
    """Least absolute partial sum if all have one sure sign (0 if no terms)."""
    least = None
    for running in accumulate(terms):
        if least is None:
            least, positive = abs(running), running > 0
        if not (running > 0 if positive else running < 0):
            return None
        least = abs(running).min(least)
    return arb(0) if least is None else least


def pieces(weights: dict[fmpq, arb], family: Family, start: int) -> arb | None:
    """``sum_{s >= start} |f(s)|`` for a sum whose zeros may lie very far.

    In ``v = s - origin`` (exponentials) or ``v = log(s / origin)`` (powers) the sum is
    ``sum_j A_j exp(-rate_j v)``. Its zeros are isolated by bisection with Taylor
    expansions; between two zeros the sum over s is a difference of closed forms. TooFar
    where the last zero may lie beyond `FARTHEST`; None where the precision is short.
    """
    rates = sorted(weights)
    # The origin is no lag, so that a zero at a lag is not the end of an interval.
    origin = arb(start) - fmpq(1, 2) - fmpq(1, 1 << 40)

    def lag(v: arb) -> arb:
        return origin * v.exp() if family is LOG else origin + v

    def signed_tail(first: arb) -> arb:
        tails = (w * family.tail(rate, first) for rate, w in weights.items())
        return sum(tails, arb(0))

    scale = family.depth_ball(origin)
    sizes = [weights[r] * (-arb(r) * scale).exp() for r in rates]
    f = ExponentialSum(sizes, [arb(r - rates[0]) for r in rates])
    end = 1
    while _least_partial_sum(f.terms(arb(end))) is None:
        end *= 2
        if end > FARTHEST:
            partial = accumulate(f.terms(arb(end)))
            if all(p > 0 or p < 0 for p in partial):
                raise TooFar  # where all signs are sure, more precision is of no use
            return None
    brackets = _isolate(f, arb(0), arb(end), lag)
    if brackets is None:
        return None
    total, left = arb(0), arb(start)
    rest = signed_tail(left)
    for low, high in brackets:
        # Lags may have more digits than the precision: whole numbers, as balls.
        before, after = lag(low).lower().floor(), lag(high).upper().ceil()
        if not before + 1 >= left:
            return None
        beyond = signed_tail(before + 1)
        total += abs(rest - beyond)
        # The few lags whose sign is not known: count them times their largest size.
        unknown = (after - before - 1).max(arb(0))
        if not unknown.is_zero():
            largest = (-arb(rates[0]) * low).exp() * f.around(*_centre(low, high))[1]
            total += (unknown * largest).union(arb(0))
            beyond = signed_tail(after)
        left, rest = before + 1 + unknown, beyond
    return total + abs(rest)


def _centre(low: arb, high: arb) -> tuple[arb, arb]:
    """An exact midpoint, and a radius around it that covers the interval."""
    middle = ((low + high) / 2).mid()
    return middle, (high - middle).max(middle - low)


class ExponentialSum:
    """``f(v) = sum_j sizes[j] exp(-decays[j] v)`` with balls, no decay below 0."""

    def __init__(self, sizes: list[arb], decays: list[arb], order: int = TAYLOR):
        self.sizes, self.decays, self.order = sizes, decays, order
        self.derivatives = arb_mat(
            [[(-d) ** k / factorial(k) for k in range(order)] for d in decays]
        )

    def terms(self, v: arb) -> list[arb]:
        """The terms at ``v``."""
        pairs = zip(self.sizes, self.decays, strict=True)
        return [size * (-decay * v).exp() for size, decay in pairs]

    def sign(self, v: arb) -> int:
        """The sign at ``v``; 0 if the precision does not tell."""
        total = sum(self.terms(v), arb(0))
        return 1 if total > 0 else -1 if total < 0 else 0

    def expansion(self, middle: arb, radius: arb) -> list[arb]:
        """Taylor coefficients at ``middle``; the last is a ball for the remainder."""
        here = self.terms(middle)
        series = (arb_mat([here]) * self.derivatives).entries()
        bound = arb(0)
        for size, decay in zip(here, self.decays, strict=True):
            bound += abs(size) * (decay * radius).exp() * decay**self.order
        return [*series, bound.union(-bound) / factorial(self.order)]

    def around(self, middle: arb, radius: arb) -> tuple[arb, arb]:
        """The value at ``middle``, and a bound of the size within the radius."""
        series = self.expansion(middle, radius)
        sizes = (abs(c) * radius**k for k, c in enumerate(series))
        return series[0], sum(sizes, arb(0))


def _isolate(
    f: ExponentialSum, low: arb, high: arb, lag: Callable[[arb], arb]
) -> list[tuple[arb, arb]] | None:
    """Brackets, in order, of all zeros in [low, high]; None if precision is short."""
    brackets: list[tuple[arb, arb]] = []
    stack = [(low, high)]
    depth = max(96, ctx.prec // 3)  # below, a double zero drowns in the precision
    while stack:
        if len(stack) > 2 * depth + 8:
            return None
        low, high = stack.pop()
        middle, radius = _centre(low, high)
        value, slope, *higher = f.expansion(middle, radius)
        rest = sum((abs(c) * radius**k for k, c in enumerate(higher, 2)), arb(0))
        if abs(value) > abs(slope) * radius + rest:
            continue
        bend = sum(
            (k * abs(c) * radius ** (k - 1) for k, c in enumerate(higher, 2)), arb(0)
        )
        if abs(slope) > bend:
            narrow = _narrow(f, low, high, lag)
            if narrow is None:
                return None
            brackets.extend(narrow)
        elif radius < arb(2) ** -depth:
            brackets.append((low, high))  # a double zero, or two as good as one
        else:
            stack += [(middle, high), (low, middle)]
    return brackets


def _narrow(
    f: ExponentialSum, low: arb, high: arb, lag: Callable[[arb], arb]
) -> list[tuple[arb, arb]] | None:
    """Shrink a bracket on which the sum is monotone; empty if it has no zero."""
    first, last = f.sign(low), f.sign(high)
    if first == 0 or last == 0:
        return None
    if first == last:
        return []
    # If many lags lie in a bracket, the sum over them falls with the square of its
    # width. If one does, at which the sum is 0, it falls with the width: go on there.
    for step in range(ctx.prec):
        if step >= 64 and lag(low).ceil() > lag(high).floor():
            break
        middle = ((low + high) / 2).mid()
        here = f.sign(middle)
        if here == 0:
            break
        low, high = (middle, high) if here == first else (low, middle)
    return [(low, high)]
