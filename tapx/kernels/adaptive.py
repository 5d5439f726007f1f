"""Sums of decays that recall a lag which the current token chooses (Lemmas F.2, F.5).

Heads with dot products and without normalisation shift their decay to the adaptive lag
B: their kernel over the lag s is

    sum_k weights[k] * exp(-rates[k] * (s - B)),      s >= 0     ("exponential")
    sum_k weights[k] * (s / B) ** (-rates[k]),        s >= 1     ("power")

with weights that do not depend on B. It should be near 1 at ``s = B`` and near 0
elsewhere, for every B that may be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from flint import arb, fmpq

from tapx import witnesses
from tapx.checks import check_lags
from tapx.kernels import balls, distances, search
from tapx.kernels.balls import Number, exact, rational, round_to_bits
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.proofs import bump as fixed_bump
from tapx.witnesses import Entry, Question

SPACING = Fraction(1, 100)


@dataclass(frozen=True)
class AdaptiveKernel:
    """A sum of decays read from an adaptive lag, and the lags it has to recall.

    Attributes:
        base: the family, the rates and the weights.
        lags: the adaptive lags B that may be asked for, ascending.

    Raises:
        ValueError: no lags, or a lag below 1. TypeError: a lag that is no whole number.

    Example:
        >>> kernel = tapx.AdaptiveKernel.of("log", [2, 3], [2, -1], [1, 2])
        >>> kernel.largest_lag, tapx.outward(kernel.uniform_error)
        (2, '2.544')
    """

    base: Kernel
    lags: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check the lags and put them in order."""
        lags = check_lags([int(lag) if _whole(lag) else lag for lag in self.lags])
        object.__setattr__(self, "lags", tuple(sorted(lags)))

    @classmethod
    def of(
        cls,
        family: str | Family,
        rates: Iterable[Number],
        weights: Iterable[Number],
        lags: Sequence[int],
    ) -> AdaptiveKernel:
        """A kernel from any numbers, each taken exactly as it is."""
        return cls(Kernel.of(family, rates, weights), tuple(lags))

    @property
    def family(self) -> Family:
        """The family, "exponential" or "power"."""
        return self.base.family

    @property
    def rates(self) -> tuple[fmpq, ...]:
        """The decays, one a head."""
        return self.base.rates

    @property
    def weights(self) -> tuple[fmpq, ...]:
        """The signed weights, one a head, the same for every adaptive lag."""
        return self.base.weights

    @property
    def heads(self) -> int:
        """The number of heads, one for each term."""
        return self.base.heads

    @property
    def float_rates(self) -> np.ndarray:
        """The rates rounded to float64, shape (heads,)."""
        return self.base.float_rates

    @property
    def float_weights(self) -> np.ndarray:
        """The weights rounded to float64, shape (heads,); inf beyond its range."""
        return self.base.float_weights

    @property
    def largest_lag(self) -> int:
        """T, the largest of the adaptive lags."""
        return self.lags[-1]

    def values(self, lags: Iterable[int | np.integer], memory: int) -> np.ndarray:
        """The kernel at the given lags as float64 when the adaptive lag is `memory`."""
        self._check(memory)
        return np.array([distances.value(self.base, int(s), memory) for s in lags])

    def l1_error(self, memory: int) -> arb:
        """Enclosure of the l1 distance to a delta at `memory` over all lags.

        For tokens in the unit ball it is exactly the worst error of the attention when
        the current token asks for this lag.

        Raises:
            ValueError: a `memory` that is none of `lags`.
        """
        return self._errors[self._check(memory)]

    @cached_property
    def _errors(self) -> dict[int, arb]:
        return {
            lag: distances.l1_distance(self.base, Delta(lag), origin=lag)
            for lag in self.lags
        }

    @property
    def uniform_error(self) -> arb:
        """Enclosure of the largest l1 distance over all the adaptive lags."""
        largest = arb(0)
        for error in self._errors.values():
            largest = largest.max(error)
        return largest

    def _check(self, memory: int) -> int:
        if memory not in self.lags:
            nearest = min(self.lags, key=lambda lag: abs(lag - memory))
            raise ValueError(
                f"adaptive lag {memory} is none of {list(self.lags)}; the nearest is "
                f"{nearest}"
            )
        return memory


def _whole(lag: object) -> bool:
    return isinstance(lag, int | np.integer) and not isinstance(lag, bool)


