"""What float64 loses in sums over the lag whose terms decay, for inputs of any length.

A sum of n numbers in float64, in whatever order, errs by less than n units of the sum
of their sizes: that alone would let a certificate grow with the length of the input.
But adding a number errs by no more than the number itself. So of terms that decay only
the first N count, and the others at most with their sum:

``error <= N u sum_s |t_s| + sum_{s>=N} |t_s|``,  up to a factor ``1 + 2 n u``.

Proof. Each addition of a and b errs by at most ``min(u |a + b|, |a|, |b|)``, since a
and b are numbers of float64 themselves. Additions whose two sides both have one of the
first N terms are fewer than N. In every other one a side has none of them; the sums of
all such sides are disjoint parts of the terms from N on.
"""

import math
from collections.abc import Callable

import numpy as np

from tapx.kernels.family import LIN, Family

UNIT = 2.0**-53  # unit roundoff of float64

LONGEST = 2**40
"""Tokens of the longest input that is meant by "any length"."""

DIRECT = 4096
"""Lags summed one by one; those beyond are bounded in closed form."""

COUNTS = tuple(2**k for k in range(6, 25))
"""The N that are tried."""

CHUNK = 32
"""At least the tokens of a chunk of `tapx.network.scanned`, and the chunks of a group,
whose states carry over: a term is in one sum of each, and in one for each group."""

SLACK = 1 + 2.0**-11
"""Covers the factor ``1 + 2 n u`` up to `LONGEST` tokens."""


def check_length(length: float) -> float:
    """The length, or `LONGEST` for infinity; ValueError beyond 1 to `LONGEST`."""
    if length == math.inf:
        return LONGEST
    if not 1 <= length <= LONGEST:
        raise ValueError(
            f"length {length}: allowed are 1 to 2^40 tokens, or math.inf for these"
        )
    return length


def decay_sums(
    rates: np.ndarray, family: Family, length: float, start: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Upper bounds of ``sum_s e^-x`` and of ``sum_s x e^-x``, ``x = rate phi(s)``.

    Two arrays, one number a head, like the rates, which are positive, and above 1 for
    powers. Phi is the depth of the family, ``s`` or ``log s``, and s runs from the
    start, or the first lag that the family sees, to ``length - 1``.
    """
    first = family.first_lag if start is None else start
    stop = int(min(length, max(DIRECT, first)))
    lags = np.arange(first, stop, dtype=float)
    exponents = rates[:, None] * family.depth(lags)
    sizes = np.exp(-exponents)
    plain, weighted = sizes.sum(1), (exponents * sizes).sum(1)
    if length > stop:
        beyond = _exponential_tails if family is LIN else _power_tails
        far, far_weighted = beyond(rates, max(stop, 4))
        plain, weighted = plain + far, weighted + far_weighted
    return plain * (1 + 2.0**-36), weighted * (1 + 2.0**-36)


def _exponential_tails(rates: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    ratio, gap = np.exp(-rates), -np.expm1(-rates)
    plain = np.exp(-rates * start) / gap
    return plain, rates * plain * (start + ratio / gap)


def _power_tails(rates: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Integrals from the lag before on: both terms fall there, for rates above 1."""
    edge, over = math.log(start - 1), np.maximum(rates - 1, 1e-300)
    plain = np.exp(-over * edge) / over
    return plain, rates * plain * (edge + 1 / over)


def lost(length: float, size: float, tail: Callable[[int], float]) -> float:
    """Bound of the error of a sum of at most `length` terms, in any order.

    The size bounds the sum of their absolute values, the tail that of all but the
    first N.
    """
    best = length * UNIT * size
    for count in COUNTS:
        if count * UNIT * size >= best:
            break
        best = min(best, SLACK * (count * UNIT * size + tail(count)))
    return best


def head_by_head(
    weights: np.ndarray,
    rates: np.ndarray,
    family: Family,
    length: float,
    *,
    units: float | np.ndarray,
    phi_units: float,
    evaluation: str,
    origin: float = 0.0,
) -> float:
    """What float64 adds if each head sums over the lags before the heads are summed.

    The sum of ``weights[h] e^-(rate_h (phi(s) - origin)) x_s`` over tokens of norm at
    most 1, the origin included in each term.

    Args:
        weights: one a head.
        rates: one a head.
        family: of the heads.
        length: lags, from 0 on.
        units: what a term loses apart from ``rate * phi(s)`` and the sum over lags,
            one number, or one a head.
        phi_units: lost for each unit of ``rate * phi(s)``.
        evaluation: "dense", "last" or, for exponentials, "recurrence": there a term
            of lag s has gone through s products and sums, or through as many as there
            are groups of chunks and another 2 `CHUNK`.
        origin: phi of the adaptive lag.
    """
    plain, weighted = decay_sums(rates, family, length)
    terms = units * plain + phi_units * weighted
    if evaluation == "recurrence":
        terms += 3 * weighted + 8 * weighted / rates
        terms += (3 * CHUNK * rates + 3 * CHUNK + 16) * plain
    lift = np.abs(weights) * np.exp(rates * origin)

    def tail(count: int) -> float:
        return float(lift @ decay_sums(rates, family, length, count)[0])

    return UNIT * float(lift @ terms) + lost(length, float(lift @ plain), tail)
