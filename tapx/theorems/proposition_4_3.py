"""Proposition 4.3, mended and built: the token chooses lags without dot products.

Example:
    >>> net = tapx.TwoLayerNet([1], [[0, 1]])
    >>> target = tapx.AdaptiveMemory([[-1], [1]], [[1, 2]], net)
    >>> built = tapx.proposition_4_3.construct(target, 4, "lin")
    >>> len(built.model.attentions), tapx.outward(built.error, 2)
    (2, '2.9e-06')
"""

from typing import Any

from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import staged, stages
from tapx.theorems.staged_built import BuiltStages


def construct(
    target: AdaptiveMemory, heads: int, position: str = "lin", **options: Any
) -> BuiltStages:
    """Proposition 4.3, mended: the same with logits ``p (phi(s) - phi(w . x_t))``.

    The stream holds the lags themselves, with lin as with log: ``phi_log(w . x)`` is
    ``-log g`` only if ``w . x`` is g. The paper's proof takes the stream of Theorem
    4.1, which holds ``log g`` with log; the chapter on TMX shows what comes of that.

    Arguments, result and errors as :func:`tapx.theorems.theorem_4_1.construct`; the
    score is "tmx".
    """
    staged.refuse_depth(target, "Proposition 4.3")
    plan = stages.warm_up(len(target.tables))
    return staged.build(target, plan, heads, position, score="tmx", **options)
