"""Theorems 4.1 and 4.4, Propositions 4.3 and 4.5, built: adaptive memories.

One engine (`staged`) builds all of them; they differ in what each layer does and in
how the token enters the logits.
"""

from tapx.adaptive_targets import AdaptiveMemory
from tapx.constructions import staged, stages
from tapx.constructions.built_stages import BuiltStages


def _refuse_depth(target: AdaptiveMemory, result: str) -> None:
    if target.depth:
        raise ValueError(
            f"{result} is about lags that the current token chooses, depth 0, not "
            f"{target.depth}; for nested memories use constructions.nested"
        )


def adaptive(
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
    _refuse_depth(target, "Theorem 4.1")
    plan = stages.warm_up(len(target.tables))
    pointers = "log" if position == "log" else "lag"
    return staged.build(
        *(target, plan, heads, position, width, kernel, "dot", pointers, length, seed)
    )


def tmx(
    target: AdaptiveMemory,
    heads: int,
    position: str = "lin",
    width: int | None = None,
    kernel: str = "best",
    *,
    length: int = 64,
    seed: int = 0,
) -> BuiltStages:
    """Proposition 4.3, mended: the same with logits ``p (phi(s) - phi(w . x_t))``.

    The stream holds the lags themselves, with lin as with log: ``phi_log(w . x)`` is
    ``-log g`` only if ``w . x`` is g. The paper's proof takes the stream of Theorem
    4.1, which holds ``log g`` with log; the chapter on TMX shows what comes of that.

    Arguments, result and errors as :func:`adaptive`; the score is "tmx".
    """
    _refuse_depth(target, "Proposition 4.3")
    plan = stages.warm_up(len(target.tables))
    return staged.build(
        *(target, plan, heads, position, width, kernel, "tmx", "lag", length, seed)
    )


def nested(
    target: AdaptiveMemory,
    heads: int,
    position: str = "lin",
    width: int | None = None,
    kernel: str = "best",
    *,
    length: int = 64,
    seed: int = 0,
) -> BuiltStages:
    """The network of Theorem 4.4: layer l + 1 fetches the token that layer l points at.

    ``K + 1`` layers, and one more if ``M > K``. The memories from K + 1 on are fetched
    together by the last layer, which shares its heads among them.

    Args:
        target: of any depth; its readout must be a `TwoLayerNet`.
        heads: heads of each layer.
        position: "lin" or "log".
        width: as in :func:`adaptive`.
        kernel: as in :func:`adaptive`.
        length: as in :func:`adaptive`.
        seed: as in :func:`adaptive`.

    Raises:
        ValueError: as :func:`adaptive`, and where the heads are too few for the
            condition of the theorem: the attention's errors, times the slope of the
            next memory function, must not reach the rounding's threshold.
    """
    plan = stages.nested(len(target.tables), target.depth)
    pointers = "log" if position == "log" else "lag"
    return staged.build(
        *(target, plan, heads, position, width, kernel, "dot", pointers, length, seed)
    )


def deep(
    target: AdaptiveMemory,
    heads: int,
    position: str = "lin",
    width: int | None = None,
    kernel: str = "best",
    *,
    length: int = 64,
    seed: int = 0,
) -> BuiltStages:
    """The network of Proposition 4.5: a layer for each memory of a warm-up target.

    ``M + 1`` layers. Every memory has all heads of its layer, and every memory
    function the whole width of its FFN. Arguments and errors as :func:`adaptive`.
    """
    _refuse_depth(target, "Proposition 4.5")
    plan = stages.deep(len(target.tables))
    pointers = "log" if position == "log" else "lag"
    return staged.build(
        *(target, plan, heads, position, width, kernel, "dot", pointers, length, seed)
    )
