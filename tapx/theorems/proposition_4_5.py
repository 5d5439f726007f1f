"""Proposition 4.5, built: a layer for each memory instead of heads."""

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
    """The network of Proposition 4.5: a layer for each memory of a warm-up target.

    ``M + 1`` layers. Every memory has all heads of its layer, and every memory
    function the whole width of its FFN. Arguments and errors as
    :func:`tapx.theorems.theorem_4_1.construct`.
    """
    staged.refuse_depth(target, "Proposition 4.5")
    plan = stages.deep(len(target.tables))
    pointers = "log" if position == "log" else "lag"
    return staged.build(
        *(target, plan, heads, position, width, kernel, "dot", pointers, length, seed)
    )
