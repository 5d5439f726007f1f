"""The plan of a network with adaptive memories: which layer does what.

A layer's attention fetches some of the memories, and then its FFN computes some of
the lags; the last FFN reads the answer out. Memories are counted from 0 here: memory k
is ``x_{t - t_{k+1}}``.
"""

from dataclasses import dataclass


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
