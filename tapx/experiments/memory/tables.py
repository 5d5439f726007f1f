"""What experiments 4a and 4b share: targets, settings, cells, published figures.

For a position function and a number of heads the book puts three numbers side by side:
the best possible error (a certified kernel, a proved lower bound), the error of trained
models over settings and seeds, and the published figure where one is known to us. A
*setting* is a learning rate together with the initial slopes; best and worst are chosen
by the median over the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from tapx.checks import one_of
from tapx.experiments.memory.training import MemoryCell, exact_errors
from tapx.experiments.models import kernel_model
from tapx.experiments.settings import Asked
from tapx.experiments.stacks import Stack
from tapx.kernels.family import LIN, LOG
from tapx.kernels.window_search import best
from tapx.kernels.windows import Decay, WindowKernel
from tapx.limits.rank import lower_bound
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer
from tapx.show.tables import counted

SETTING = ("learning_rate", "initial_slopes")
"""What makes a setting."""


@dataclass(frozen=True)
class Experiment:
    """A target kernel and the figures that the paper prints for it.

    Attributes:
        target: rho, with the value at lag 0 that the book uses.
        published: by position and heads "<" or "=" and the mean squared error. Other
            cells are not available.
    """

    target: Decay
    published: Mapping[tuple[str, int], tuple[str, float]]

    @property
    def asked(self) -> list[Asked]:
        """The models for which a figure is published, as settings are asked for."""
        return [
            Asked(
                counted(heads, f"{position} head"),
                {"position": position, "heads": heads},
                mse,
                relation == "<",
                self.best_error(position, heads),
            )
            for (position, heads), (relation, mse) in self.published.items()
        ]

    def figure(self, position: str, heads: int) -> str:
        """The published figure, or "not available"."""
        if (position, heads) not in self.published:
            return "not available"
        relation, mse = self.published[position, heads]
        return f"< {mse:g}" if relation == "<" else f"{mse:g}"

    def best(self, position: str, heads: int, lags: int = 1000) -> WindowKernel:
        """Best kernel found where the residual connection answers for lag 0."""
        return best(self.target, heads, position, 1, lags - 1)

    def best_error(self, position: str, heads: int, lags: int = 1000) -> float:
        """Least error found, with "free" for one number a lag: that of its network."""
        if position != "free":
            return self.best(position, heads, lags).mse
        values = self.target.values(np.arange(lags))
        return float(exact_errors(Stack([free_head(values)], lags), values)[0])

    def bound(self, position: str, heads: int, lags: int = 1000) -> float:
        """Proved lower bound in the same convention; 0.0 where none is proved."""
        return lower_bound(self.target, heads, position, 1, lags - 1)


EXPERIMENTS = {
    # rho(0) is undefined in 4a: the book takes 0, and says what else was tried.
    "4a": Experiment(
        Decay(LOG, 0.5, at_zero=0.0),
        {("log", 1): ("<", 1e-5), ("lin", 64): ("=", 0.19)},
    ),
    "4b": Experiment(
        Decay(LIN, 5.0, at_zero=1.0),
        {("lin", 1): ("<", 1e-7), ("log", 64): ("=", 5.3e-4)},
    ),
}


def experiment(name: str) -> Experiment:
    """The experiment "4a" or "4b".

    Raises:
        ValueError: another name.
    """
    return EXPERIMENTS[one_of(name, EXPERIMENTS, "experiment")]


def free_head(values: np.ndarray) -> Transformer:
    """One head with a free number for each lag that holds a kernel, float64.

    The numbers are the logarithms of the kernel, so its softmax is the kernel over its
    sum; the value matrix multiplies the sum back. The residual connection has lag 0.

    Args:
        values: (length,) the kernel at lags 0 to length - 1.

    Raises:
        ValueError: a negative value at a lag from 1 on, or nothing but zeros there.
    """
    values = np.asarray(values, dtype=np.float64)
    if values[1:].min(initial=0.0) < 0 or not values[1:].any():
        raise ValueError(
            "softmax weights are positive: give a kernel that is 0 or more from lag 1 "
            f"on and somewhere above it, not one with {values[1:].min(initial=0.0):g}"
        )
    position = PerLag(1, len(values), torch.float64)
    seen = np.where(np.arange(len(values)) > 0, values, 0.0)
    logits = np.log(np.maximum(seen, np.finfo(np.float64).tiny))
    position.load_state_dict({"bias": torch.from_numpy(logits)[None]})
    return kernel_model([seen.sum()], values[0], position)


def memory_cells(
    positions: Sequence[str],
    head_counts: Sequence[int],
    learning_rates: Sequence[float],
    initial_slopes: Sequence[str],
    seeds: Sequence[int],
) -> list[MemoryCell]:
    """All cells of a table, seeds fastest; free numbers have no slopes to start."""
    cells = product(positions, head_counts, learning_rates, initial_slopes, seeds)
    found = (
        MemoryCell(position, heads, rate, "equal" if position == "free" else slopes, n)
        for position, heads, rate, slopes, n in cells
    )
    return list(dict.fromkeys(found))
