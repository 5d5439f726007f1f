"""What counting reaches: the loss of a model that knows the last few tokens.

A model without attention sees one token and predicts the next, so no such model beats
the bigrams in the long run; and a model that stays above them has not learnt to look
further back. Counts are smoothed by the rule of Witten and Bell: a context that has
been followed by many different tokens trusts the shorter context more. There is
nothing to tune.
"""

from __future__ import annotations

import numpy as np

_TABLE = 1 << 22  # fewer grams than this are counted in a table, which is faster


def losses(
    train: np.ndarray, held_back: np.ndarray, vocabulary: int, order: int = 2
) -> list[float]:
    """Mean loss in nats of the tokens held back, for 1-grams up to `order`-grams.

    A gram includes the token that is predicted. The first ``order - 1`` tokens held
    back are context only, for all orders alike. Ids lie in 0 to vocabulary - 1.

    Raises:
        ValueError: an order that 64 bits cannot hold, or too few tokens.
    """
    most = int(63 / np.log2(max(vocabulary, 2)))
    if not 1 <= order <= most:
        raise ValueError(
            f"order={order}: grams of {vocabulary} ids have 1 to {most} tokens; "
            f"nearest: {min(max(order, 1), most)}"
        )
    if min(len(train), len(held_back)) < order:
        raise ValueError(
            f"{min(len(train), len(held_back))} tokens: at least {order} are needed"
        )
    count = len(held_back) - order + 1
    chance = np.full(count, 1 / vocabulary)
    found = []
    for length in range(1, order + 1):
        skip = order - length
        asked = grams(held_back, length, vocabulary)[skip:]
        known, times = _counted(grams(train, length, vocabulary))
        contexts, first, kinds = np.unique(
            known // vocabulary, return_index=True, return_counts=True
        )
        own, before = _times(known, times, asked), asked // vocabulary
        total = _times(contexts, np.add.reduceat(times, first), before)
        variety = _times(contexts, kinds, before)
        # Witten and Bell: the shorter context has the weight of `variety` tokens.
        seen = total > 0
        chance[seen] = (own[seen] + variety[seen] * chance[seen]) / (
            total[seen] + variety[seen]
        )
        found.append(float(-np.log(chance).mean()))
    return found


def grams(ids: np.ndarray, length: int, vocabulary: int) -> np.ndarray:
    """Every run of `length` ids as one number, int64, the last id lowest."""
    count = len(ids) - length + 1
    keys = np.zeros(count, dtype=np.int64)
    for place in range(length):
        keys = keys * vocabulary + ids[place : place + count]
    return keys


def _counted(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different keys in rising order, and how often each occurs."""
    if keys.max() < _TABLE:
        times = np.bincount(keys)
        known = np.flatnonzero(times)
        return known, times[known]
    return np.unique(keys, return_counts=True)


def _times(known: np.ndarray, times: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The number that belongs to each key asked for, 0 for an unknown key."""
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[places] == asked, times[places], 0)
