"""Theorem 4.4, built and bounded: nested memories, and what they ask of the heads.

In a nested network a memory function reads tokens that attention has fetched, hence
with an error. Rounding removes it only if the error times the slope of the function
stays within a tolerance. That is a condition on the number of heads, and here it is
worked out: from the lemmas' bounds, or from the certified errors of kernels in hand.
Arguments that are not explained are those of `tapx.theorems.adaptive_errors`.

Example:
    >>> net = tapx.TwoLayerNet([1], [[0, 1]])
    >>> target = tapx.AdaptiveMemory([[-1], [1]], [[1, 2]], net)
    >>> built = tapx.theorem_4_4.construct(target, 4, "lin")
    >>> len(built.model.attentions), tapx.outward(built.error, 2)
    (2, '2.9e-06')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from tapx.checks import MOST, fewest
from tapx.readouts import memory_functions
from tapx.result import ORDERS
from tapx.targets.adaptive import AdaptiveMemory, check_depth
from tapx.theorems import adaptive_errors, staged, stages, theorem_3_1
from tapx.theorems.staged_built import BuiltStages

BOX = 2.0
"""Half-side of the box on which memory functions are approximated, as in the paper."""


def nested_tolerance(largest_lag: int, position: str) -> float:
    """What the slope times the accumulated attention error may come to: 4.4's proof.

    1/4 with lin, ``1 / (8 T_l)`` with log; the feed-forward network may err by as much
    again, and together they stay within what rounding removes. ValueError for a lag
    below 1, or another position function.
    """
    return memory_functions.tolerance(largest_lag, position) / 2


def nested_condition(
    errors: Sequence[float],
    slopes: Sequence[float],
    largest_lags: Sequence[int],
    depth: int,
    position: str,
) -> tuple[float, ...]:
    """For each memory, slope times accumulated error over the tolerance.

    The condition of Theorem 4.4 is that none exceeds 1. The errors are l1 distances of
    kernels, one a fetched token, or bounds of them. Memory number i reads ``x_t``,
    which is exact, and the first ``min(i - 1, K)`` fetched tokens. ValueError for
    numbers of errors, slopes and lags that differ, or a depth out of range.
    """
    if not len(errors) == len(slopes) == len(largest_lags):
        raise ValueError(
            f"{len(errors)} errors, {len(slopes)} slopes and {len(largest_lags)} lags: "
            "a memory has one of each"
        )
    check_depth(depth, len(largest_lags))
    ratios = []
    for i, (slope, lag) in enumerate(zip(slopes, largest_lags, strict=True)):
        read = math.hypot(*errors[: min(i, depth)])
        tolerance = nested_tolerance(lag, position)
        ratios.append(slope * read / tolerance if read else 0.0)
    return tuple(ratios)


def required_heads(
    largest_lags: Sequence[int],
    slopes: Sequence[float],
    depth: int,
    position: str,
    error: Callable[[int, int], float] | None = None,
) -> int:
    """The fewest heads a layer at which the nested condition holds.

    They are counted with ``error(T, H)``, what H heads leave on the token at a lag up
    to T, at most; it should not rise with H. None is for the lemmas' bound at its best
    order, :func:`group_bound`. It is 1 if no function reads a fetched token. ValueError
    as :func:`nested_condition`, or if not even a thousand million heads do.
    """
    found = fewest(
        lambda heads: _holds(largest_lags, slopes, depth, position, heads, error)
    )
    if found is None:
        raise ValueError(
            f"{MOST} heads do not meet the nested condition for lags "
            f"{list(largest_lags)} and slopes {list(slopes)}; the nearest valid choice "
            "is a smaller lag or a flatter memory function"
        )
    return found


def _holds(
    largest_lags: Sequence[int],
    slopes: Sequence[float],
    depth: int,
    position: str,
    heads: int,
    error: Callable[[int, int], float] | None = None,
) -> bool:
    """Whether so many heads meet the nested condition; `error` as above."""
    errors = [0.0] * len(largest_lags)
    nested_condition(errors, slopes, largest_lags, depth, position)
    given = error or (lambda lag, heads: group_bound(lag, heads, position))
    read = min(depth, len(largest_lags) - 1)  # tokens that some function reads
    errors[:read] = [given(lag, heads) for lag in largest_lags[:read]]
    ratios = nested_condition(errors, slopes, largest_lags, depth, position)
    return max(ratios) <= 1


@lru_cache(maxsize=4096)
def group_bound(largest_lag: int, heads: int, position: str) -> float:
    """Lemma F.2 (lin) or F.5 (log) at the order that makes it least."""
    return min(
        adaptive_errors.group_error(largest_lag, heads, order, position)
        for order in ORDERS
        if order <= heads
    )


def layer_widths(
    norms: Sequence[float],
    largest_lags: Sequence[int],
    depth: int,
    input_dimension: int,
    position: str,
) -> tuple[int, ...]:
    """Neurons of each inner layer that make its memory functions exact, for certain.

    Layer l = 1, ..., K computes ``g_l`` from l tokens, and layer K + 1 the others from
    K + 1 tokens, side by side. So the network's width is the largest of these:
    ``max_{l <= K} ||g_l||^2`` or ``sum_{l > K} ||g_l||^2`` with constants spelt out.
    With depth 0 it is the sum, and with ``depth`` M the maximum (Proposition 4.5
    reaches it for functions of ``x_t`` alone, see
    :func:`tapx.theorems.proposition_4_5.widths`).

    These are K or K + 1 numbers, without the neurons for the constants in the stream.
    """
    check_depth(depth, len(largest_lags))
    adaptive_errors.check_norms(norms, largest_lags)
    each = [
        adaptive_errors.sampling_width(
            norm,
            input_dimension * (min(i, depth) + 1),
            nested_tolerance(lag, position),
            BOX,
        )
        for i, (norm, lag) in enumerate(zip(norms, largest_lags, strict=True))
    ]
    rest = [sum(each[depth:])] if depth < len(each) else []
    return tuple(each[:depth] + rest)


def bound(
    target: AdaptiveMemory,
    depth: int,
    slopes: Sequence[float],
    heads: int,
    order: int,
    position: str,
    *,
    norms: Sequence[float] | None = None,
    width: int | None = None,
) -> float:
    """Theorem 4.4: ``E_FFN + ||f||_Lip E_Attn`` with explicit constants.

    The layers are counted with `depth`, whatever that of the target, and the order is
    that of E_Attn; the condition takes its best one. The width m is that of every
    layer, and needs the norms; None is for a network that holds f and the memory
    functions exactly. The rest is as in :mod:`tapx.theorems.adaptive_errors`.

    Returns:
        The bound; ``inf`` where the heads do not meet the nested condition, where the
        width is below what :func:`layer_widths` asks for, with one neuron for the
        constant, or where a fetched token may leave the box of the memory functions.

    Raises:
        ValueError: a width without norms, or as :func:`nested_condition`,
            :func:`layer_widths` and :func:`adaptive_errors.layered_error`.
        TypeError: a readout that is no `TwoLayerNet`.
    """
    lags = target.largest_lags
    if width is not None:
        if norms is None:
            raise ValueError("a width needs the norms of the memory functions")
        needed = layer_widths(norms, lags, depth, target.input_dimension, position)
        if width < max(needed) + 1:
            return math.inf
        # The memory functions are approximated on a box that must hold the tokens.
        read = lags[: min(depth, len(lags) - 1)]
        if any(group_bound(lag, heads, position) > BOX - 1 for lag in read):
            return math.inf
    if not _holds(lags, slopes, depth, position, heads):
        return math.inf
    attention = adaptive_errors.layered_error(lags, depth, heads, order, position)
    return theorem_3_1.total_error(target, attention, width)


def construct(
    target: AdaptiveMemory, heads: int, position: str = "lin", **options: Any
) -> BuiltStages:
    """The network of Theorem 4.4: layer l + 1 fetches the token that layer l points at.

    ``K + 1`` layers, and one more if ``M > K``. The memories from K + 1 on are fetched
    together by the last layer, which shares its heads among them.

    Arguments, for targets of any depth, and errors as
    :func:`tapx.theorems.theorem_4_1.construct`; ValueError also where the heads are too
    few for the condition of the theorem: the attention's errors, times the slope of the
    next memory function, must not reach the rounding's threshold.
    """
    plan = stages.nested(len(target.tables), target.depth)
    return staged.build(target, plan, heads, position, **options)
