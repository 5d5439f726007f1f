"""Kernels and their targets on a finite window of lags, with certified errors.

Experiments 4a and 4b of the paper read the last of 1000 tokens through a linear
readout. Without dot products such a model is a convolution, so for tokens that are
independent and equal to -1 or 1 its mean squared error is the squared Euclidean
distance between its kernel and the target on the lags 0 to 999, and nothing else.
:mod:`tapx.kernels.window_search` looks for the kernel of ``H`` heads that makes it
least, and :attr:`WindowKernel.squared_error` encloses it for exactly the float64
numbers that were found. Lower bounds for all rates and weights are in
:mod:`tapx.limits.rank`.

On a finite window softmax gives every positive rate a finite denominator, for powers
too: heads realise all sums of exponentials or powers with positive rates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
from flint import arb

from tapx import witness_numbers
from tapx.kernels import balls
from tapx.kernels.family import LIN, Family
from tapx.kernels.fit import design
from tapx.kernels.terms import walk


@runtime_checkable
class Goal(Protocol):
    """A kernel to match: a `Decay`, or any other with the same methods."""

    def __hash__(self) -> int:
        """Ladders are kept by goal."""

    @property
    def at_zero(self) -> float:
        """The value at lag 0."""

    @property
    def name(self) -> str:
        """Short, for the file of stored kernels near it."""

    def described(self) -> dict[str, Any]:
        """The kernel as plain JSON, exactly."""

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The kernel on ``lags`` (integers >= 0), float64, same shape."""

    def ball(self, lag: int) -> arb:
        """The kernel at one lag, enclosed at the current working precision."""


@dataclass(frozen=True)
class Decay:
    """A target kernel: ``exp(-rate * s)`` or ``s**(-rate)`` for lags ``s >= 1``.

    Attributes:
        family: `LIN` or `LOG`.
        rate: taken as the exact value of the float.
        at_zero: the value at lag 0, a convention where the formula has none.

    Raises:
        ValueError: a rate that is not a positive finite number.

    Example:
        >>> tapx.Decay(tapx.LOG, 2).values(np.arange(3)).tolist()
        [0.0, 1.0, 0.25]
    """

    family: Family
    rate: float
    at_zero: float = 0.0

    def __post_init__(self) -> None:
        if not (self.rate > 0 and math.isfinite(self.rate)):
            raise ValueError(f"rate {self.rate!r}: give a positive finite number")

    @property
    def name(self) -> str:
        """Family and rate."""
        zero = f"-zero{self.at_zero:g}" if self.at_zero else ""
        return f"{self.family}{self.rate:g}{zero}"

    def described(self) -> dict[str, Any]:
        """Family, rate and the value at lag 0."""
        rate, zero = witness_numbers.fractions([self.rate, self.at_zero])
        return {"decay": self.family.word, "rate": rate, "at_zero": zero}

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The target on ``lags`` (integers >= 0), float64, same shape."""
        exponent = self.family.depth(np.maximum(lags, 1))
        return np.where(lags == 0, self.at_zero, np.exp(-self.rate * exponent))

    def ball(self, lag: int) -> arb:
        """The target at one lag, enclosed at the current working precision."""
        if lag == 0:
            return arb(self.at_zero)
        return self.family.decay(arb(self.rate), lag)


@dataclass(frozen=True)
class WindowKernel:
    """Rates and weights of one sum of decays, and its distance to a target.

    Attributes:
        family: `LIN` (exponentials) or `LOG` (powers).
        rates, weights: float64 numbers taken exactly; rates ascend from above 0.
        target: the kernel to match.
        first: first lag of the window (0: lag 0 is the heads' task; 1: it is not).
        last: last lag of the window.
    """

    family: Family
    rates: tuple[float, ...]
    weights: tuple[float, ...]
    target: Goal
    first: int
    last: int

    @property
    def heads(self) -> int:
        """Number of terms."""
        return len(self.rates)

    def values(self, lags: np.ndarray) -> np.ndarray:
        """The kernel on ``lags``; a sum of powers is 0 at lag 0."""
        columns = design(np.log(self.rates), np.asarray(lags), self.family)[0]
        return columns @ np.array(self.weights)

    @property
    def squared_error(self) -> arb:
        """Enclosure of the squared distance over the lags first to last.

        Its relative radius is below 1e-6, unless the error is below 2**-4000.
        """
        for bits in (128, 256, 512, 1024, 4096):
            error = _enclose(self, bits)
            if error.rad() * 1_000_000 < abs(error.mid()):
                break
        return error

    @property
    def mse(self) -> float:
        """Upper end of :attr:`squared_error`, rounded up to a float."""
        return round_up(self.squared_error)


def round_up(ball: arb) -> float:
    """A float that is not below any number in the ball."""
    return math.nextafter(float(ball.upper()), math.inf)


@lru_cache(maxsize=256)
def _enclose(kernel: WindowKernel, bits: int) -> arb:
    """Sum the squared differences over the window in ball arithmetic."""
    with balls.precision(bits):
        terms = [(r, arb(w)) for r, w in zip(kernel.rates, kernel.weights, strict=True)]
        steps = walk(terms, []) if kernel.family is LIN else walk([], terms)
        total = arb(0)
        for lag, (value, *_) in zip(range(kernel.last + 1), steps, strict=False):
            if lag >= kernel.first:
                total += balls.square(value - kernel.target.ball(lag))
        return total
