"""The least l1 error of a kernel whose weights are bounded, between certified ends.

A head hands on ``v p(s)``: p is its softmax, a probability over the lags that falls
with its rate, and v the value that it stores. A kernel is ``sum_h v_h p_h(s)``, and its
*weight* is ``B = sum_h |v_h|``. What does a bound on B cost? For a price on weight,

    minimise  ||delta_T - sum_h v_h p_h||_1 + price * sum_h |v_h|

is a linear programme in the values, and it stays one if the heads may have any of a
hundred rates: those that are not worth their price get the value 0. Its dual asks for
numbers y, one a lag, of size at most 1, that pair with every head to at most the price,
and for the largest ``y_T``. Such numbers prove that no kernel of weight B, from these
heads, comes nearer than ``y_T - price * B`` to the delta.

Double precision does not solve this (:mod:`tapx.limits.simplex` follows the vertices in
long floating-point numbers). Nothing rests on its being right: kernel and numbers are
checked in balls, the kernel over all lags, the numbers over all heads, or over all
rates there are (:mod:`tapx.limits.all_rates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb, fmpq

from tapx import witness_numbers, witnesses
from tapx.kernels import balls
from tapx.kernels.balls import Number, exact, round_to_bits, to_float
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.limits import all_rates
from tapx.limits.simplex import Programme
from tapx.witnesses import Entry, Question

# The slowest rates of kernels over all rates: their far tails are safe to sample.
SLOWEST = {LIN: 0.25, LOG: 3.0}


@lru_cache(maxsize=8)
def candidates(family: str | Family) -> tuple[float, ...]:
    """Rates so dense that heads with other rates hardly help.

    Those that kernels are made of, from `SLOWEST` to 96, are rounded to 8 significant
    bits: even bfloat16 stores them exactly. Slower ones only help to prove.
    """
    family = Family.of(family)
    least, shift = SLOWEST[family], float(family.first_lag)
    raw = 2.0 ** np.arange(np.log2(least), np.log2(96), 1 / 32)
    unit = 2.0 ** (np.floor(np.log2(raw)) - 7)
    slow = shift + 2.0 ** np.arange(-16, np.log2(least - shift), 1 / 8)
    return (*slow.tolist(), *np.unique(np.round(raw / unit) * unit).tolist())


@dataclass(frozen=True)
class Certificate:
    """Numbers that prove a floor under the error of every kernel of bounded weight.

    Attributes:
        family: `LIN` or `LOG`.
        lag: T, the lag to recall.
        lags: where the numbers stand (see :mod:`tapx.limits.all_rates`), ascending, the
            first ones up to T without a gap.
        numbers: y, exact, one for each listed lag; sizes at most 1.
    """

    family: Family
    lag: int
    lags: tuple[int, ...]
    numbers: tuple[fmpq, ...]

    def __post_init__(self) -> None:
        start = self.family.first_lag
        if len(self.lags) != len(self.numbers):
            raise ValueError(
                f"{len(self.numbers)} numbers for {len(self.lags)} lags; each needs one"
            )
        if any(abs(y) > 1 for y in self.numbers):
            raise ValueError("a certificate's numbers must be between -1 and 1")
        if self.lags[: self.lag + 1 - start] != tuple(range(start, self.lag + 1)):
            raise ValueError(f"lag {self.lag}: list all lags from {start} up to it")
        if any(a >= b for a, b in pairwise(self.lags)):
            raise ValueError(f"lags {list(self.lags)} must ascend")

    @cached_property
    def over_all_rates(self) -> float:
        """Proven bound of ``|sum_s y_s p(s)|`` over heads of every rate there is."""
        return all_rates.supremum(self.family, self.lags, self.numbers)

    def over(self, rates: Sequence[Number]) -> float:
        """The same bound over heads with these rates only."""
        return max(
            all_rates.upper_at(self.family, self.lags, self.numbers, r) for r in rates
        )

    def _ends(self, rates: Sequence[Number] | None) -> tuple[arb, arb]:
        """``y_T``, and the bound of the pairing over these rates, or all if None."""
        most = self.over_all_rates if rates is None else self.over(rates)
        return arb(self.numbers[self.lag - self.family.first_lag]), arb(most)

    def floor(self, weight: float, rates: Sequence[Number] | None = None) -> float:
        """No kernel of this weight errs by less: ``y_T - weight * pairing``.

        Args:
            weight: bound B of the sum of sizes of the values, at least 0.
            rates: the heads' rates; None for any number of heads with any rates.
        """
        if not weight >= 0:
            raise ValueError(f"weight {weight!r}: the nearest valid weight is 0")
        with balls.precision(128):
            top, most = self._ends(rates)
            return balls.lower(top - most * arb(weight))

    def objective(self, price: Number, rates: Sequence[Number] | None = None) -> float:
        """No kernel has a smaller ``error + price * weight``, for a price above 0.

        The numbers, shrunk until they pair with every head, of these rates or of all,
        to the price at most.
        """
        if not exact(price) > 0:
            raise ValueError(f"price {float(exact(price)):g} must be above 0")
        with balls.precision(128):
            top, most = self._ends(rates)
            return balls.lower(top * (arb(exact(price)) / most).min(arb(1)))


@dataclass(frozen=True)
class Optimum:
    """The solution at one price: a kernel, and what proves that it is nearly best.

    The kernel could choose from heads of these rates, and has those whose value is not
    0; its target is the delta.
    """

    kernel: Kernel
    certificate: Certificate
    price: fmpq
    rates: tuple[Number, ...]

    @cached_property
    def weight(self) -> float:
        """Sum of the sizes of the values, rounded up."""
        return weight(self.kernel)

    @cached_property
    def error(self) -> float:
        """Certified l1 error of the kernel over all lags, rounded up."""
        return balls.upper(self.kernel.l1_error)


def weight(kernel: Kernel) -> float:
    """``B = sum_h |v_h|``: the values that heads with a softmax store, rounded up."""
    with balls.precision(128):
        pairs = zip(kernel.rates, kernel.weights, strict=True)
        values = (abs(arb(w)) * kernel.family.tail(rate) for rate, w in pairs)
        return balls.upper(sum(values, arb(0)))


def optimum(
    family: str | Family,
    lag: int,
    price: Number,
    rates: Sequence[Number] | None = None,
) -> Optimum:
    """The best kernel from given heads at a price on weight, with its certificate.

    Args:
        family: "exponential" or "power".
        lag: T, at least 0 (exponential) or 1 (power).
        price: of a unit of weight, above 0 and at most 1. A price of ``2^-b`` makes
            the objective the error that is guaranteed whatever the rounding of values
            of b significant bits.
        rates: the rates that heads may have; None for `candidates`, so many that the
            certificate is nearly as good over all rates.

    Raises:
        ValueError: on values outside these ranges. ArithmeticError: no vertex found.

    Example:
        >>> found = tapx.weight_floor("lin", 2, 2**-8)
        >>> tapx.outward(found.weight, 4), tapx.outward(found.error, 3)
        ('116.2', '0.488')
        >>> tapx.outward(found.certificate.floor(found.weight), 3, up=False)
        '0.472'
    """
    family = Family.of(family)
    family.refuse_unseen(Delta(lag).lag)
    price = exact(price)
    if not 0 < price <= 1:
        raise ValueError(f"price {float(price):g} must be above 0 and at most 1")
    given = None if rates is None else tuple(sorted(rates, key=exact))
    return _optimum(family, lag, price, given)


@lru_cache(maxsize=256)
def _optimum(
    family: Family, lag: int, price: fmpq, given: tuple[Number, ...] | None
) -> Optimum:
    every = candidates(family)
    safe = tuple(r for r in every if r >= SLOWEST[family])
    rates, made_of = (every, safe) if given is None else (given, given)

    def read(entry: Entry) -> Optimum:
        kernel = Kernel.stored(entry, Delta(lag))
        numbers = tuple(exact(Fraction(x)) for x in entry["numbers"])
        proof = Certificate(family, lag, tuple(entry["lags"]), numbers)
        found = Optimum(kernel, proof, price, rates)
        balls.check_at_most(_objective(found), entry, "error + price * weight")
        holds = Fraction(_proved(found)) >= Fraction(entry["floor"])
        witnesses.check(holds, entry, f"the floor {entry['floor']} beside")
        return found

    def write(found: Optimum) -> dict[str, Any]:
        return {
            **found.kernel.numbers(),
            "lags": list(found.certificate.lags),
            "numbers": witness_numbers.fractions(found.certificate.numbers),
            "floor": witness_numbers.decimal(_proved(found), up=False),
            "claim": balls.upper_decimal(_objective(found)),
        }

    size: dict[str, Any] = {"price": witness_numbers.fraction(price)}
    if rates != every:
        size["rates"] = witness_numbers.rounded(to_float(exact(rate)) for rate in rates)
    question = Question(
        group="weights",
        name=f"{family}-lag{lag}",
        kind="weights-l1",
        family=family.word,
        target={"delta": lag},
        size=size,
        statement="The l1 distance of this kernel to the delta, over all lags, plus "
        "the price times the sum of |weight| times the head's sum over all lags, is at "
        "most the claim; the numbers prove that it is at least the floor for every "
        "kernel of such heads.",
    )
    return witnesses.answer(
        question, read, lambda: _search(family, lag, price, rates, made_of), write
    )


def _objective(found: Optimum) -> arb:
    """Error and priced weight of the kernel, enclosed."""
    with balls.precision(256):
        return found.kernel.l1_error + arb(found.price) * arb(found.weight)


def _proved(found: Optimum) -> float:
    """What the certificate proves of the objective, for the heads allowed."""
    every = found.rates == candidates(found.kernel.family)
    return found.certificate.objective(found.price, None if every else found.rates)


def _search(
    family: Family,
    lag: int,
    price: fmpq,
    rates: tuple[Number, ...],
    made_of: tuple[Number, ...],
) -> Optimum:
    digits = 1 - int(np.floor(np.log2(float(price))))
    with balls.precision(192 + 4 * digits + (rates_bits(made_of) * min(lag, 8))):
        problem = Programme(family, lag, price, made_of)
        problem.solve()
        weights = problem.weights()
        if family is LOG or made_of != rates:
            problem = Programme(family, lag, price, rates, counted=False)
            problem.solve()
    # Digits far beyond the price's own would add nothing.
    bits = digits + 64
    unit = fmpq(1, 2**bits)
    numbers = tuple((y / unit).floor() * unit for y in problem.numbers())
    pairs = zip(made_of, weights, strict=True)
    kept = [(rate, round_to_bits(w, bits)) for rate, w in pairs if w != 0]
    kernel = Kernel.of(family, [r for r, _ in kept], [w for _, w in kept], Delta(lag))
    proof = Certificate(family, lag, problem.lags, numbers)
    return Optimum(kernel, proof, price, rates)


def rates_bits(rates: Sequence[Number]) -> int:
    """Digits a lag that heads with neighbouring rates may cost."""
    gaps = np.diff(np.sort([float(Fraction(str(float(r)))) for r in rates]))
    least = gaps.min(initial=1.0)
    return int(max(0.0, -np.log2(min(1.0, least)))) + 4
