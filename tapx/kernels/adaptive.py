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
from functools import cached_property, lru_cache, reduce
from operator import attrgetter
from typing import Any

import numpy as np
from flint import arb

from tapx import witnesses
from tapx.checks import at_least, check_lags
from tapx.kernels import balls, distances, search
from tapx.kernels.balls import Number, exact, rational, round_to_bits
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.proofs import SPACING
from tapx.kernels.proofs import bump as fixed_bump
from tapx.witnesses import Entry, Question


@dataclass(frozen=True)
class AdaptiveKernel:
    """A sum of decays read from an adaptive lag, and the lags it has to recall.

    Attributes:
        base: the family, the rates and the weights; the same for every adaptive lag.
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

    family = property(attrgetter("base.family"), doc="The family of its decays.")
    heads = property(attrgetter("base.heads"), doc="The number of heads.")
    float_rates = property(attrgetter("base.float_rates"), doc="The rates, float64.")
    float_weights = property(attrgetter("base.float_weights"), doc="As in `Kernel`.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "lags", tuple(sorted(check_lags(self.lags))))

    @classmethod
    def of(
        cls,
        family: str | Family,
        rates: Iterable[Number],
        weights: Iterable[Number],
        lags: Sequence[int],
    ) -> AdaptiveKernel:
        """A kernel from any numbers, as `Kernel.of` takes them."""
        return cls(Kernel.of(family, rates, weights), tuple(lags))

    @property
    def largest_lag(self) -> int:
        """T, the largest of the adaptive lags."""
        return self.lags[-1]

    def values(self, lags: Iterable[int | np.integer], memory: int) -> np.ndarray:
        """The kernel at lags, float64, when the adaptive lag is `memory`."""
        self._check(memory)
        return np.array([distances.value(self.base, int(s), memory) for s in lags])

    def l1_error(self, memory: int) -> arb:
        """Enclosure of the l1 distance to a delta at `memory`, one of `lags`.

        It is the worst error of the attention when the current token asks for this lag.
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
        return reduce(arb.max, self._errors.values())

    def _check(self, memory: int) -> int:
        if memory not in self.lags:
            nearest = min(self.lags, key=lambda lag: abs(lag - memory))
            raise ValueError(
                f"adaptive lag {memory} is none of {list(self.lags)}; the nearest is "
                f"{nearest}"
            )
        return memory


def from_fixed(
    kernel: Kernel, lags: Sequence[int] | None = None, weight_bits: int | None = None
) -> AdaptiveKernel:
    """The shift of Lemmas F.2 and F.5: a kernel for one lag T becomes adaptive.

    An exponential kernel K with target T is read as ``K(s - B + T)``: the error for B
    is that of K on the lags from ``T - B`` on, so it is largest for ``B = T``. A power
    kernel is read as ``K(s T / B)``, at points between the lags too.

    Args:
        kernel: its target is a delta at T, at least 1 (else ValueError).
        lags: the adaptive lags, each 1 to T (ValueError); all of them if None.
        weight_bits: significant bits to which the weights ``a_k e^(-rate_k T)`` or
            ``a_k T^(-rate_k)`` are rounded; 200 if None.
    """
    target = kernel.target
    if not isinstance(target, Delta) or target.lag < 1:
        raise ValueError(
            f"the kernel must have a delta at a lag of at least 1 as its target, not "
            f"{target}"
        )
    largest = target.lag
    wanted = check_lags(range(1, largest + 1) if lags is None else lags)
    if max(wanted) > largest:
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
    The largest lag T is at least 1, `lags` are those of `from_fixed`, and the rest is
    what :func:`tapx.kernels.proofs.bump` takes; ValueError outside of that.
    """
    at_least(1, largest_lag=largest_lag)
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
    Certified is the error of what is returned, not that nothing is better.

    Args:
        lags: the adaptive lags B, each at least 1.
        heads: H, at least 1; with too few for the largest lag (`heads_to_recall`) all
            weights are 0, and the error is 1.
        family: "exponential" or "power".
        weight_bits: significant bits of a stored weight, 2 to 2000; 53 is float64.

    ValueError or TypeError outside of these ranges.
    """
    family = Family.of(family)
    wanted = tuple(sorted(check_lags(lags)))
    too_few = heads < family.heads_to_recall(wanted[-1])
    if family is LIN or len(wanted) == 1 or too_few:
        fixed = search.best_delta(wanted[-1], heads, family, weight_bits)
        return from_fixed(fixed, wanted, weight_bits)
    return _scaled(wanted, heads, weight_bits)


@lru_cache(maxsize=256)
def _scaled(lags: tuple[int, ...], heads: int, bits: int) -> AdaptiveKernel:
    def read(entry: Entry) -> AdaptiveKernel:
        kernel = AdaptiveKernel(Kernel.stored(entry), lags)
        balls.check_at_most(kernel.uniform_error, entry, "a largest l1 error")
        return kernel

    def search_() -> AdaptiveKernel:
        return from_fixed(search.best_scaled(lags, heads, bits), lags, bits)

    def write(kernel: AdaptiveKernel) -> dict[str, Any]:
        claim = balls.upper_decimal(kernel.uniform_error)
        return {**kernel.base.numbers(), "claim": claim}

    question = Question(
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
    return witnesses.answer(question, read, search_, write)
