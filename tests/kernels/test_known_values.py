"""Distances whose value is known, and kernels whose distance is: one table of each."""

import math
from fractions import Fraction

import numpy as np
import pytest
from made_decays import summed

from tapx.kernels import shortest, zeros
from tapx.kernels.balls import lower, upper
from tapx.kernels.best_kernel import best_kernel
from tapx.kernels.distances import l1_distance, l2_distance
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.windows import Decay
from tapx.limits import hankel_rank, rank

Z, ZETA2, ZETA3 = math.exp(-1), math.pi**2 / 6, 1.2020569031595942
LAGS = np.arange(1, 4_000_000.0)
NEAR = LAGS[:200_000]
MILLION, THOUSAND = Fraction(1, 10**6), Fraction(1, 1000)
SQUARE = Kernel.of("power", [2], [1])


def norm(values):
    """The l1 norm of values at the first lags, and of an inverse square beyond them."""
    return np.abs(values).sum() + 1 / len(values)


def lin(rates, weights):
    return Kernel.of("lin", rates, weights)


def log(rates, weights):
    return Kernel.of("log", rates, weights)


def beyond_the_walk():
    """Deltas where lags are no longer summed one by one: 1 - k takes the place of k."""
    for lag in (255, 256, 257, 300, 10**6):
        slow = 1 / -math.expm1(-1e-3) + 1 - 2 * math.exp(-1e-3 * lag)
        yield l1_distance, SQUARE, Delta(lag), ZETA2 + 1 - 2 / lag**2, 1e-12
        yield l1_distance, log([2], [0]), Delta(lag), 1, 0
        yield l1_distance, lin([THOUSAND], [1]), Delta(lag), slow, 1e-12


def near_the_square():
    """Two changes of sign may be for each exponential; here are fewer."""
    for rates, weights in (
        ([1.0], [0.01]),
        ([1.0], [1e-3]),
        ([1.0], [1e-300]),
        ([1.0, 0.1], [0.3, 0.002]),
        ([1.0, 0.01], [2.0, 1e-7]),
        ([0.001], [1e-9]),
    ):
        near = Kernel.of("lin", rates, weights, SQUARE)
        value = norm(NEAR**-2 - summed(near, NEAR))
        yield (lambda kernel, _: zeros.l1_distance(kernel)), near, None, value, 1e-9


KNOWN = [
    (l1_distance, lin([1], [1]), None, 1 / (1 - Z), 1e-14),
    (l2_distance, lin([1], [1]), None, (1 - Z * Z) ** -0.5, 1e-14),
    (l1_distance, SQUARE, None, ZETA2, 1e-14),
    (l2_distance, SQUARE, None, math.pi**2 / 90**0.5, 1e-14),
    (l1_distance, lin([1, 2], [3, -1]), lin([2, 1], [-1, 3]), 0, 0),
    (l2_distance, lin([1, 2], [3, -1]), lin([2, 1], [-1, 3]), 0, 0),
    # s^-2 - 2 s^-3 is negative at s = 1, zero at s = 2 and positive after.
    (l1_distance, log([2, 3], [1, -2]), None, ZETA2 - 2 * ZETA3 + 2, 1e-12),
    # Zeros far out, at a lag, and a double one.
    (
        *(l1_distance, log([2, 3], [1, -256]), None),
        *(norm(LAGS**-2 - 256 * LAGS**-3), 1e-5),
    ),
    (
        *(l1_distance, log([2, 3, 4], [1, -2000, 10**6]), None),
        *(norm((1 / LAGS - 1000 / LAGS**2) ** 2), 1e-5),
    ),
    # x - 2 x^2 with x = exp(-s / 10^6) changes sign at s = 10^6 log 2.
    (l1_distance, lin([MILLION, 2 * MILLION], [1, -2]), None, 5e5, 1e-5),
    *beyond_the_walk(),
    *near_the_square(),
]


@pytest.mark.parametrize(("distance", "kernel", "target", "value", "relative"), KNOWN)
def test_distances(distance, kernel, target, value, relative):
    found = distance(kernel, target)
    assert float(found.mid()) == pytest.approx(value, rel=relative, abs=0)
    assert upper(found) - lower(found) <= 1e-11 * upper(found)


def floor(target, heads, family, norm):
    """What no kernel comes below: in l1 1 with too few heads."""
    if norm == "l2":
        return rank.lower_bound(target, heads, family)
    return float(heads < Family.of(family).heads_to_recall(target.lag))


HEAVY, LIGHT = Decay(LOG, 0.5), Decay(LIN, 5.0)
FOUND = [
    # target, heads, family, norm, bits; the distance, relative, and what share of it
    # the floor reaches
    (HEAVY, 1, "lin", "l2", 53, 1.8683740, 1e-5, 0.01),
    (HEAVY, 2, "lin", "l2", 53, 0.2123618, 1e-5, 0.01),
    (HEAVY, 4, "lin", "l2", 53, 1.693445e-3, 1e-5, 0.01),
    (HEAVY, 8, "lin", "l2", 53, 3.949859e-8, 1e-5, 0.01),
    (LIGHT, 1, "log", "l2", 53, 4.603110e-12, 1e-5, 0),
    # Errors that spread rates reach, where exactly optimal rates lose to rounding.
    (LIGHT, 2, "log", "l2", 53, 1.8e-17, 1, 0),
    (LIGHT, 3, "log", "l2", 53, 5e-22, 1, 0),
    (LIGHT, 4, "log", "l2", 53, 2.5e-23, 1, 0),
    (LIGHT, 5, "log", "l2", 53, 5e-24, 1, 0),
    (LIGHT, 6, "log", "l2", 53, 2.5e-24, 1, 0),
    (LIGHT, 8, "log", "l2", 53, 2.5e-24, 1, 0),
    # A family is exact on its own kind.
    (HEAVY, 1, "log", "l2", 53, 5e-29, 1, 0),
    (LIGHT, 1, "lin", "l2", 53, 5e-29, 1, 0),
    # Too few heads do nothing.
    (Delta(4), 4, "lin", "l1", 53, 1, 0, 1),
    (Delta(4), 3, "log", "l1", 53, 1, 0, 1),
    (Delta(7), 12, "lin", "l1", 48, 0.00905, 1e-2, 0),
]


@pytest.mark.parametrize(
    ("target", "heads", "family", "norm", "bits", "value", "relative", "share"), FOUND
)
def test_kernels(target, heads, family, norm, bits, value, relative, share):
    found = best_kernel(target, heads, family, norm, bits)
    error = upper(found.l1_error) if norm == "l1" else found.mse
    assert error == pytest.approx(value, rel=relative, abs=0)
    assert share * error <= floor(target, heads, family, norm) <= error


@pytest.mark.parametrize("power", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("heads", [1, 3, 4, 8, 9, 12])
def test_exponentials_for_a_power(power, heads):
    """Floor, sum over many lags and certificate are in order."""
    kernel = shortest.shortest(power, heads)
    assert kernel.heads == heads
    assert min(kernel.float_weights) > 0
    seen = np.abs(summed(kernel, NEAR) - NEAR**-power).sum()
    beyond = NEAR[-1] ** (1 - power) / (power - 1)
    certified = shortest.certified_error(power, heads)
    # The sum in floats is right to some 1e-12 of itself.
    assert seen * (1 - 1e-12) <= certified <= (seen + beyond) * (1 + 1e-12)
    assert float(zeros.l1_distance(kernel).rad()) < 1e-20
    assert hankel_rank.lower_bound(power, heads, 1e4) <= certified
