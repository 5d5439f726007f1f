"""LIN and LOG: all that differs between exponentials and powers of the lag.

A lin head decays like ``exp(-rate * s)`` from lag 0 on, a log head like ``s ** -rate``
from lag 1 on. Both are ``exp(-rate * depth(s))`` with depth ``s`` or ``log s``, so most
code needs the depth alone. Words stand at the border only: `Family.of` takes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, fmpq

from tapx.checks import one_of


@dataclass(frozen=True)
class Family:
    """One of the paper's two kinds of heads; there are `LIN` and `LOG`.

    Attributes:
        name: the position function, "lin" or "log".
        word: what its kernels are sums of, "exponential" or "power": as prose, tables
            and the stored witnesses say it, for ever.
        first_lag: the first lag that it sees; rates above it have a finite sum over
            all lags.

    Raises:
        ValueError: `of`, on a word that names neither; a lag that its heads do not see.

    Example:
        >>> tapx.Family.of("log") is tapx.LOG
        True
        >>> tapx.LIN.heads_to_recall(7), tapx.LOG.heads_to_recall(7)
        (8, 7)
    """

    name: str
    word: str
    first_lag: int

    @staticmethod
    def of(word: str | Family) -> Family:
        """The family of either word, or itself; ValueError names the nearest word."""
        if isinstance(word, Family):
            return word
        names = {"lin": LIN, "log": LOG, "exponential": LIN, "power": LOG}
        return names[one_of(word, names, "position function or family")]

    def __str__(self) -> str:
        return self.word

    def __reduce__(self) -> Any:
        """There is one of each: copies and other processes get it by its name."""
        return Family.of, (self.name,)

    def depth(self, lags: Any) -> Any:
        """``s`` or ``log s``, float64, in the shape of the lags.

        Invisible lags stand at the first visible one.
        """
        lags = np.maximum(np.asarray(lags, dtype=np.float64), self.first_lag)
        return np.log(lags) if self.first_lag else lags

    def depth_ball(self, lag: int | arb | fmpq) -> arb:
        """The same for one visible lag, which need not be whole, enclosed."""
        return arb(lag).log() if self.first_lag else arb(lag)

    def decay(self, rate: arb | fmpq, lag: int | arb | fmpq) -> arb:
        """``exp(-rate * depth(lag))``, enclosed."""
        return (-arb(rate) * self.depth_ball(lag)).exp()

    def tail(self, rate: arb | fmpq, start: int | arb | None = None) -> arb:
        """The sum of a head's decay over all lags from `start` on, enclosed.

        ``exp(-rate start) / (1 - exp(-rate))`` or Hurwitz's zeta function.
        """
        start, rate = arb(self.first_lag if start is None else start), arb(rate)
        if self.first_lag:
            return rate.zeta(start)
        return (-rate * start).exp() / (1 - (-rate).exp())

    def base(self, gamma: fmpq) -> fmpq:
        """The slowest rate of the proofs' kernels: gamma, or ``1 + gamma``."""
        return gamma + self.first_lag

    def width(self, lag: int, alpha: arb) -> arb:
        """Half-width of the proofs' bump: the gap of the nodes of lag and lag + 1."""
        return self.decay(alpha, lag) - self.decay(alpha, lag + 1)

    def refuse_unseen(self, lag: int) -> None:
        """Refuse (ValueError) a lag that these heads do not see."""
        if lag < self.first_lag:
            raise ValueError(
                f"lag {lag}: {self.name} heads see lags from {self.first_lag} on, "
                "which is the nearest valid one"
            )

    def heads_to_recall(self, lag: int) -> int:
        """The fewest heads that recall a lag better than no head at all.

        ``lag + 1`` exponentials or ``lag`` powers. With fewer, any rates and any
        weights leave an l1 distance of at least 1 to the delta; with as many, the
        distance can be as small as one likes (proved in the chapter on kernels; not in
        the paper). ValueError for a lag that they do not see.
        """
        self.refuse_unseen(lag)
        return lag + 1 - self.first_lag


LIN = Family("lin", "exponential", 0)
LOG = Family("log", "power", 1)


def refuse_unsummable(power: Any) -> None:
    """Refuse (ValueError) a power of the lag whose sum over all lags is infinite."""
    if not 1 < float(power) < math.inf:
        raise ValueError(f"power {float(power):g}: summable over all lags only above 1")


def heads_to_recall(lag: int, family: str | Family = LIN) -> int:
    """`Family.heads_to_recall` for a family given by a word."""
    return Family.of(family).heads_to_recall(lag)
