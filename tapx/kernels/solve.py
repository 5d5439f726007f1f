"""Kernels with given rates, solved for in closed form: least squares, interpolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import arb, arb_mat, fmpq

from tapx.kernels import distances
from tapx.kernels.balls import Number, rational, settled
from tapx.kernels.family import Family
from tapx.kernels.kernel import Delta, Kernel


def projection(
    rates: Sequence[Number],
    target: Delta | Kernel,
    family: str | Family,
    digits: int = 30,
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
        balls.PrecisionError: for rates too close to be told apart.
    """
    units = _units(rates, family)

    def equations() -> tuple[arb_mat, arb_mat]:
        gram = arb_mat([[distances.inner(a, b) for b in units] for a in units])
        return gram, arb_mat([[distances.inner(a, target)] for a in units])

    return Kernel.of(family, rates, _solve(equations, digits), target)


def interpolation(
    rates: Sequence[Number],
    target: Delta | Kernel,
    family: str | Family,
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
        balls.PrecisionError: for rates too close to be told apart.
    """
    start = Family.of(family).first_lag
    lags = range(start, start + len(rates)) if lags is None else lags
    if len(lags) != len(rates) or min(lags, default=start) < start:
        raise ValueError(
            f"{len(rates)} rates need {len(rates)} lags of at least {start}, "
            f"not {list(lags)}"
        )
    units = _units(rates, family)

    def equations() -> tuple[arb_mat, arb_mat]:
        matrix = arb_mat([[distances.ball(u, lag) for u in units] for lag in lags])
        return matrix, arb_mat([[distances.ball(target, lag)] for lag in lags])

    return Kernel.of(family, rates, _solve(equations, digits), target)


def _units(rates: Sequence[Number], family: str | Family) -> list[Kernel]:
    """One head of weight 1 for each rate."""
    if not rates:
        raise ValueError("rates is empty; at least one rate is needed")
    return [Kernel.of(family, (rate,), (1,)) for rate in rates]


def _solve(equations: Callable[[], tuple[arb_mat, arb_mat]], digits: int) -> list[fmpq]:
    """Solve at growing precision until all unknowns have ``digits`` digits."""

    def compute() -> list[fmpq] | None:
        matrix, right = equations()
        try:
            weights = matrix.solve(right).entries()
        except ZeroDivisionError:
            return None
        if all(weight.rad() < arb(10) ** -digits for weight in weights):
            return [rational(weight) for weight in weights]
        return None

    return settled(compute, 256, "rates this close; spread them further")
