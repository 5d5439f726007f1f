"""The right-hand sides of section 4, adaptive memories, with explicit constants.

The attention's part is that of Lemmas F.2 and F.5, which hold for every adaptive lag up
to T. The width's part is a condition: the feed-forward network must come so near to
the memory functions that rounding makes them exact. Both have the same shape in
Theorems 4.1 and 4.4 and in Proposition 4.5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from tapx.checks import at_least
from tapx.kernels.family import Family
from tapx.theorems import lemmas
from tapx.theorems.theorem_3_1 import Readout, head_shares


@runtime_checkable
class AdaptiveTarget(Protocol):
    """What a bound needs to know of a target with adaptive memories."""

    largest_lags: tuple[int, ...]
    input_dimension: int
    readout: Readout


def group_error(largest_lag: int, heads: int, order: int, position: str) -> float:
    """Lemma F.2 (lin) or F.5 (log) for one group; ``inf`` for fewer heads than order.

    Raises:
        ValueError: an unknown position function, an order or a lag below 1.
    """
    family = Family.of(position)
    at_least(1, order=order, largest_lag=largest_lag)
    if heads < order:
        return math.inf
    return lemmas.recall_bound(family, largest_lag, heads, order)


def one_layer_error(
    largest_lags: Sequence[int], heads: int, order: int, position: str
) -> float:
    """E_Attn of Theorem 4.1: one layer whose heads are shared out as in the proof.

    The same expression as in Theorem 3.1, with the largest values ``T_i`` of the memory
    functions for the fixed lags. It holds for every token at once.
    """
    lags = tuple(largest_lags)
    shares = [math.floor(heads * s) for s in head_shares(lags, position)]
    groups = zip(lags, shares, strict=True)
    return math.hypot(*(group_error(lag, m, order, position) for lag, m in groups))


def layered_error(
    largest_lags: Sequence[int], depth: int, heads: int, order: int, position: str
) -> float:
    """E_Attn of Theorem 4.4: the first `depth` memories have a layer each.

    The others share one layer, as in Theorem 4.1. ``depth = 0`` gives Theorem 4.1, and
    ``depth = len(largest_lags)`` Proposition 4.5.

    Args:
        largest_lags: T_1, ..., T_M.
        depth: K, 0 to M.
        heads: H of every layer.
        order: n of the lemmas.
        position: "lin" or "log".

    Raises:
        ValueError: a depth out of range, or as :func:`group_error`.
    """
    lags = tuple(largest_lags)
    if not 0 <= depth <= len(lags):
        near = min(max(depth, 0), len(lags))
        raise ValueError(
            f"depth {depth} with {len(lags)} memories: allowed is 0 to {len(lags)}; "
            f"the nearest is {near}"
        )
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
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, not {tolerance}")
    one = lemmas.readout(norm, 1, dimension, radius)
    return math.floor((one / tolerance) ** 2) + 1


def total_error(
    target: AdaptiveTarget, attention: float, width: int | None = None
) -> float:
    """``E_FFN + ||f||_Lip E_Attn``, the common form of all these bounds.

    Args:
        target: with a readout of known Barron norm and Lipschitz constant.
        attention: E_Attn.
        width: neurons of the readout; None if the network holds f exactly, and E_FFN
            is 0.

    Returns:
        The bound. The readout is approximated on the box of half-side
        ``max(2, 1 + E_Attn)``.
    """
    if math.isinf(attention):
        return math.inf
    feed_forward = 0.0
    if width is not None:
        dimension = (len(target.largest_lags) + 1) * target.input_dimension
        radius = max(2.0, 1 + attention)
        feed_forward = lemmas.readout(target.readout.norm, width, dimension, radius)
    return feed_forward + target.readout.lipschitz * attention
