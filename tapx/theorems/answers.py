"""The rows of results whose target may be one's own: the same questions of any."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from tapx.readouts import two_layer
from tapx.result import Result
from tapx.targets import influence
from tapx.targets.adaptive import AdaptiveMemory
from tapx.targets.memories import FixedMemory
from tapx.theorems import staged, theorem_3_1, theorem_4_4
from tapx.theorems.one_layer import known_readout

Bound = Callable[[int, int], float]
KINDS = {"lemma": "Lemma", "prop": "Proposition", "thm": "Theorem"}


def row(id: str, statement: str, uses: str = "", **more: Any) -> Result:
    """A result with its own chapter and certified networks, unless more is said."""
    kind, number = id.split("-")
    more = {"chapter": id, "error": attrgetter("error"), **more}
    return Result(id, f"{KINDS[kind]} {number}", statement, tuple(uses.split()), **more)


def without_tokens_past(net: two_layer.TwoLayerNet) -> tuple[float, float]:
    """The worst error of a readout that is given nothing but the current token.

    Args:
        net: of scalar tokens, the current one first.

    Returns:
        What some input in [-1, 1] attains, and what none exceeds.
    """
    inner = net.inner.clone()
    inner[:, 1:] = 0
    blind = two_layer.TwoLayerNet(net.outer, inner, net.bias)
    return two_layer.sup_certified(net.minus(blind), 1.0)


def fixed_memories(
    target: FixedMemory, position: str = "lin", words: str | None = None
) -> Result:
    """Theorem 3.1 for a target of one's own, of scalar tokens; the readout is exact.

    Args:
        target: the lags and a `TwoLayerNet` as their readout.
        position: "lin" or "log".
        words: the target, as a table calls it.

    Raises:
        TypeError: a readout that is no `TwoLayerNet`.
        ValueError: from what the row answers, as :func:`theorem_3_1.construct`.
    """
    readout, length = known_readout(target), max(256, max(target.lags) + 1)
    return row(
        "thm-3.1",
        "One layer without dot products computes any Barron function of tokens at "
        "fixed lags.",
        "lemma-F.1 lemma-F.4 lemma-G.6",
        target=words,
        default=24,
        construct=lambda heads: theorem_3_1.construct(
            target, heads, position, length=length
        ),
        bound_at=lambda heads, order: (
            readout.lipschitz
            * theorem_3_1.attention_error(target.lags, heads, order, position)
        ),
        no_memory=without_tokens_past(readout)[1],
    )


def without_fetching(target: AdaptiveMemory) -> float:
    """The worst error of a network that is right but fetches nothing, over all inputs.

    Args:
        target: over a finite alphabet.
    """
    read = target.memories(influence.all_windows(target.alphabet, target.reach + 1))
    blind = read.clone()
    blind[:, target.input_dimension :] = 0
    return float((target.readout(read) - target.readout(blind)).abs().max())


def chosen(
    *words: str,
    by: Any,
    bound: Bound,
    target: AdaptiveMemory,
    of: str | None,
    position: str = "lin",
    **more: Any,
) -> Result:
    """A result about lags that tokens choose, built `by` a module."""
    return row(
        *words,
        target=of,
        construct=lambda heads: by.construct(target, heads, position),
        bound_at=bound,
        no_memory=without_fetching(target),
        **{"default": 6, **more},
    )


def nested_memories(
    target: Any, position: str = "lin", words: str | None = None
) -> Result:
    """Theorem 4.4 for a target of one's own.

    Args:
        target: nested memories over a finite alphabet.
        position: "lin" or "log".
        words: the target, as a table calls it.

    Raises:
        ValueError: another position function; from what the row answers, also as
            :func:`theorem_4_4.construct`, and so with a TypeError.
    """
    slopes = staged.memory_slopes(target, position)
    return chosen(
        "thm-4.4",
        "K + 1 layers follow K pointers, each of which the token behind it holds.",
        "thm-4.1 lemma-F.1 lemma-F.4 lemma-F.2 lemma-F.5",
        by=theorem_4_4,
        bound=lambda heads, order: theorem_4_4.bound(
            target, target.depth, slopes, heads, order, position
        ),
        target=target,
        of=words,
        position=position,
        size="heads a layer",
        default=8,
    )