def from_fixed(
    kernel: Kernel, lags: Sequence[int] | None = None, weight_bits: int | None = None
) -> AdaptiveKernel:
    """The shift of Lemmas F.2 and F.5: a kernel for one lag T becomes adaptive.

    An exponential kernel K with target T is read as ``K(s - B + T)``: the error for B
    is that of K on the lags from ``T - B`` on, so it is largest for ``B = T``. A power
    kernel is read as ``K(s T / B)``, at points between the lags too.

    Args:
        kernel: its target is a delta at T, at least 1.
        lags: the adaptive lags, each 1 to T; all of them if None.
        weight_bits: significant bits of a stored weight; 200 if None.

    Returns:
        Weights ``a_k e^(-rate_k T)`` or ``a_k T^(-rate_k)``, rounded to these bits.

    Raises:
        ValueError: a kernel without such a target, or lags outside 1 to T.
    """
    target = kernel.target
    if not isinstance(target, Delta) or target.lag < 1:
        raise ValueError(
            f"the kernel must have a delta at a lag of at least 1 as its target, not "
            f"{target}"
        )
    largest = target.lag
    wanted = tuple(range(1, largest + 1)) if lags is None else tuple(lags)
    if any(_whole(lag) and lag > largest for lag in wanted):
        raise ValueError(
            f"adaptive lags {list(wanted)} reach beyond the kernel's lag {largest}; "
            f"the largest valid one is {largest}"
        )
    bits = weight_bits or 200
    weights = []
    for rate, weight in zip(kernel.rates, kernel.weights, strict=True):
        with balls.precision(bits + 64):
            decay = kernel.family.decay(rate, largest)
            weights.append(round_to_bits(rational(arb(weight) * decay), bits))
    return AdaptiveKernel(Kernel(kernel.family, kernel.rates, tuple(weights)), wanted)


def bump(
    largest_lag: int,
    heads: int,
    family: str | Family,
    alpha: Number = SPACING,
    gamma: Number = SPACING,
    lags: Sequence[int] | None = None,
) -> AdaptiveKernel:
    """The kernel of the proof of Lemma F.2 (exponential) or F.5 (power).

    The bump of F.1 or F.4 for the largest lag, shifted. Its half-width is the smaller
    gap beside its node, so that it vanishes at all points ``s T / B`` other than T.

    Args:
        largest_lag: T, at least 1.
        heads: number of polynomial coefficients, at least 1.
        family: "exponential" or "power".
        alpha: spacing of the rates; 0.01 in the paper.
        gamma: lowest rate (or lowest rate minus 1 for powers).
        lags: the adaptive lags, each 1 to T; all of them if None.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    if largest_lag < 1:
        raise ValueError(f"largest lag {largest_lag}: the nearest valid lag is 1")
    fixed = fixed_bump(largest_lag, heads, family, exact(alpha), exact(gamma))
    # Its weights grow by more than two bits a head, and all of them cancel.
    return from_fixed(fixed, lags, max(200, 8 * heads))


def best(
    lags: Sequence[int], heads: int, family: str | Family, weight_bits: int = 53
) -> AdaptiveKernel:
    """The best adaptive kernel found under any rounding to `weight_bits` bits.

    For exponentials the largest lag decides, and this is the best fixed kernel for it,
    shifted. For powers the search runs over the points ``s T / B`` of all lags B; for a
    single lag these are the lags, and this too is the best fixed kernel found.
    Certified is the error of what is returned, not that nothing is better; with too
    few heads (:meth:`tapx.kernels.family.Family.heads_to_recall` of the largest lag)
    all weights are 0, and the error is 1.

    Args:
        lags: the adaptive lags B, each at least 1.
        heads: H, at least 1.
        family: "exponential" or "power".
        weight_bits: significant bits of a stored weight, 2 to 2000; 53 is float64.

    Raises:
        ValueError: on parameters out of these ranges. TypeError: a lag that is no
            whole number.
    """
    family = Family.of(family)
    wanted = tuple(sorted(check_lags([int(b) if _whole(b) else b for b in lags])))
    if family is LIN or len(wanted) == 1:
        fixed = search.best_delta(wanted[-1], heads, family, weight_bits)
        return from_fixed(fixed, wanted, weight_bits)
    if heads < family.heads_to_recall(wanted[-1]):
        fixed = search.best_scaled(wanted, heads, weight_bits)  # nothing can be done
        return from_fixed(fixed, wanted, weight_bits)
    return _scaled(wanted, heads, weight_bits)


@lru_cache(maxsize=256)
def _scaled(lags: tuple[int, ...], heads: int, bits: int) -> AdaptiveKernel:
    def search_() -> AdaptiveKernel:
        return from_fixed(search.best_scaled(lags, heads, bits), lags, bits)

    return witnesses.answer(scaled_question(lags, heads, bits), _read, search_, _write)


def scaled_question(lags: Sequence[int], heads: int, bits: int) -> Question:
    """The question that `best` asks: powers near the delta at each adaptive lag."""
    return Question(
        group="adaptive",
        name="power-lags" + "-".join(map(str, lags)),
        kind="adaptive-l1",
        family=LOG.word,
        target={"adaptive": list(lags)},
        size={"heads": heads, "weight_bits": bits},
        statement="For each adaptive lag B, the sum of weights times (s / B)^-rate "
        "differs from the delta at B, summed over all lags s >= 1, by at most the "
        "claim.",
    )


def _read(entry: Entry) -> AdaptiveKernel:
    kernel = AdaptiveKernel(Kernel.stored(entry), tuple(entry["target"]["adaptive"]))
    balls.check_at_most(kernel.uniform_error, entry, "a largest l1 error")
    return kernel


def _write(kernel: AdaptiveKernel) -> dict[str, Any]:
    claim = balls.upper_decimal(kernel.uniform_error)
    return {**kernel.base.numbers(), "claim": claim}
