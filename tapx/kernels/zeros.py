"""How far a sum of exponentials is from a power, exactly, by counting zeros.

``e(s) = s^-b - sum_k w_k exp(-r_k s)`` is the Laplace transform of a signed measure: a
positive density with one atom at each rate. By Descartes' rule of signs for Laplace
transforms e has at most as many zeros in ``s > 0`` as the measure has changes of sign:
two for each positive weight, none for a negative one. (Multiply e by ``exp(r_k s)`` and
differentiate: that costs one zero, by Rolle, and one change of sign.)

So where as many changes of sign of e are seen as there can be, all its zeros are known.
Where fewer are seen, the intervals between lags are searched: on each, e or its
derivative keeps its sign, or it is halved. Between two zeros a sum over
the lags is a difference of Hurwitz zeta values and of geometric sums, and the l1 norm
over all lags follows in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from flint import arb

from tapx.kernels import balls
from tapx.kernels.balls import PrecisionError
from tapx.kernels.family import LIN, LOG
from tapx.kernels.kernel import Kernel

# Points tried in each factor e of s before intervals are searched.
SAMPLES = (12, 32)
ORDER = 24  # of the derivatives that bound the deviation on an interval
BITS = 192  # working precision


@dataclass(frozen=True)
class Deviation:
    """Power minus sum of exponentials, with all its changes of sign over the lags.

    Attributes:
        power: b, above 1, as a ball.
        rates, weights: of the exponentials, as balls.
        last_before: for each change of sign in turn, the largest whole number before
            it. (Two between neighbouring lags may be left out: no lag sees them.)
    """

    power: arb
    rates: list[arb]
    weights: list[arb]
    last_before: list[int]

    def at(self, lag: arb | int) -> arb:
        """The deviation at a lag, positive and not necessarily whole."""
        total = LOG.decay(self.power, lag)
        for rate, weight in zip(self.rates, self.weights, strict=True):
            total -= weight * LIN.decay(rate, lag)
        return total

    def taylor(self, lag: arb, terms: int) -> list[arb]:
        """The first derivatives at a lag, the n-th one over n factorial."""
        found = [LOG.decay(self.power, lag)]
        for n in range(1, terms):
            found.append(found[-1] * -(self.power + n - 1) / (n * lag))
        for rate, weight in zip(self.rates, self.weights, strict=True):
            term = weight * LIN.decay(rate, lag)
            for n in range(terms):
                found[n] -= term
                term *= -rate / (n + 1)
        return found

    def tail(self, start: int) -> arb:
        """The sum over all lags from ``start`` on, signs included."""
        total = LOG.tail(self.power, start)
        for rate, weight in zip(self.rates, self.weights, strict=True):
            total -= weight * LIN.tail(rate, start)
        return total

    def stretches(self) -> list[tuple[int, int | None]]:
        """Lags ``first <= s < stop`` of one sign, in order; the last has no stop."""
        edges = [1, *(n + 1 for n in self.last_before if n >= 1), None]
        pairs = pairwise(edges)
        return [(a, b) for a, b in pairs if a is not None and (b is None or b > a)]


def is_power(kernel: Kernel) -> bool:
    """Whether a kernel is one power of weight 1 whose sum over all lags is finite."""
    one = kernel.family is LOG and kernel.heads == 1
    return one and kernel.weights[0] == 1 and kernel.rates[0] > 1


def deviation(kernel: Kernel) -> Deviation:
    """The deviation of a sum of exponentials from the power that is its target.

    ValueError for another family, or a target that is not `is_power`; PrecisionError
    where at some lag the deviation is too near 0 for its sign to show.
    """
    goal = kernel.target
    if not (kernel.family is LIN and isinstance(goal, Kernel) and is_power(goal)):
        raise ValueError(
            "needs a sum of exponentials whose target is one power s^-b with b > 1 "
            "and weight 1"
        )
    most = 2 * sum(weight > 0 for weight in kernel.weights)
    rates = sorted(kernel.float_rates)
    with balls.precision(BITS):
        balls_ = [*map(arb, kernel.rates)], [*map(arb, kernel.weights)]
        e = Deviation(arb(goal.rates[0]), *balls_, [])
        low, high = (arb(0.02) / rates[-1]).log(), (arb(60) / rates[0]).log()
        for samples in SAMPLES:
            count = int(float((high - low).mid()) * samples) + 2
            brackets = _changes(e, low, (high - low) / count, count)
            if len(brackets) == most:
                return replace(e, last_before=[_last_before(e, *b) for b in brackets])
        return replace(e, last_before=_searched(e))


def l1_distance(kernel: Kernel) -> arb:
    """Enclosure of the l1 distance to the target power over all lags ``s >= 1``.

    Errors as `deviation`.
    """
    e = deviation(kernel)
    with balls.precision(BITS):
        total = arb(0)
        for first, stop in e.stretches():
            beyond = arb(0) if stop is None else e.tail(stop)
            total += abs(e.tail(first) - beyond)
        return total


def _changes(e: Deviation, start: arb, step: arb, count: int) -> list[tuple[arb, arb]]:
    """Neighbouring points ``exp(start + n step)`` with certainly different signs."""
    points = ((start + n * step).exp().mid() for n in range(count + 1))
    values = ((point, e.at(point)) for point in points)
    sure = [(point, value > 0) for point, value in values if value > 0 or value < 0]
    return [(a, b) for (a, one), (b, other) in pairwise(sure) if one != other]


def _searched(e: Deviation) -> list[int]:
    """Where the sign changes from one lag to the next, by halving intervals of lags."""
    found: list[int] = []
    stack = [(1, _settled_from(e))]
    while stack:
        low, high = stack.pop()
        if high - low > 1 and not _one_sign(e, low, high):
            middle = (low + high) // 2
            stack += [(middle, high), (low, middle)]
        elif _sign(e, low) != _sign(e, high):
            found.append(_last_before(e, arb(low), arb(high)))
    return found


def _settled_from(e: Deviation) -> int:
    """A lag from which on the deviation is positive: the power is the larger part."""
    slowest = min(e.rates, default=arb(1))
    # From here on the power is slower.
    lag = max(1, int(float((e.power / slowest).upper())) + 1)
    while True:
        lag *= 2
        pairs = zip(e.rates, e.weights, strict=True)
        sizes = sum((abs(w) * LIN.decay(r, lag) for r, w in pairs), arb(0))
        if LOG.decay(e.power, lag) > sizes:
            return lag


def _one_sign(e: Deviation, low: int, high: int) -> bool:
    """Whether the deviation surely changes its sign at most once on an interval.

    By Taylor's formula around the middle, whose remainder holds everywhere on it.
    """
    middle, radius = arb(low + high) / 2, arb(high - low) / 2
    taylor = [*e.taylor(middle, ORDER), e.taylor(arb(middle, radius), ORDER + 1)[-1]]
    offset, value, slope = arb(0, radius), arb(0), arb(0)
    for coefficient in reversed(taylor):
        slope = slope * offset + value
        value = value * offset + coefficient
    return any(x > 0 or x < 0 for x in (value, slope))


def _sign(e: Deviation, lag: int) -> bool:
    """Whether the deviation at a lag is positive; PrecisionError if too near 0."""
    value = e.at(lag)
    if not (value > 0 or value < 0):
        raise PrecisionError(
            f"the deviation at lag {lag} is below {float(abs(value).upper()):.0e}: its "
            f"sign does not show with {BITS} bits, and the distance is not certified"
        )
    return bool(value > 0)


def _last_before(e: Deviation, low: arb, high: arb) -> int:
    """The largest whole number below the only zero between two points."""
    before = low.floor().unique_fmpz()
    after = high.ceil().unique_fmpz()
    assert before is not None and after is not None
    below, above = int(before), int(after)
    sign = e.at(low) > 0
    while above - below > 1:
        middle = (below + above) // 2
        same = _sign(e, middle) == sign
        below, above = (middle, above) if same else (below, middle)
    return below
