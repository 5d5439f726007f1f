"""The right-hand sides of section 4, adaptive memories, with explicit constants.

The attention's part is that of Lemmas F.2 and F.5, which hold for every adaptive lag up
to T. The width's part is a condition: the feed-forward network must come so near to
the memory functions that rounding makes them exact. Both have the same shape in
Theorems 4.1 and 4.4 and in Proposition 4.5, and so have their arguments:

- ``largest_lags``: ``T_1, ..., T_M``, the largest values of the memory functions;
- ``depth``: K, from 0 to M; the first K memories have a layer each;
- ``heads``: H of every layer, shared out as in the proof;
- ``order``: n of the lemmas; ``position``: "lin" or "log";
- ``norms`` and ``slopes``: Barron norms and Lipschitz constants of the memory
  functions, of the g_i with lin and of the log g_i with log.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tapx.checks import above, at_least
from tapx.kernels.family import Family
from tapx.targets import adaptive
from tapx.theorems import lemmas
from tapx.theorems.theorem_3_1 import attention_error


def check_norms(norms: Sequence[float], largest_lags: Sequence[int]) -> None:
    """Refuse (ValueError) another number of norms than of memories."""
    if len(norms) != len(largest_lags):
        raise ValueError(
            f"{len(norms)} norms for {len(largest_lags)} memories; one each is needed"
        )


def group_error(largest_lag: int, heads: int, order: int, position: str) -> float:
    """Lemma F.2 (lin) or F.5 (log) for one group; ``inf`` for fewer heads than order.

    ValueError for another position function, or an order or a lag below 1.
    """
    family = Family.of(position)
    at_least(1, order=order, largest_lag=largest_lag)
    if heads < order:
        return math.inf
    return lemmas.recall_bound(family, largest_lag, heads, order)


def one_layer_error(
    largest_lags: Sequence[int], heads: int, order: int, position: str
) -> float:
    """E_Attn of Theorem 4.1, for every token at once.

    The same expression as in Theorem 3.1, with the largest lags for the fixed ones.
    """
    return attention_error(tuple(largest_lags), heads, order, position)


def layered_error(
    largest_lags: Sequence[int], depth: int, heads: int, order: int, position: str
) -> float:
    """E_Attn of Theorem 4.4: the first `depth` memories have a layer each.

    The others share one layer, as in Theorem 4.1. ``depth = 0`` gives Theorem 4.1, and
    ``depth = len(largest_lags)`` Proposition 4.5. ValueError for a depth out of range,
    or as :func:`group_error`.
    """
    lags = tuple(largest_lags)
    adaptive.check_depth(depth, len(lags))
    alone = [group_error(lag, heads, order, position) for lag in lags[:depth]]
    rest = lags[depth:]
    together = one_layer_error(rest, heads, order, position) if rest else 0.0
    return math.hypot(*alone, together)


def sampling_width(
    norm: float, dimension: int, tolerance: float, radius: float = 1.0
) -> int:
    """Neurons with which some net is within `tolerance` on ``[-radius, radius]^D``.

    The least m at which :func:`lemmas.readout` is below the tolerance:
    ``m > (4 max(radius, 1) sqrt(D+1) norm / tolerance)^2``. It is the paper's
    ``~ ||g||_B^2`` (lin) or ``~ ||log g||_B^2 T^2`` (log), constants spelt out.

    Args:
        norm: Barron norm of g (lin) or log g (log), or a bound of it.
        dimension: numbers that g reads, at least 1.
        tolerance: the error to stay below, above 0.
        radius: half the side of the box of what g reads.

    Raises:
        ValueError: a tolerance that is not positive, or as :func:`lemmas.readout`.
    """
    above(0, tolerance=tolerance)
    one = lemmas.readout(norm, 1, dimension, radius)
    return math.floor((one / tolerance) ** 2) + 1
