"""Theorem 4.4, built: nested memories, one layer for each lag that points further."""

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
    """The network of Theorem 4.4: layer l + 1 fetches the token that layer l points at.

    ``K + 1`` layers, and one more if ``M > K``. The memories from K + 1 on are fetched
    together by the last layer, which shares its heads among them.

    Args:
        target: of any depth; its readout must be a `TwoLayerNet`.
        heads: heads of each layer.
        position: "lin" or "log".
        width: as in :func:`tapx.theorems.theorem_4_1.construct`.
        kernel: as in :func:`tapx.theorems.theorem_4_1.construct`.
        length: as in :func:`tapx.theorems.theorem_4_1.construct`.
        seed: as in :func:`tapx.theorems.theorem_4_1.construct`.

    Raises:
        ValueError: as :func:`tapx.theorems.theorem_4_1.construct`, and where the heads
            are too few for the condition of the theorem: the attention's errors, times
            the slope of the next memory function, must not reach the rounding's
            threshold.
    """
    plan = stages.nested(len(target.tables), target.depth)
    pointers = "log" if position == "log" else "lag"
    return staged.build(
        *(target, plan, heads, position, width, kernel, "dot", pointers, length, seed)
    )
