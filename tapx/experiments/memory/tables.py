"""What experiments 4a and 4b share: targets, settings, cells, published figures.

Each cell of such an experiment is a position function and a number of heads. The book
puts three numbers side by side: the best possible error (a certified kernel, a proved
lower bound), the error of trained models over settings and seeds, and the published
figure where one is known to us; :mod:`tapx.experiments.memory.views` shows them. A
*setting* is a learning rate together with the initial slopes; best and worst setting
are chosen by the median over the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tapx.checks import one_of
from tapx.experiments.memory.training import MemoryCell
from tapx.experiments.stacks import Stack
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.window_search import best
from tapx.kernels.windows import Decay, WindowKernel
from tapx.limits.rank import lower_bound
from tapx.network.attention import Attention
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer

FAMILY = {"lin": LIN, "log": LOG}
"""What the heads of a position function are, as kernels of the lag."""

SETTING = ("learning_rate", "initial_slopes")
"""What makes a setting."""


@dataclass(frozen=True)
class Published:
    """A published figure: its relation ("<" or "=") and the mean squared error."""

    relation: str
    mse: float

    def __str__(self) -> str:
        """As the tables print it."""
        return f"{'< ' if self.relation == '<' else ''}{self.mse:g}"


@dataclass(frozen=True)
class Experiment:
    """A target kernel and the figures that the paper prints for it.

    Attributes:
        target: rho, with the value at lag 0 that the book uses.
        published: by position and heads. Other cells are not available.
    """

    target: Decay
    published: Mapping[tuple[str, int], Published]

    def figure(self, position: str, heads: int) -> str:
        """The published figure, or "not available"."""
        return str(self.published.get((position, heads), "not available"))

    def best(self, position: str, heads: int, lags: int = 1000) -> WindowKernel:
        """Best kernel found where the residual connection answers for lag 0."""
        return best(self.target, heads, _family(position), 1, lags - 1)

    def best_error(self, position: str, heads: int, lags: int = 1000) -> float:
        """Least error found, with "free" for one number a lag: that of its network."""
        if position != "free":
            return self.best(position, heads, lags).mse
        values = self.target.values(np.arange(lags))
        kernels, _ = Stack([free_head(values)], lags).exact_kernels()
        return float(((kernels[0].numpy() - values) ** 2).sum())

    def bound(self, position: str, heads: int, lags: int = 1000) -> float:
        """Proved lower bound in the same convention; 0.0 where none is proved."""
        return lower_bound(self.target, heads, _family(position), 1, lags - 1)


EXPERIMENTS = {
    # rho(0) is undefined in 4a: the book takes 0, and says what else was tried.
    "4a": Experiment(
        Decay(LOG, 0.5, at_zero=0.0),
        {("log", 1): Published("<", 1e-5), ("lin", 64): Published("=", 0.19)},
    ),
    "4b": Experiment(
        Decay(LIN, 5.0, at_zero=1.0),
        {("lin", 1): Published("<", 1e-7), ("log", 64): Published("=", 5.3e-4)},
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
        values: (length,) the kernel at lags 0 to length - 1, from lag 1 on 0 or more
            and not all 0.

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
    network = Transformer(
        *(1, 2), position=position, feed_forward=False, dtype=torch.float64
    )
    (attention,) = network.attentions
    assert isinstance(attention, Attention) and network.readout is not None
    seen = np.where(np.arange(len(values)) > 0, values, 0.0)
    smallest = np.finfo(np.float64).tiny
    with torch.no_grad():
        position.bias[0] = torch.from_numpy(np.log(np.maximum(seen, smallest)))
        network.embedding.copy_(torch.tensor([[1.0], [0.0]]))
        attention.value.zero_()
        attention.value[0, 1, 0] = seen.sum()
        attention.output.copy_(torch.eye(2))
        network.readout.copy_(torch.tensor([[values[0], 1.0]]))
    return network


def _family(position: str) -> Family:
    return FAMILY[one_of(position, FAMILY, "position function")]


def memory_cells(
    positions: Sequence[str],
    head_counts: Sequence[int],
    learning_rates: Sequence[float],
    initial_slopes: Sequence[str],
    seeds: Sequence[int],
) -> list[MemoryCell]:
    """All cells of a table, seeds fastest; free numbers have no slopes to start."""
    return [
        MemoryCell(position, heads, rate, slopes, seed)
        for position in positions
        for heads in head_counts
        for rate in learning_rates
        for slopes in (("equal",) if position == "free" else initial_slopes)
        for seed in seeds
    ]
