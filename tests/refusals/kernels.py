"""What `tapx.kernels` refuses."""

import math
from fractions import Fraction

from flint import fmpq
from made_calls import each

from tapx.kernels import (
    adaptive,
    balls,
    distances,
    proofs,
    quadrature,
    search,
    window_search,
    zeros,
)
from tapx.kernels.adaptive import AdaptiveKernel
from tapx.kernels.decaying import bumps
from tapx.kernels.distances import l1_distance, l2_distance
from tapx.kernels.family import LOG, Family, heads_to_recall
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.nearest import in_float64, kernel_for
from tapx.kernels.quadrature import Trapezoid
from tapx.kernels.shortest import fewest, shortest
from tapx.kernels.solve import interpolation, projection
from tapx.kernels.windows import Decay

LIGHT = Kernel.of("exponential", [1, 3], [1, -0.5])
HEAVY = Kernel.of("power", [3], [1])
SLOW = Kernel.of("power", (fmpq(1, 2),), (1,))
TINY = Fraction(1, 10**20)
NEAR = Kernel.of("power", (1 + TINY, 1 + 2 * TINY), (1, -3))
PAIRS = [Kernel.of(name, (2, 3), (1, -1)) for name in ("exponential", "power")]
READ = [(kernel, origin) for kernel in PAIRS for origin in (0, -3)]


def away(*target, family="exponential", power=1.0):
    against = [Kernel.of(*one) for one in target]
    return lambda: zeros.deviation(Kernel.of(family, [power], [1.0], *against))


def windowed(*given):
    return window_search.best(Decay(LOG, 0.5), *given)


def fixed(target, lags=(1,)):
    return adaptive.from_fixed(Kernel.of("power", [2], [1], target), lags)


