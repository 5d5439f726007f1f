"""The plan of a network with adaptive memories: which layer does what.

A layer's attention fetches some of the memories, and then its FFN computes some of
the lags; the last FFN reads the answer out. Memories are counted from 0 here: memory k
is ``x_{t - t_{k+1}}``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tapx.targets.adaptive import AdaptiveMemory


@dataclass(frozen=True)
class Stage:
    """One layer: the memories that it fetches, then the lags that it computes."""

    fetch: tuple[int, ...] = ()
    compute: tuple[int, ...] = ()


def warm_up(memories: int) -> tuple[Stage, ...]:
    """Theorem 4.1: all lags in the first layer, all memories in the second."""
    everything = tuple(range(memories))
    return Stage(compute=everything), Stage(fetch=everything)


def nested(memories: int, depth: int) -> tuple[Stage, ...]:
    """Theorem 4.4: one memory a layer up to the depth K, then all others at once.

    ``K + 1`` layers, and one more if ``memories > K``.
    """
    plan = [Stage(compute=(0,) if depth else tuple(range(memories)))]
    for k in range(depth):
        last = k + 1 == depth
        following = tuple(range(k + 1, memories)) if last else (k + 1,)
        plan.append(Stage(fetch=(k,), compute=following))
    if memories > depth:
        plan.append(Stage(fetch=tuple(range(depth, memories))))
    return tuple(plan)


def deep(memories: int) -> tuple[Stage, ...]:
    """Proposition 4.5: one lag and one memory a layer, ``memories + 1`` layers."""
    plan = [Stage(compute=(0,))]
    for k in range(memories):
        plan.append(Stage((k,), (k + 1,) if k + 1 < memories else ()))
    return tuple(plan)


def path(
    target: AdaptiveMemory, tokens: Sequence[int]
) -> tuple[tuple[int, ...], dict[int, int] | None]:
    """Where the tokens that f reads stand, the first of them given by their index.

    Returns:
        The lags ``0, t_1, ..., t_M``, and the token at each lag that is known; None if
        two tokens want to stand at one.
    """
    lags = [0]
    for i, table in enumerate(target.tables):
        lags.append(int(table[tuple(tokens[: min(i, target.depth) + 1])]))
    stands: dict[int, int] = {}
    known = zip(tokens, lags, strict=False)
    fits = all(stands.setdefault(lag, token) == token for token, lag in known)
    return tuple(lags), stands if fits else None
