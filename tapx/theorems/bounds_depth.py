"""Proposition 4.5 with explicit constants: what a layer for each memory saves.

Beside Theorem 4.1's network of two layers, on lags that the current token chooses.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapx.theorems import bounds_adaptive, bounds_nested
from tapx.theorems.bounds_adaptive import AdaptiveTarget


def proposition_4_5(
    target: AdaptiveTarget, heads: int, order: int, position: str
) -> float:
    """Proposition 4.5: a layer for each memory, functions of ``x_t`` alone.

    The readout and the memory functions are held exactly. No condition on H is left,
    since ``x_t`` carries no error.
    """
    lags = target.largest_lags
    attention = bounds_adaptive.layered_error(lags, len(lags), heads, order, position)
    return bounds_adaptive.total_error(target, attention)


def deep_widths(
    norms: Sequence[float],
    largest_lags: Sequence[int],
    input_dimension: int,
    position: str,
) -> tuple[int, int]:
    """Width for the memory functions of 4.5's network and of 4.1's: (largest, sum).

    Both round functions of the exact token ``x_t``, so each memory needs the same
    neurons in either: :func:`tapx.theorems.bounds_adaptive.rounding_width`.
    """
    each = bounds_adaptive.rounding_width(
        norms, largest_lags, input_dimension, position
    )
    return max(each), sum(each)


def attention_heads(
    largest_lags: Sequence[int],
    depth: int,
    error: float,
    order: int,
    position: str,
) -> int:
    """The fewest heads a layer at which the bound of E_Attn is at most `error`.

    Raises:
        ValueError: an error that is not positive or that a thousand million heads do
            not reach, or as :func:`tapx.theorems.bounds_adaptive.layered_error`.
    """
    if not error > 0:
        raise ValueError(f"error must be above 0, not {error}")

    fewest = bounds_nested.fewest_heads(
        lambda heads: (
            bounds_adaptive.layered_error(largest_lags, depth, heads, order, position)
            <= error
        )
    )
    if fewest is None:
        raise ValueError(
            f"error {error}: {bounds_nested.MOST_HEADS} heads do not reach it at order "
            f"{order}; the nearest valid choice is a larger error or order"
        )
    return fewest
