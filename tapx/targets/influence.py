"""How much of the past a target uses: influence of each lag, states it takes to stream.

Exhaustive, for tokens of a finite alphabet and a reach of a few lags: the target is
evaluated on every window of tokens, and its table is all that is needed.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from tapx.checks import at_least

MOST_WINDOWS = 2**20
SAME = 1e-9  # answers this close count as equal


def all_windows(alphabet: Any, length: int) -> Float[Tensor, "windows length d"]:
    """Every sequence of `length` of the (tokens, d), the last one varying slowest.

    ValueError for a length below 1, or more than 2**20 windows.
    """
    rows = torch.as_tensor(alphabet, dtype=torch.float64)
    at_least(1, length=length)
    if len(rows) ** length > MOST_WINDOWS:
        raise ValueError(
            f"{len(rows)} tokens and {length} places make {len(rows) ** length} "
            f"windows; at most {MOST_WINDOWS} are tried"
        )
    lags = itertools.product(range(len(rows)), repeat=length)  # lag 0 varies slowest
    return rows[torch.tensor(list(lags))].flip(1)


def table(
    target: Callable[..., Tensor], alphabet: Any, reach: int
) -> Float[np.ndarray, "..."]:
    """The answers on every window: axis s is the index of the token at lag s.

    The target takes (batch, time, d) and ``last_only=True``, and looks no further back
    than `reach`; the alphabet is (tokens, d).
    """
    windows = all_windows(alphabet, reach + 1)
    with torch.no_grad():
        answers = target(windows, last_only=True)
    return answers.double().numpy().reshape((len(alphabet),) * (reach + 1))


def influence(
    answers: Float[np.ndarray, "..."],
) -> tuple[Float[np.ndarray, " lags"], Float[np.ndarray, " lags"]]:
    """What exchanging the token at one lag does to the answers of a :func:`table`.

    Returns:
        For each lag the largest change, over all windows and pairs of tokens; and the
        share of windows and pairs that change the answer at all.
    """
    largest, share = np.zeros((2, answers.ndim))
    for lag in range(answers.ndim):
        rows = np.moveaxis(answers, lag, 0)
        largest[lag] = np.ptp(rows, axis=0).max()
        pairs = itertools.combinations(rows, 2)
        changed = [np.mean(np.abs(one - other) > SAME) for one, other in pairs]
        share[lag] = np.mean(changed or 0.0)
    return largest, share


def lags_needed(answers: Float[np.ndarray, "..."]) -> tuple[int, ...]:
    """The lags from 1 on that a fixed memory must hold to give these answers.

    A lag is needed if exchanging its token can change the answer. The others never
    matter, so that these lags, with the current token, also suffice.
    """
    largest, _ = influence(answers)
    return tuple(int(s) for s in np.flatnonzero(largest > SAME) if s > 0)


def states(answers: Float[np.ndarray, "..."]) -> int:
    """The fewest states of a machine that reads token after token and answers each.

    Two pasts may share a state if no future tells them apart. Pasts are windows of
    `reach` tokens; they are split by their answers to the next token, then by the
    classes they move to, until nothing splits (Moore's algorithm).
    """
    # A past is a number whose leading digit is its latest token.
    rows = np.round(answers / SAME).reshape(len(answers), -1).T  # (past, next token)
    count, tokens = rows.shape
    kinds = _numbered(rows)
    past = np.arange(count)[:, None]
    after = np.arange(tokens) * (count // tokens) + past // tokens
    while True:
        finer = _numbered(np.concatenate([kinds[:, None], kinds[after]], axis=1))
        if finer.max() == kinds.max():
            return int(kinds.max()) + 1
        kinds = finer


def _numbered(rows: np.ndarray) -> Int[np.ndarray, " pasts"]:
    """Equal rows get equal numbers, from 0 on."""
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
