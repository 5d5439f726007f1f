"""Kernels with given rates, solved for in closed form: least squares, interpolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from flint import arb, arb_mat

from tapx.kernels import distances
from tapx.kernels.balls import Number, rational, settled
from tapx.kernels.family import Family
from tapx.kernels.kernel import Delta, Kernel

DIGITS = 30  # digits after the point to which every weight is right


def projection(
    rates: Sequence[Number], target: Delta | Kernel, family: str | Family
) -> Kernel:
    """The least-squares kernel with given rates, in closed form.

    The normal equations need inner products over all infinite lags; these are
    geometric sums for exponentials, zeta values for powers, polylogarithms between.
    ValueError for no rates, or rates that are not distinct and positive, or for powers
    not above 1/2; PrecisionError for rates too close to be told apart.
    """
    measures = [partial(distances.inner, unit) for unit in _units(rates, family)]
    return _agreeing(measures, rates, target, family)


def interpolation(
    rates: Sequence[Number],
    target: Delta | Kernel,
    family: str | Family,
    lags: Sequence[int] | None = None,
) -> Kernel:
    """The kernel that equals the target at as many lags as there are rates.

    By default these are the first lags that the family sees. Errors as `projection`,
    and ValueError for another number of lags, or one that the family does not see.
    """
    start = Family.of(family).first_lag
    lags = range(start, start + len(rates)) if lags is None else lags
    if len(lags) != len(rates) or min(lags, default=start) < start:
        raise ValueError(
            f"{len(rates)} rates need {len(rates)} lags of at least {start}, "
            f"not {list(lags)}"
        )
    measures = [partial(distances.ball, lag=lag) for lag in lags]
    return _agreeing(measures, rates, target, family)


def _units(rates: Sequence[Number], family: str | Family) -> list[Kernel]:
    """One head of weight 1 for each rate."""
    if not rates:
        raise ValueError("rates is empty; at least one rate is needed")
    return [Kernel.of(family, (rate,), (1,)) for rate in rates]


def _agreeing(
    measures: Sequence[Callable[[Delta | Kernel], arb]],
    rates: Sequence[Number],
    target: Delta | Kernel,
    family: str | Family,
) -> Kernel:
    """The kernel with the target's measures, solved for until all digits are right."""
    units = _units(rates, family)

    def compute() -> Kernel | None:
        matrix = arb_mat([[measure(unit) for unit in units] for measure in measures])
        try:
            found = matrix.solve(arb_mat([[measure(target)] for measure in measures]))
        except ZeroDivisionError:
            return None
        weights = found.entries()
        if not all(weight.rad() < arb(10) ** -DIGITS for weight in weights):
            return None
        return Kernel.of(family, rates, map(rational, weights), target)

    return settled(compute, 256, "rates this close; spread them further")
