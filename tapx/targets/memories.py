"""Target functionals: what a Transformer is asked to compute.

Each maps a batch of inputs (batch, time, d) to one number a position. Tokens before the
first are zero. ``last_only=True`` gives the number at the last position only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least, check_lags
from tapx.kernels.kernel import Kernel


def check_readout(readout: Any, dimension: int, given: str) -> None:
    """Refuse a readout (ValueError) that tells its dimension, and it is another."""
    takes = getattr(readout, "dimension", dimension)
    if takes != dimension:
        raise ValueError(
            f"the readout takes {takes} numbers, but {given} give {dimension}"
        )


@dataclass(frozen=True)
class FixedMemory:
    """``y_t = f(x_t, x_{t-T_1}, ..., x_{t-T_M})``: section 3's class.

    Args:
        lags: ``T_1, ..., T_M``, whole numbers of at least 1, all different.
        readout: f, from (..., (M + 1) * d) to (...).
        input_dimension: d.

    Raises:
        ValueError: a lag below 1 or named twice, or a readout of another dimension.
        TypeError: a lag that is no whole number.

    Example:
        >>> target = tapx.FixedMemory((1, 3), lambda z: z.sum(-1))
        >>> target(torch.arange(1.0, 6)[None, :, None]).tolist()
        [[1.0, 3.0, 5.0, 8.0, 11.0]]
    """

    lags: tuple[int, ...]
    readout: Callable[[Tensor], Tensor]
    input_dimension: int = 1

    def __post_init__(self) -> None:
        """Check the lags and the readout."""
        object.__setattr__(self, "lags", check_lags(self.lags))
        at_least(1, input_dimension=self.input_dimension)
        given = f"{len(self.lags)} lags and the current token"
        check_readout(self.readout, self.dimension, given)

    @property
    def dimension(self) -> int:
        """``D = (M + 1) d``, the size of what the readout sees."""
        return (len(self.lags) + 1) * self.input_dimension

    def memories(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """What the readout sees: (batch, time, D), or (batch, D)."""
        time = 1 if last_only else x.shape[1]
        padded = torch.nn.functional.pad(x, (0, 0, max(self.lags), 0))
        ends = [padded.shape[1] - lag for lag in (0, *self.lags)]
        seen = torch.cat([padded[:, end - time : end] for end in ends], dim=-1)
        return seen[:, 0] if last_only else seen

    def __call__(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """Shape (batch, time), or (batch,)."""
        return self.readout(self.memories(x, last_only))


@dataclass(frozen=True)
class LinearMemory:
    """``y_t = sum_s rho(s) x_{t-s}`` for scalar tokens: a causal convolution.

    ``values[s]`` is rho(s), a row (tensor, array or list) for lags from 0 on; zero
    beyond. An undefined rho(0) (as in experiment 4a) must have been given a value:
    ValueError for one that is not a finite number, or for no row.
    """

    values: Any  # a tensor once built

    def __post_init__(self) -> None:
        """Refuse values that are not finite numbers in a row."""
        object.__setattr__(self, "values", torch.as_tensor(self.values))
        if self.values.dim() != 1 or len(self.values) == 0:
            raise ValueError(
                f"values must be a row of numbers, not shape {tuple(self.values.shape)}"
            )
        bad = (~torch.isfinite(self.values)).nonzero()
        if len(bad):
            raise ValueError(f"the value at lag {int(bad[0])} is not a finite number")

    def __call__(
        self, x: Float[Tensor, "batch time 1"], last_only: bool = False
    ) -> Tensor:
        """Shape (batch, time), or (batch,)."""
        time = x.shape[1]
        values = self.values.to(x.dtype)[:time]
        seen = x[:, max(0, time - len(values)) :, 0]
        if last_only:
            return seen @ values.flip(0)
        length = time + len(values)
        kernel = torch.fft.rfft(values, n=length)
        spectrum = torch.fft.rfft(x[..., 0], n=length) * kernel
        return torch.fft.irfft(spectrum, n=length)[:, :time]


@dataclass(frozen=True, eq=False)
class EssentialMemory:
    """``y_t = f((X * rho_1)(t), ..., (X * rho_M)(t))``: section 5's class.

    A memory is a whole past, weighed: ``(X * rho)(t) = sum_{s>=0} rho(s) x_{t-s}``.
    Fixed memories are the case of deltas, with one at lag 0 for the current token.

    Args:
        kernels: for each memory a row of values at lags 0, 1, ... (zero beyond), or a
            `kernel.Kernel`, which goes on for ever.
        readout: f, from (..., M * d) to (...).
        input_dimension: d.

    Raises:
        ValueError: no kernel, a row that is empty or not finite, or a readout of
            another dimension.

    Example:
        >>> target = tapx.EssentialMemory([[1], [0, 0.5, 0.5]], lambda z: z.sum(-1))
        >>> target(torch.ones(1, 4, 1)).round(decimals=6).tolist()
        [[1.0, 1.5, 2.0, 2.0]]
    """

    kernels: Sequence[Any]
    readout: Callable[[Tensor], Tensor]
    input_dimension: int = 1

    def __post_init__(self) -> None:
        """Check the rows and the readout."""
        if not len(self.kernels):
            raise ValueError("at least one kernel is needed, none was given")
        at_least(1, input_dimension=self.input_dimension)
        for kernel in self.kernels:
            _linear_memory(kernel, 1)
        given = f"{len(self.kernels)} kernels and tokens of {self.input_dimension}"
        check_readout(self.readout, self.dimension, f"{given} numbers")

    @property
    def dimension(self) -> int:
        """``D = M d``, the size of what the readout sees."""
        return len(self.kernels) * self.input_dimension

    def memories(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """What the readout sees: (batch, time, D), or (batch, D)."""
        batch, time, size = x.shape
        rows = x.transpose(1, 2).reshape(batch * size, time, 1)  # each coordinate alone
        found = [_linear_memory(k, time)(rows, last_only) for k in self.kernels]
        # (M, batch, d, ...) to (batch, ..., M, d), and the last two joined.
        stacked = torch.stack(found).reshape(-1, batch, size, *found[0].shape[1:])
        order = (1, 0, 2) if last_only else (1, 3, 0, 2)
        return stacked.permute(order).flatten(-2)

    def __call__(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """Shape (batch, time), or (batch,)."""
        return self.readout(self.memories(x, last_only))


def _linear_memory(kernel: Any, length: int) -> LinearMemory:
    """A kernel as the convolution that inputs of this length feel."""
    if isinstance(kernel, Kernel):
        return LinearMemory(_values(kernel, length))
    return LinearMemory(torch.as_tensor(kernel, dtype=torch.float64))


@lru_cache(maxsize=64)
def _values(kernel: Kernel, length: int) -> Tensor:
    return torch.from_numpy(kernel.values(range(length)))
