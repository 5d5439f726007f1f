"""What a number format can hold of a kernel: stored, guaranteed, excluded, run.

A format with b significant bits stores a number up to ``u = 2^-b`` of itself. If every
value of a kernel may be off by that much, in whatever direction, then in some direction
the l1 error is at least ``u B``, B the kernel's weight: add ``u |v_h|`` to every value,
then subtract it, and one of the two is off by half the difference or more. So a kernel
that errs by at most eps however its values are rounded has ``B <= eps / u``, and a
certificate of :mod:`tapx.limits.weight_bounds` turns this into a floor for every number
of heads and every rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from flint import fmpq

from tapx.checks import at_least, one_of
from tapx.experiments.models import kernel_model
from tapx.kernels import balls
from tapx.kernels.balls import round_to_bits
from tapx.kernels.family import LOG, Family
from tapx.kernels.kernel import Kernel
from tapx.limits.weight_bounds import Optimum, optimum
from tapx.network.transformer import Transformer

FORMATS = {
    "bfloat16": (8, torch.bfloat16),
    "float32": (24, torch.float32),
    "float64": (53, torch.float64),
}
"""Significant bits, and torch's type."""

CHEAPER = 3
"""Binary digits by which the price of weight lies below the format's unit."""


def _format(name: str) -> tuple[int, torch.dtype]:
    """Bits and torch's type of a format; refuses another name."""
    return FORMATS[one_of(name, FORMATS, "format")]


def unit(format_: str) -> float:
    """Largest relative error of a number stored in a format: ``2^-bits``.

    Raises:
        ValueError: another name than those of `FORMATS`.
    """
    return 2.0 ** -_format(format_)[0]


def stored(kernel: Kernel, format_: str) -> Kernel:
    """The kernel that is left when rates and weights are stored in a format.

    Raises:
        ValueError: unknown format, weights beyond its range, or rates that it cannot
            tell apart.
    """
    bits, dtype = _format(format_)
    largest = torch.finfo(dtype).max
    if kernel.largest_weight > largest:
        raise ValueError(
            f"a weight of {kernel.largest_weight:.2g} is beyond {format_}, which ends "
            f"at {largest:.2g}; the nearest valid weight is that"
        )
    rates = tuple(round_to_bits(rate, bits) for rate in kernel.rates)
    return replace(kernel, rates=rates).rounded(bits)


@dataclass(frozen=True)
class Holding:
    """What one format can do about one lag.

    Attributes:
        best: the solution of the programme at a price a little below the unit.
        kernel: its kernel as the format stores it.
    """

    family: str
    lag: int
    format: str
    best: Optimum
    kernel: Kernel

    @property
    def error(self) -> float:
        """Certified l1 error of the stored kernel, all lags; 1 if it has no heads."""
        return balls.upper(self.kernel.l1_error)

    @property
    def guaranteed(self) -> float:
        """``error + u B`` before storing: no rounding of the values errs by more."""
        return self.best.error + unit(self.format) * self.best.weight

    def floor(self, tolerance: float) -> float:
        """No kernel that keeps to the tolerance in every rounding errs by less.

        It has weight ``tolerance / unit`` at most. A floor above the tolerance says
        that there is none, whatever its heads and rates.
        """
        return self.best.certificate.floor(tolerance / unit(self.format))


def holding(family: str, lag: int, format_: str, digits: int = CHEAPER) -> Holding:
    """Solve for one lag and one format.

    Args:
        family: "exponential" or "power".
        lag: T, from the first lag that the family sees.
        format_: a name of `FORMATS`.
        digits: the price of weight is ``2^-digits`` units, 0 to 60.

    Raises:
        ValueError: on values outside these ranges.
    """
    if not 0 <= digits <= 60:
        raise ValueError(f"digits {digits}: allowed are 0 to 60")
    price = Fraction(1, 2 ** (_format(format_)[0] + digits))
    best = optimum(family, lag, price)
    return Holding(family, lag, format_, best, stored(best.kernel, format_))


@dataclass(frozen=True)
class Limit:
    """The largest lag that a format holds to a tolerance, from both sides.

    Attributes:
        guaranteed: solved at the unit as the price; error plus ``u B`` keeps the
            tolerance, so the kernel does in every rounding. None if no lag was found.
        stored: the kernel, as rounded to nearest, keeps it. None if no lag was found.
        excluded: the first lag whose floor is above the tolerance.
        tried: all holdings that were solved for, by lag.
    """

    guaranteed: Holding | None
    stored: Holding | None
    excluded: Holding
    tried: dict[int, Holding]


