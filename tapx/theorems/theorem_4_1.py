"""Theorem 4.1, built: memories at lags that the current token chooses."""

from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import staged, stages
from tapx.theorems.staged_built import BuiltStages


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
        length: the longest input, in tokens, for which `error` accounts for rounding;
            inputs of any length are covered in exact arithmetic, and in float64 by
            `error_for`.
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
    pointers = "log" if position == "log" else "lag"
    return staged.build(
        *(target, plan, heads, position, width, kernel, "dot", pointers, length, seed)
    )