VALUE_ERROR = {
    "'pwoer'; did you mean 'power'": lambda: Family.of("pwoer"),
    "did you mean 'exponential'": lambda: Kernel.of("exponentail", (1,), (1,)),
    "'exponental'; did you mean 'exponential'": lambda: windowed(1, "exponental"),
    "unknown position function or family 'powers'; did you mean 'power'": (
        lambda: adaptive.best((2,), 3, "powers"),
        lambda: bumps(LIGHT, 8, "powers"),
        lambda: search.best_delta(3, 2, "powers"),
    ),
    "heads=0: give at least 1": (
        lambda: windowed(0, "power"),
        lambda: adaptive.best((1, 2), 0, "power"),
        lambda: bumps(LIGHT, 0, "exponential"),
        lambda: search.best_delta(3, 0, "power"),
        lambda: kernel_for([0.5, 1.0], 0, "exponential", "fitted", 0),
    ),
    "lag 0: log heads see lags from 1 on": (
        lambda: LOG.heads_to_recall(0),
        lambda: Kernel.of("power", (2,), (1,), Delta(0)),
        lambda: bumps(LIGHT, 8, "power", first=0),
        lambda: search.best_delta(0, 2, "power"),
    ),
    "lag -1: lin heads see lags from 0 on": lambda: heads_to_recall(-1),
    # Kernels
    "2 rates and 1 weights": lambda: Kernel.of("power", (1, 2), (1,)),
    "rate 0.0: rates must be positive": lambda: Kernel.of("power", (0,), (1,)),
    "two heads .* must be distinct": lambda: Kernel.of("power", (2, 2), (1, 1)),
    "inf is not a finite number": lambda: Kernel.of("power", (math.inf,), (1,)),
    "lag -1 is negative; .* is 0": lambda: Delta(-1),
    "at least one rate": lambda: projection([], Delta(1), "power"),
    "2 rates need 2 lags of at least 1": lambda: interpolation(
        [1, 2], Delta(1), "power", lags=[0, 1]
    ),
    "order=-1: give at least 0": lambda: proofs.bump_derivative(-1),
    "beyond float64's range": lambda: in_float64(
        bumps(LIGHT, 500, "exponential", 0.1, 0.1)
    ),
    # Distances
    "origin (0|-3): an adaptive lag is at": (
        *each(l1_distance, *((kernel, None, 30, origin) for kernel, origin in READ)),
        *each(distances.value, *((kernel, 3, origin) for kernel, origin in READ)),
    ),
    "rate 0.5: a power is summable over all lags only above 1": (
        lambda: l1_distance(SLOW),
        lambda: AdaptiveKernel.of("power", [0.5], [1], (1,)).uniform_error,
    ),
    "square summable only above 1/2": lambda: l2_distance(SLOW),
    "rates 0.5 and 0.5 have no finite inner": lambda: distances.inner(SLOW, SLOW),
    r"one power s\^-b with b > 1": (
        away(("power", [1], [1])),
        away(),
        away(("power", [2], [1]), family="power", power=2.0),
        away(("power", [2], [2])),
        away(("power", [2, 3], [1, 1])),
    ),
    # Adaptive lags
    "at least one memory lag": lambda: AdaptiveKernel.of("power", [2], [1], ()),
    "memory lag 0 is below 1": lambda: AdaptiveKernel.of("power", [2], [1], (0,)),
    "lag 3 is none of .1, 4.; the nearest is 4": lambda: AdaptiveKernel.of(
        "power", [2], [1], (1, 4)
    ).l1_error(3),
    "largest_lag=0: give at least 1": lambda: adaptive.bump(0, 4, "power"),
    "must ascend from 1": lambda: search.best_scaled((2, 1), 3),
    "largest valid one is 2": lambda: fixed(Delta(2), (1, 3)),
    "a delta at a lag of at least 1": lambda: fixed(None),
    # Bumps of a kernel that decays
    r"alpha=(0\.0|-1\.0): give a finite number above 0": (
        lambda: bumps(LIGHT, 8, "lin", alpha=0),
        lambda: proofs.bump(2, 8, "lin", alpha=-1),
    ),
    r"gamma=0\.0: give a finite number above 0": lambda: proofs.bump(
        2, 8, "lin", gamma=0
    ),
    "above gamma = 1.5 only": lambda: bumps(LIGHT, 8, "lin", gamma=1.5),
    "above 1 [+] gamma = 3 only": lambda: bumps(HEAVY, 8, "power", gamma=2),
    "use power heads": lambda: bumps(HEAVY, 8, "exponential"),
    # Powers as sums of exponentials
    "power (0.5|1|inf): summable over all lags only above 1": (
        lambda: Trapezoid(1, 1.0, 0, 3),
        lambda: quadrature.rule(0.5, 0.1),
        *each(shortest, (1.0, 3), (math.inf, 3)),
    ),
    "allowed are steps above 0 up to 3": each(
        Trapezoid, (2, 0.0, 0, 3), (2, 3.5, 0, 3)
    ),
    "last 3 must be above first 3": lambda: Trapezoid(2, 1.0, 3, 3),
    "errors from 1e-12 to 0.5": each(quadrature.rule, (2, 1e-13), (2, 0.6)),
    "heads (0|73): allowed are 1 to 72": each(shortest, (2.0, 0), (2.0, 73)),
    r"error=(0\.0|-0\.5|nan): give a finite number above 0": each(
        fewest, (2.0, 0.0), (2.0, -0.5), (2.0, math.nan)
    ),
    # Searches
    "weight_bits 1: allowed are 2 to 2000": lambda: search.best_delta(3, 2, "power", 1),
    "window 2 to 9: first is 0 or 1": lambda: windowed(1, "power", 2, 9),
    "rate -1.0: give a positive finite number": lambda: Decay(LOG, -1.0),
}
TYPE_ERROR = {
    "1.5 not inst|value: 1.5|numbers, not 1.5": lambda: AdaptiveKernel.of(
        "power", [2], [1], (1.5,)
    ),
    "1.5 not inst|value: 1.5|number, not 1.5": lambda: Delta(1.5),
    "origin must be a whole number, not": each(
        balls.whole, *((value, "origin") for value in (2.5, True, math.nan, "2"))
    ),
}
PRECISION_ERROR = {"apart; spread them": lambda: l1_distance(NEAR)}