@lru_cache(maxsize=64)
def limit(family: str, format_: str, tolerance: float) -> Limit:
    """Search upwards for the largest lag held and the first one out of reach.

    Raises:
        ValueError: unknown names, or a tolerance outside 0 to 1.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance {tolerance!r} must be between 0 and 1")
    bits, _ = _format(format_)
    lag = max(1, bits // (8 if Family.of(family) is LOG else 5))
    tried: dict[int, Holding] = {}
    found = None
    while True:
        tried[lag] = here = holding(family, lag, format_)
        if here.error <= tolerance:
            found = here
        excluded = _exclusion(family, lag, format_, tolerance)
        if excluded is not None:
            break
        lag += 1
    top = found.lag if found else lag
    below = (holding(family, at, format_, 0) for at in range(top, 0, -1))
    guaranteed = next((one for one in below if one.guaranteed <= tolerance), None)
    return Limit(guaranteed, found, excluded, tried)


def _exclusion(family: str, lag: int, format_: str, tolerance: float) -> Holding | None:
    """A holding that proves a lag out of reach, or None if none was found."""
    # The farther out of reach a lag is, the lower the price at which the programme
    # still has a kernel to offer.
    for digits in (CHEAPER, CHEAPER + 3):
        here = holding(family, lag, format_, digits)
        if here.floor(tolerance) > tolerance:
            return here
        if here.error <= tolerance:
            return None
    return None


def split(kernel: Kernel, format_: str, pieces: int) -> list[Kernel]:
    """Each weight as a sum of numbers of a format: heads with equal rates.

    Returns:
        Kernels with the same rates whose weights sum to those of the kernel, but for
        what is below the last piece.

    Raises:
        ValueError: fewer than 1 piece, or an unknown format.
    """
    at_least(1, pieces=pieces)
    bits, _ = _format(format_)
    rest, parts = list(kernel.weights), []
    for _ in range(pieces):
        part = [round_to_bits(weight, bits) for weight in rest]
        rest = [w - p for w, p in zip(rest, part, strict=True)]
        parts.append(replace(kernel, weights=tuple(part)))
    return parts


def together(parts: list[Kernel]) -> Kernel:
    """The kernel that the parts of `split` sum to, exactly."""
    columns = zip(*(part.weights for part in parts), strict=True)
    return replace(parts[0], weights=tuple(sum(own, fmpq(0)) for own in columns))


def recall_network(parts: list[Kernel], format_: str) -> Transformer:
    """One layer that answers with the recalled token, all numbers in one format.

    The network of Theorem 3.1 for one lag and the readout ``y = memory``. Without
    normalisation the kernels' weights stand in the value matrices.
    """
    rates = np.concatenate([p.float_rates for p in parts])
    weights = np.concatenate([p.float_weights for p in parts])
    options = {"slopes": rates, "normalisation": "none"}
    model = kernel_model(weights, 0.0, parts[0].family.name, **options)
    return model.to(_format(format_)[1])


class Run(NamedTuple):
    """Errors of a network as the machine runs it; inf if one overflows.

    The worst is over all inputs tried, the typical one the root of the mean square over
    random signs.
    """

    worst: float
    typical: float


def run(
    parts: list[Kernel],
    format_: str,
    *,
    evaluation: str = "last",
    length: int = 64,
    count: int = 64,
    seed: int = 0,
) -> Run:
    """The errors of the network as the machine runs it, over inputs that try.

    The inputs are the signs of the error of the kernel as it is stored, the signs of
    the error that single tokens (impulses) show when the network is run, and random
    signs.

    Args:
        parts: the kernel, or what `split` made of it; the target is a delta.
        format_: in which all is stored and computed. (Torch's matrix products of
            bfloat16 may sum in float32 and round at the end.)
        evaluation: "last" sums heads first at each lag, "dense" the lags first.
        length: tokens of an input, more than the lag.
        count: random inputs, at least 1.
        seed: of those.

    Raises:
        ValueError: an input too short for the lag, or no random input.
    """
    target = parts[0].target
    lag = getattr(target, "lag", None)
    if lag is None or length <= lag or count < 1:
        raise ValueError(
            f"length {length} must exceed the lag {lag}, count {count} be 1+"
        )
    model = recall_network(parts, format_)
    generator = torch.Generator().manual_seed(seed)

    def answers(x: torch.Tensor) -> torch.Tensor:
        """In float64, for inputs (batch, length) by lag."""
        dtype = model.embedding.dtype
        with torch.no_grad():
            out = model(x.flip(1)[..., None].to(dtype), evaluation)
        return (out if evaluation == "last" else out[:, -1]).double()

    seen = answers(torch.eye(length, dtype=torch.float64))
    wanted = torch.from_numpy(together(parts).values(range(length)))
    wrong = torch.stack([seen, wanted])
    wrong[:, lag] -= 1
    tries = torch.where(wrong >= 0, 1.0, -1.0)
    drawn = torch.randint(0, 2, (count, length), generator=generator) * 2.0 - 1
    x = torch.cat([tries, -tries[:1], drawn]).double()
    off = (answers(x) - x[:, lag]).abs()
    if not bool(torch.isfinite(off).all()):
        return Run(float("inf"), float("inf"))
    typical = float(off[len(x) - count :].square().mean().sqrt())
    return Run(float(off.max()), typical)
