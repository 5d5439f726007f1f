"""The difference of two sums of decays, as exact terms and as balls at a lag."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Protocol, runtime_checkable

from flint import arb, fmpq

from tapx.kernels.balls import whole
from tapx.kernels.family import LIN, LOG, Family


@runtime_checkable
class Part(Protocol):
    """A weighted sum of decays, or of points."""

    def terms(self) -> tuple[Family | None, dict[Any, fmpq]]:
        """The family and the weights by rate; of points None and the weights by lag."""


class Signed:
    """The difference of a kernel and its target: exponentials, powers and points.

    ``exponentials`` and ``powers`` map rates to weights, ``points`` lags to weights.
    With an ``origin`` B the decays are ``exp(-rate (s - B))`` and ``(s / B)^-rate``;
    ValueError for one below 1, TypeError for one that is no whole number.
    """

    def __init__(
        self, kernel: Part, target: Part | None = None, origin: int | None = None
    ):
        self.exponentials: dict[fmpq, fmpq] = {}
        self.powers: dict[fmpq, fmpq] = {}
        self.points: dict[int, fmpq] = {}
        self.origin = None if origin is None else whole(origin, "origin")
        if self.origin is not None and self.origin < 1:
            raise ValueError(
                f"origin {origin}: an adaptive lag is at least 1, the nearest valid "
                "origin"
            )
        kinds: Any = {LIN: self.exponentials, LOG: self.powers, None: self.points}
        for part, sign in ((kernel, 1), (target, -1)):
            family, terms = (None, {}) if part is None else part.terms()
            into = kinds[family]
            for key, weight in terms.items():
                into[key] = into.get(key, fmpq(0)) + sign * weight
                if into[key] == 0:
                    del into[key]

    def cancellation_bits(self) -> int:
        """Binary digits of the largest weight: what cancellation may cost."""
        weights = [*self.exponentials.values(), *self.powers.values()]
        digits = (w.p.bit_length() - w.q.bit_length() for w in weights)
        shift = 0.0
        if self.origin is not None:
            steepest = max([fmpq(0), *self.exponentials, *self.powers])
            reach = self.origin if self.exponentials else math.log(self.origin)
            shift = reach * float(arb(steepest)) / math.log(2)
        return max([0, *digits]) + math.ceil(shift)

    def scaled(self) -> tuple[dict[fmpq, arb], dict[fmpq, arb]]:
        """Balls of the weights of ``exp(-rate s)`` and of ``s^-rate``."""
        fast = {rate: arb(weight) for rate, weight in self.exponentials.items()}
        slow = {rate: arb(weight) for rate, weight in self.powers.items()}
        if self.origin is not None:
            fast = {r: w * (arb(r) * self.origin).exp() for r, w in fast.items()}
            slow = {r: w * arb(self.origin) ** arb(r) for r, w in slow.items()}
        return fast, slow

    def at(self, lag: int) -> arb:
        """Ball of the value at a lag, at the present precision."""
        return arb(self.points.get(lag, fmpq(0))) + self.smooth(lag)

    def smooth(self, lag: int) -> arb:
        """The same without the points."""
        total = arb(0)
        fast, slow = self.scaled()
        for rate, weight in fast.items():
            total += weight * arb(-rate * lag).exp()
        if lag > 0 and slow:
            log = arb(lag).log()
            for rate, weight in slow.items():
                total += weight * (-arb(rate) * log).exp()
        return total

    def points_from(self, start: int) -> arb:
        """What the points at lags from ``start`` on add to the rest's l1 norm."""
        change = arb(0)
        for lag, weight in self.points.items():
            if lag >= start:
                value = self.smooth(lag)
                change += abs(value + arb(weight)) - abs(value)
        return change


def walk(
    exponentials: Sequence[tuple[Any, arb]], powers: Sequence[tuple[Any, arb]]
) -> Iterator[tuple[arb, list[arb], list[arb]]]:
    """A sum of decays at lags 0, 1, 2, ..., and its terms, in the order given.

    Both arguments hold rates and weights. Powers have no value at lag 0.
    """
    factors = [arb(-rate).exp() for rate, _ in exponentials]
    fast = [weight for _, weight in exponentials]
    exponents = [(arb(-rate), weight) for rate, weight in powers]
    for lag in count():
        slow = []
        if lag > 0 and powers:
            log = arb(lag).log()
            slow = [weight * (exponent * log).exp() for exponent, weight in exponents]
        yield sum(fast, arb(0)) + sum(slow, arb(0)), fast, slow
        fast = [term * factor for term, factor in zip(fast, factors, strict=True)]
