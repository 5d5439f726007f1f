"""Sums of exponentials or of powers over the lag: the kernels of attention heads.

A block of heads without dot product weighs the token at lag ``s`` by

    k(s) = sum_h weights[h] * exp(-rates[h] * s),      s >= 0     ("exponential")
    k(s) = sum_h weights[h] * s ** (-rates[h]),        s >= 1     ("power")

(Wang & E, Appendix F). Rates and weights are kept as exact rational numbers, so that
a certificate speaks of exactly this kernel and not of one near it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from tapx import enclosures, witness_numbers
from tapx.choices import one_of

FAMILIES = ("exponential", "power")
Number = int | float | Fraction | fmpq


def exact(number: Number) -> fmpq:
    """The rational number that ``number`` stands for, without rounding.

    Raises:
        ValueError: if ``number`` is not finite.
    """
    if isinstance(number, fmpq):
        return number
    try:
        ratio = Fraction(number)
    except (OverflowError, ValueError):
        raise ValueError(f"{number!r} is not a finite number") from None
    return fmpq(ratio.numerator, ratio.denominator)


def first_lag(family: str) -> int:
    """The first lag a family can see: 0 for exponentials, 1 for powers."""
    return 0 if one_of(family, FAMILIES, "family") == "exponential" else 1


@dataclass(frozen=True)
class Delta:
    """The target that recalls one lag: 1 at ``lag`` and 0 at every other lag."""

    lag: int

    def __post_init__(self) -> None:
        if isinstance(self.lag, bool) or not isinstance(self.lag, int | np.integer):
            raise TypeError(f"lag must be a whole number, not {self.lag!r}")
        if self.lag < 0:
            raise ValueError(f"lag {self.lag} is negative; the nearest valid lag is 0")
        object.__setattr__(self, "lag", int(self.lag))


@dataclass(frozen=True)
class Kernel:
    """A sum of exponentials or powers, and the target it was made for.

    Attributes:
        family: "exponential" or "power".
        rates: the decays, one a head, positive and distinct.
        weights: the signed weights, one a head.
        target: what the kernel approximates; ``None`` if it stands for itself.

    Raises:
        ValueError: rates that are not positive, repeated, or as many as the weights.
    """

    family: str
    rates: tuple[fmpq, ...]
    weights: tuple[fmpq, ...]
    target: Delta | Kernel | None = None

    def __post_init__(self) -> None:
        one_of(self.family, FAMILIES, "family")
        if len(self.rates) != len(self.weights):
            raise ValueError(
                f"{len(self.rates)} rates and {len(self.weights)} weights; a head has "
                "one of each"
            )
        for rate in self.rates:
            if rate <= 0:
                raise ValueError(f"rate {float(rate)!r}: rates must be positive")
        if len(set(self.rates)) < len(self.rates):
            raise ValueError("two heads have the same rate; rates must be distinct")
        if isinstance(self.target, Delta) and self.target.lag < first_lag(self.family):
            raise ValueError("a power kernel is 0 at lag 0; the first lag it sees is 1")

    @classmethod
    def of(
        cls,
        family: str,
        rates: Iterable[Number],
        weights: Iterable[Number],
        target: Delta | Kernel | None = None,
    ) -> Kernel:
        """A kernel from any numbers, each taken exactly as it is."""
        return cls(family, tuple(map(exact, rates)), tuple(map(exact, weights)), target)

    @classmethod
    def stored(
        cls, entry: Mapping[str, Any], target: Delta | Kernel | None = None
    ) -> Kernel:
        """The kernel of a stored witness; its claim is for the caller to check."""
        rates, weights = map(Fraction, entry["rates"]), map(Fraction, entry["weights"])
        return cls.of(entry["family"], rates, weights, target)

    def numbers(self) -> dict[str, list[str]]:
        """Rates and weights exactly, as a witness stores them."""
        return {
            "rates": witness_numbers.fractions(self.rates),
            "weights": witness_numbers.fractions(self.weights),
        }

    @property
    def heads(self) -> int:
        """The number of heads, one for each term."""
        return len(self.rates)

    @cached_property
    def float_rates(self) -> np.ndarray:
        """The rates rounded to float64, shape (heads,)."""
        return np.array([_to_float(rate) for rate in self.rates])

    @cached_property
    def float_weights(self) -> np.ndarray:
        """The weights rounded to float64, shape (heads,); inf beyond its range."""
        return np.array([_to_float(weight) for weight in self.weights])

    @property
    def largest_weight(self) -> float:
        """The largest absolute weight."""
        return float(np.abs(self.float_weights).max(initial=0.0))

    def values(self, lags: Iterable[int | np.integer]) -> np.ndarray:
        """The kernel at the given lags as float64, right despite any cancellation."""
        return np.array([enclosures.value(self, int(lag)) for lag in lags])

    @cached_property
    def l1_error(self) -> arb:
        """Enclosure of the l1 distance to the target over all infinite lags."""
        return enclosures.l1_distance(self, self.target)

    @cached_property
    def l2_error(self) -> arb:
        """Enclosure of the l2 distance to the target over all infinite lags."""
        return enclosures.l2_distance(self, self.target)

    def rounded(self, bits: int) -> Kernel:
        """The same kernel with each weight rounded to ``bits`` significant bits."""
        weights = tuple(round_to_bits(weight, bits) for weight in self.weights)
        return Kernel(self.family, self.rates, weights, self.target)


def _to_float(number: fmpq) -> float:
    try:
        return float(Fraction(int(number.p), int(number.q)))
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def round_to_bits(number: fmpq, bits: int) -> fmpq:
    """The nearest binary number with ``bits`` significant bits, any exponent."""
    if number == 0:
        return number
    exponent = number.p.bit_length() - number.q.bit_length() - bits
    if abs(number) >= fmpq(2) ** (exponent + bits):
        exponent += 1
    unit = fmpq(2) ** exponent
    return ((number / unit) + fmpq(1, 2)).floor() * unit


def rational(ball: arb) -> fmpq:
    """The midpoint of a ball, an exact binary number, as a rational."""
    mantissa, exponent = ball.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def projection(
    rates: Sequence[Number], target: Delta | Kernel, family: str, digits: int = 30
) -> Kernel:
    """The least-squares kernel with given rates, in closed form.

    The normal equations need inner products over all infinite lags; these are
    geometric sums for exponentials, zeta values for powers, polylogarithms between.

    Args:
        rates: decays, distinct and positive; above 1/2 for powers.
        target: a delta or another kernel.
        family: "exponential" or "power".
        digits: every weight is right to this many digits after the point.

    Raises:
        ValueError: on no rates, bad rates or a bad family.
        enclosures.PrecisionError: for rates too close to be told apart.
    """
    units = _units(rates, family)

    def equations() -> tuple[arb_mat, arb_mat]:
        gram = arb_mat([[enclosures.inner(a, b) for b in units] for a in units])
        return gram, arb_mat([[enclosures.inner(a, target)] for a in units])

    return Kernel.of(family, rates, _solve(equations, digits), target)


def interpolation(
    rates: Sequence[Number],
    target: Delta | Kernel,
    family: str,
    lags: Sequence[int] | None = None,
    digits: int = 30,
) -> Kernel:
    """The kernel that equals the target at as many lags as there are rates.

    Args:
        rates: decays, distinct and positive.
        target: a delta or another kernel.
        family: "exponential" or "power".
        lags: where to agree; by default the first lags the family can see.
        digits: every weight is right to this many digits after the point.

    Raises:
        ValueError: as many lags as rates are needed, all visible to the family.
        enclosures.PrecisionError: for rates too close to be told apart.
    """
    start = first_lag(family)
    lags = range(start, start + len(rates)) if lags is None else lags
    if len(lags) != len(rates) or min(lags, default=start) < start:
        raise ValueError(
            f"{len(rates)} rates need {len(rates)} lags of at least {start}, "
            f"not {list(lags)}"
        )
    units = _units(rates, family)

    def equations() -> tuple[arb_mat, arb_mat]:
        matrix = arb_mat([[enclosures.ball(u, lag) for u in units] for lag in lags])
        return matrix, arb_mat([[enclosures.ball(target, lag)] for lag in lags])

    return Kernel.of(family, rates, _solve(equations, digits), target)


def _units(rates: Sequence[Number], family: str) -> list[Kernel]:
    """One head of weight 1 for each rate."""
    if not rates:
        raise ValueError("rates is empty; at least one rate is needed")
    return [Kernel.of(family, (rate,), (1,)) for rate in rates]


def _solve(equations: Callable[[], tuple[arb_mat, arb_mat]], digits: int) -> list[fmpq]:
    """Solve at growing precision until all unknowns have ``digits`` digits."""
    bits = 256
    while bits <= enclosures.MAX_BITS:
        with enclosures.precision(bits):
            matrix, right = equations()
            try:
                weights = matrix.solve(right).entries()
            except ZeroDivisionError:
                weights = [arb.nan()]
            if all(weight.rad() < arb(10) ** -digits for weight in weights):
                return [rational(weight) for weight in weights]
        bits *= 2
    raise enclosures.PrecisionError(
        f"{enclosures.MAX_BITS} bits do not separate these rates; spread them further"
    )
