"""Theorem 4.1, built and bounded: memories at lags that the current token chooses.

Example:
    >>> net = tapx.TwoLayerNet([1], [[0, 1]])
    >>> target = tapx.AdaptiveMemory([[-1], [1]], [[1, 2]], net)
    >>> built = tapx.theorem_4_1.construct(target, 4, "lin")
    >>> len(built.model.attentions), tapx.outward(built.error, 2)
    (2, '2.9e-06')
"""

import math
from collections.abc import Sequence

from tapx.readouts import memory_functions
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import adaptive_errors, staged, stages, theorem_3_1
from tapx.theorems.staged_built import BuiltStages


def rounding_width(
    norms: Sequence[float],
    largest_lags: Sequence[int],
    dimension: int,
    position: str,
    radius: float = 1.0,
) -> tuple[int, ...]:
    """For each memory, the neurons that make its rounding exact, for certain.

    Theorem 4.1 puts them side by side and needs the sum; Proposition 4.5 has a layer
    for each and needs the largest.

    Norms and largest lags are one a memory. Each reads `dimension` numbers, d for
    Theorem 4.1, from a box of half-side `radius`, and the tolerance is 1/2 (lin) or
    ``1 / (4 T_i)`` (log). ValueError for another number of norms than of lags, or as
    :func:`tapx.theorems.adaptive_errors.sampling_width`.
    """
    adaptive_errors.check_norms(norms, largest_lags)
    return tuple(
        adaptive_errors.sampling_width(
            norm, dimension, memory_functions.tolerance(lag, position), radius
        )
        for norm, lag in zip(norms, largest_lags, strict=True)
    )


def bound(
    target: AdaptiveMemory,
    norms: Sequence[float],
    heads: int,
    width: int,
    order: int,
    position: str,
) -> float:
    """Theorem 4.1: ``E_FFN + ||f||_Lip E_Attn`` with explicit constants.

    The target has depth 0, the width m is that of both feed-forward networks, and the
    rest is as in :mod:`tapx.theorems.adaptive_errors`.

    Returns:
        The bound; ``inf`` where a memory gets fewer heads than ``order``, or where the
        width is below the sum of :func:`rounding_width` and the one neuron of the
        constant, so that nothing is known of the rounded memories.
    """
    size = target.input_dimension
    needed = sum(rounding_width(norms, target.largest_lags, size, position)) + 1
    if width < needed:
        return math.inf
    attention = adaptive_errors.one_layer_error(
        target.largest_lags, heads, order, position
    )
    return theorem_3_1.total_error(target, attention, width)


def construct(
    target: AdaptiveMemory,
    heads: int,
    position: str = "lin",
    width: int | None = None,
    kernel: str = "best",
    *,
    length: int = 64,
    seed: int = 0,
) -> BuiltStages:
    """The two-layer network of Theorem 4.1: ``t_k = g_k(x_t)``.

    The first attention does nothing; the first FFN, with precision, writes the lags (or
    their logarithms) and a constant. In the second attention head h of group k has
    logit ``-rate_h (s - g_k)`` (lin) or ``-rate_h log(s / g_k)`` (log), the position
    and the dot product together. The second FFN is the readout.

    Args:
        target: depth 0; its readout must be a `TwoLayerNet`.
        heads: H, at least one a memory, shared out as in Theorem 3.1.
        position: "lin" (exponentials) or "log" (powers).
        width: neurons of each FFN. None makes the FFNs exact; fewer neurons than that
            takes are drawn by Maurey's sampling, and must still round to the right
            lags.
        kernel: "best" (found by search) or "bump" (the proof's own).
        length: as in :func:`tapx.theorems.theorem_3_1.construct`.
        seed: of sampled FFNs.

    Returns:
        The network with its certificate: without normalisation, score "dot",
        ``D = (M + 1)(d + 1)``.

    Raises:
        ValueError: unknown names, a nested target, too few heads or neurons, or
            weights that float64 cannot hold. TypeError: another readout.

    Numerically safe range: "best" keeps the weights small enough for float64; "bump"
    is unsafe from about 8 heads a memory on, and its certificate says so.
    """
    staged.refuse_depth(target, "Theorem 4.1")
    plan = stages.warm_up(len(target.tables))
    given = (target, plan, heads, position, width, kernel)
    return staged.build(*given, length=length, seed=seed)
