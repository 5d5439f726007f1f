"""Proposition 4.5, built and bounded: a layer for each memory instead of heads.

What it saves beside Theorem 4.1's network of two layers, on lags that the current
token chooses.

Example:
    >>> net = tapx.TwoLayerNet([1], [[0, 1]])
    >>> target = tapx.AdaptiveMemory([[-1], [1]], [[1, 2]], net)
    >>> built = tapx.proposition_4_5.construct(target, 4, "lin")
    >>> len(built.model.attentions), tapx.outward(built.error, 2)
    (2, '2.9e-06')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapx.checks import MOST, above, fewest
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import adaptive_errors, staged, stages, theorem_3_1, theorem_4_1
from tapx.theorems.staged_built import BuiltStages


def bound(target: AdaptiveMemory, heads: int, order: int, position: str) -> float:
    """Proposition 4.5: a layer for each memory, functions of ``x_t`` alone.

    The readout and the memory functions are held exactly. No condition on H is left,
    since ``x_t`` carries no error.
    """
    lags = target.largest_lags
    attention = adaptive_errors.layered_error(lags, len(lags), heads, order, position)
    return theorem_3_1.total_error(target, attention)


def widths(
    norms: Sequence[float],
    largest_lags: Sequence[int],
    input_dimension: int,
    position: str,
) -> tuple[int, int]:
    """Width for the memory functions of 4.5's network and of 4.1's: (largest, sum).

    Both round functions of the exact token ``x_t``, so each memory needs the same
    neurons in either: :func:`tapx.theorems.theorem_4_1.rounding_width`.
    """
    each = theorem_4_1.rounding_width(norms, largest_lags, input_dimension, position)
    return max(each), sum(each)


def attention_heads(
    largest_lags: Sequence[int],
    depth: int,
    error: float,
    order: int,
    position: str,
) -> int:
    """The fewest heads a layer at which the bound of E_Attn is at most `error`.

    ValueError for an error that is not positive or that a thousand million heads do not
    reach, or as :func:`tapx.theorems.adaptive_errors.layered_error`.
    """
    above(0, error=error)
    found = fewest(
        lambda heads: (
            adaptive_errors.layered_error(largest_lags, depth, heads, order, position)
            <= error
        )
    )
    if found is None:
        raise ValueError(
            f"error {error}: {MOST} heads do not reach it at order "
            f"{order}; the nearest valid choice is a larger error or order"
        )
    return found


def construct(
    target: AdaptiveMemory, heads: int, position: str = "lin", **options: Any
) -> BuiltStages:
    """The network of Proposition 4.5: a layer for each memory of a warm-up target.

    ``M + 1`` layers. Every memory has all heads of its layer, and every memory
    function the whole width of its FFN. Arguments and errors as
    :func:`tapx.theorems.theorem_4_1.construct`.
    """
    staged.refuse_depth(target, "Proposition 4.5")
    plan = stages.deep(len(target.tables))
    return staged.build(target, plan, heads, position, **options)
