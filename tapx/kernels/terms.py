"""The difference of two sums of decays, as exact terms and as balls at a lag."""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import numpy as np
from flint import arb, fmpq

from tapx.kernels.family import LIN, Family


@runtime_checkable
class Decays(Protocol):
    """A weighted sum of exponentials or powers of the lag."""

    @property
    def family(self) -> Family:
        """What it is a sum of."""

    @property
    def rates(self) -> tuple[fmpq, ...]:
        """One a term, distinct."""

    @property
    def weights(self) -> tuple[fmpq, ...]:
        """As many as there are rates."""


@runtime_checkable
class Point(Protocol):
    """1 at one lag, 0 elsewhere."""

    @property
    def lag(self) -> int:
        """The lag."""


Part = Decays | Point


class Signed:
    """The difference of a kernel and its target: exponentials, powers and a delta.

    ``exponentials`` and ``powers`` map rates to weights, ``points`` lags to weights.
    With an ``origin`` B the decays are ``exp(-rate (s - B))`` and ``(s / B)^-rate``.

    Raises:
        ValueError: an origin below 1. TypeError: one that is no whole number.
    """

    def __init__(
        self,
        kernel: Part,
        target: Part | None = None,
        origin: int | None = None,
    ):
        self.exponentials: dict[fmpq, fmpq] = {}
        self.powers: dict[fmpq, fmpq] = {}
        self.points: dict[int, fmpq] = {}
        self.origin = None if origin is None else _whole(origin)
        self._add(kernel, 1)
        if target is not None:
            self._add(target, -1)

    def _add(self, part: Part, sign: int) -> None:
        if hasattr(part, "lag"):
            terms = {part.lag: fmpq(1)}
            into: dict = self.points
        else:
            terms = dict(zip(part.rates, part.weights, strict=True))
            into = self.exponentials if part.family is LIN else self.powers
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
        """Ball of the value at a lag without the delta, at the present precision."""
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
        """What the deltas at lags from ``start`` on add to the rest's l1 norm."""
        change = arb(0)
        for lag, weight in self.points.items():
            if lag >= start:
                value = self.smooth(lag)
                change += abs(value + arb(weight)) - abs(value)
        return change


def _whole(origin: object) -> int:
    """The origin as an int, or a refusal."""
    if isinstance(origin, bool) or not isinstance(origin, int | np.integer):
        raise TypeError(f"origin must be a whole number, not {origin!r}")
    if origin < 1:
        raise ValueError(
            f"origin {origin}: an adaptive lag is at least 1, the nearest valid origin"
        )
    return int(origin)
