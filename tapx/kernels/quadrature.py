"""Powers of the lag as sums of exponentials, by the trapezoidal rule.

For every power ``b > 0`` and every lag ``s > 0``

    ``s^-b = 1/Gamma(b)  integral of exp(b x - s e^x) dx over all real x``,

and the trapezoidal rule with step h turns the integral into exponentials with rates
``e^(k h)`` and positive weights ``h e^(b k h) / Gamma(b)`` (Beylkin and Monzon 2005,
2010). By Poisson's summation formula the full sum errs, at every lag alike, by at most
``2 sum_{n>=1} |Gamma(b + 2 pi i n / h)| / Gamma(b)`` times ``s^-b``. What is left out
on either side, slow rates and fast ones, has closed bounds. So the l1 distance over all
lags ``s >= 1`` is bounded before any kernel is evaluated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from flint import acb, arb

from tapx.kernels import balls
from tapx.kernels.balls import Number, exact
from tapx.kernels.family import LIN, refuse_unsummable
from tapx.kernels.kernel import Kernel

BITS = 160  # working precision of the bounds


@dataclass(frozen=True)
class Trapezoid:
    """The rule with nodes ``k * step``, k from ``first`` to ``last``.

    Attributes:
        power: b, above 1, so that the l1 norm over all lags is finite.
        step: h, above 0 and at most 3.
        first, last: indices of the slowest and the fastest exponential kept.

    ValueError outside of these ranges.
    """

    power: Number
    step: float
    first: int
    last: int

    def __post_init__(self) -> None:
        refuse_unsummable(self.power)
        if not 0 < self.step <= 3:
            raise ValueError(f"step {self.step:g}: allowed are steps above 0 up to 3")
        if self.last <= self.first:
            raise ValueError(f"last {self.last} must be above first {self.first}")

    @property
    def heads(self) -> int:
        """The number of exponentials."""
        return self.last - self.first + 1

    @cached_property
    def kernel(self) -> Kernel:
        """The sum of exponentials in float64, with the power as its target."""
        shape = float(self.power)
        nodes = [k * self.step for k in range(self.first, self.last + 1)]
        rates = [math.exp(x) for x in nodes]
        scale = self.step / math.gamma(shape)
        weights = [scale * math.exp(shape * x) for x in nodes]
        target = Kernel.of("power", (self.power,), (1,))
        return Kernel.of("exponential", rates, weights, target)

    @cached_property
    def l1_bound(self) -> float:
        """A proved bound of the kernel's l1 distance to the power, lags ``s >= 1``."""
        with balls.precision(BITS):
            shape, step = arb(exact(self.power)), arb(self.step)
            total = discretisation_error(self.power, self.step) * shape.zeta()
            # Below the first node 1 / (e^r - 1) < 1 / r, and the sum is geometric.
            rate, weight = self._term(self.first - 1)
            total += weight / rate / (1 - (-(shape - 1) * step).exp())
            return balls.upper(total + self._fast(shape, step) + self._rounding())

    def _term(self, k: int) -> tuple[arb, arb]:
        """Rate and weight of node k, as balls."""
        shape, x = arb(exact(self.power)), arb(self.step) * k
        return x.exp(), arb(self.step) * (shape * x).exp() / shape.gamma()

    def _fast(self, shape: arb, step: arb) -> arb:
        """Sum over s and over ``k > last``: a few terms, then a geometric bound."""
        total = arb(0)
        for k in count(self.last + 1):
            rate, weight = self._term(k)
            sure = weight * LIN.tail(rate, 1)
            # Bounds the ratio of the next term to this one, and falls with k.
            ratio = (shape * step - (step.exp() - 1) * rate).exp()
            if ratio < arb("0.5"):
                break
            total += sure
        return total + sure / (1 - ratio)

    def _rounding(self) -> arb:
        """What float64 rates and weights change, in the l1 norm over ``s >= 1``."""
        total = arb(0)
        pairs = zip(self.kernel.rates, self.kernel.weights, strict=True)
        for k, (rate, weight) in enumerate(pairs, self.first):
            ideal, size = self._term(k)
            sums = [1 / (arb(ideal).exp() - 1), 1 / (arb(rate).exp() - 1)]
            total += abs(size) * abs(sums[0] - sums[1])
            total += abs(size - arb(weight)) * sums[1]
        return total


def discretisation_error(power: Number, step: float) -> arb:
    """Bound of the relative error of the full rule, the same at every lag.

    ``2 sum_{n >= 1} |Gamma(b + 2 pi i n / h)| / Gamma(b)``, for b of at least 1. Then
    the ratio of a term to the one before falls with n: minus the derivative of
    ``log |Gamma(b + iy)|`` in y is ``Im psi(b + iy)``, the sine transform of
    ``e^(-bt) / (1 - e^-t)``, and it grows with y, since ``t e^(-bt) / (1 - e^-t)`` is
    convex and falling and has a positive cosine transform (Polya).
    """
    shape = arb(exact(power))
    total, size = arb(0), arb(0)
    for n in count(1):
        before, size = size, abs(acb(shape, 2 * arb.pi() * n / arb(step)).gamma())
        total += size
        if n >= 4 and size < before / 2:
            break
    ratio = size / before
    return 2 * (total + size * ratio / (1 - ratio)) / shape.gamma()


def rule(power: Number, error: float) -> Trapezoid:
    """The rule with fewest exponentials whose `l1_bound` is at most ``error``.

    ValueError for a power not above 1, or an error outside 1e-12 to 1/2.
    """
    if not 1e-12 <= error <= 0.5:
        raise ValueError(f"error {error:g}: allowed are errors from 1e-12 to 0.5")
    refuse_unsummable(power)
    best: Trapezoid | None = None
    with balls.precision(BITS):
        zeta = float(arb(exact(power)).zeta())
        for step in (2.5 * 0.985**n for n in range(240)):
            spent = zeta * float(discretisation_error(power, step))
            if spent > 0.95 * error:
                continue
            found = _shortest(power, step, error, error - spent)
            if best is None or found.heads < best.heads:
                best = found
            elif found.heads > best.heads + 3:
                break
    assert best is not None
    return best


def _shortest(power: Number, step: float, error: float, left: float) -> Trapezoid:
    """Cut both ends of the rule as far as the error allows."""
    # The slow end may cost most of what is left: solve its geometric sum for the index.
    shape = float(power)
    scale = step / math.gamma(shape) / -math.expm1(-(shape - 1) * step)
    first = math.floor(math.log(0.9 * left / scale) / ((shape - 1) * step)) + 1
    last = max(first + 1, math.ceil(math.log(-math.log(error) + 1) / step) - 2)

    def enough(first: int, last: int) -> bool:
        return last > first and Trapezoid(power, step, first, last).l1_bound <= error

    while not enough(first, last):
        last += 1
        if last > first + 2000:
            raise ArithmeticError("the rule does not reach the error")
    while enough(first, last - 1):
        last -= 1
    while enough(first + 1, last):
        first += 1
    return Trapezoid(power, step, first, last)
