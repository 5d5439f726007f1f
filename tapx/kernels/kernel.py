"""Sums of exponentials or of powers over the lag: the kernels of attention heads.

A block of heads without dot product weighs the token at lag ``s`` by

    k(s) = sum_h weights[h] * exp(-rates[h] * s),      s >= 0     ("exponential")
    k(s) = sum_h weights[h] * s ** (-rates[h]),        s >= 1     ("power")

(Wang & E, Appendix F). Rates and weights are kept as exact rational numbers, so that
a certificate speaks of exactly this kernel and not of one near it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, fmpq

from tapx import witness_numbers
from tapx.kernels import distances
from tapx.kernels.balls import Number, exact, round_to_bits, to_float, whole
from tapx.kernels.family import Family


@dataclass(frozen=True)
class Delta:
    """The target that recalls one lag: 1 at ``lag`` and 0 at every other lag.

    Raises:
        TypeError: a lag that is no whole number. ValueError: one below 0.

    Example:
        >>> tapx.Delta(7).lag
        7
    """

    lag: int

    def __post_init__(self) -> None:
        lag = whole(self.lag, "lag")
        if lag < 0:
            raise ValueError(f"lag {lag} is negative; the nearest valid lag is 0")
        object.__setattr__(self, "lag", lag)

    def terms(self) -> tuple[None, dict[int, fmpq]]:
        """What a :class:`tapx.kernels.terms.Part` says."""
        return None, {self.lag: fmpq(1)}


@dataclass(frozen=True)
class Kernel:
    """A sum of exponentials or powers, and the target it was made for.

    Attributes:
        family: `LIN` (exponentials) or `LOG` (powers).
        rates: the decays, one a head, positive and distinct.
        weights: the signed weights, one a head.
        target: what the kernel approximates; ``None`` if it stands for itself.

    Raises:
        ValueError: rates that are not positive, repeated, or as many as the weights.

    Example:
        >>> kernel = tapx.Kernel.of("lin", [1, 2], [1, -1])
        >>> kernel.heads, tapx.outward(kernel.l1_error)  # without a target, its l1 norm
        (2, '0.4255')
    """

    family: Family
    rates: tuple[fmpq, ...]
    weights: tuple[fmpq, ...]
    target: Delta | Kernel | None = None

    def __post_init__(self) -> None:
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
        if isinstance(self.target, Delta):
            self.family.refuse_unseen(self.target.lag)

    @classmethod
    def of(
        cls,
        family: str | Family,
        rates: Iterable[Number],
        weights: Iterable[Number],
        target: Delta | Kernel | None = None,
    ) -> Kernel:
        """A kernel from any numbers, each taken exactly as it is."""
        numbers = tuple(map(exact, rates)), tuple(map(exact, weights))
        return cls(Family.of(family), *numbers, target)

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

    def terms(self) -> tuple[Family, dict[fmpq, fmpq]]:
        """What a :class:`tapx.kernels.terms.Part` says."""
        return self.family, dict(zip(self.rates, self.weights, strict=True))

    @property
    def heads(self) -> int:
        """The number of heads, one for each term."""
        return len(self.rates)

    @cached_property
    def float_rates(self) -> np.ndarray:
        """The rates rounded to float64, shape (heads,)."""
        return np.array([to_float(rate) for rate in self.rates])

    @cached_property
    def float_weights(self) -> np.ndarray:
        """The weights rounded to float64, shape (heads,); inf beyond its range."""
        return np.array([to_float(weight) for weight in self.weights])

    @property
    def largest_weight(self) -> float:
        """The largest absolute weight."""
        return float(np.abs(self.float_weights).max(initial=0.0))

    def values(self, lags: Iterable[int | np.integer]) -> np.ndarray:
        """The kernel at the given lags as float64, right despite any cancellation."""
        return np.array([distances.value(self, int(lag)) for lag in lags])

    @cached_property
    def l1_error(self) -> arb:
        """Enclosure of the l1 distance to the target over all infinite lags."""
        return distances.l1_distance(self, self.target)

    @cached_property
    def l2_error(self) -> arb:
        """Enclosure of the l2 distance to the target over all infinite lags."""
        return distances.l2_distance(self, self.target)

    def rounded(self, bits: int) -> Kernel:
        """The same kernel with each weight rounded to ``bits`` significant bits."""
        weights = tuple(round_to_bits(weight, bits) for weight in self.weights)
        return Kernel(self.family, self.rates, weights, self.target)
