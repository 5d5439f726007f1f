"""Target functionals: what a Transformer is asked to compute.

Each maps a batch of inputs (batch, time, d) to one number a position. Tokens before the
first are zero. ``last_only=True`` gives the number at the last position only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import check_lags
from tapx.kernels.kernel import Kernel


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
        """Check the lags and, where the readout tells its dimension, that it fits."""
        object.__setattr__(self, "lags", check_lags(self.lags))
        if self.input_dimension < 1:
            raise ValueError(
                f"input_dimension must be at least 1, not {self.input_dimension}"
            )
        takes = getattr(self.readout, "dimension", self.dimension)
        if takes != self.dimension:
            raise ValueError(
                f"the readout takes {takes} numbers, but {len(self.lags)} lags and the "
                f"current token give {self.dimension}"
            )

    @property
    def dimension(self) -> int:
        """``D = (M + 1) d``, the size of what the readout sees."""
        return (len(self.lags) + 1) * self.input_dimension

    def memories(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """What the readout sees: (batch, time, D), or (batch, D)."""
        batch, time, _ = x.shape
        if last_only:
            blank = x.new_zeros(batch, self.input_dimension)
            tokens = [
                x[:, time - 1 - lag] if lag < time else blank for lag in (0, *self.lags)
            ]
            return torch.cat(tokens, dim=-1)
        start = max(self.lags)
        padded = torch.nn.functional.pad(x, (0, 0, start, 0))
        shifts = [start - lag for lag in (0, *self.lags)]
        return torch.cat([padded[:, at : at + time] for at in shifts], dim=-1)

    def __call__(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """Shape (batch, time), or (batch,)."""
        return self.readout(self.memories(x, last_only))


@dataclass(frozen=True)
class LinearMemory:
    """``y_t = sum_s rho(s) x_{t-s}`` for scalar tokens: a causal convolution.

    Args:
        values: ``values[s]`` is rho(s), lags 0 to len(values) - 1; zero beyond. An
            undefined rho(0) (as in experiment 4a) must have been given a value.
            A row: a tensor, an array or a list.

    Raises:
        ValueError: no row, or a value that is not a finite number.
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

    A memory is a whole past, weighed: ``(X * rho)(t) = sum_{s>=0} rho(s) x_{t-s}``. A
    delta remembers one token, so that fixed memories are the case of deltas (with one
    at lag 0 for the current token, which this class does not pass on unasked).

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
    _rows: dict[tuple[int, int], LinearMemory] = field(
        default_factory=dict, repr=False, init=False
    )

    def __post_init__(self) -> None:
        """Check the rows, and the readout where it tells its dimension."""
        if not len(self.kernels):
            raise ValueError("at least one kernel is needed, none was given")
        if self.input_dimension < 1:
            raise ValueError(
                f"input_dimension must be at least 1, not {self.input_dimension}"
            )
        for index in range(len(self.kernels)):
            self.linear_memory(index, 1)
        takes = getattr(self.readout, "dimension", self.dimension)
        if takes != self.dimension:
            raise ValueError(
                f"the readout takes {takes} numbers, but {len(self.kernels)} kernels "
                f"and tokens of {self.input_dimension} numbers give {self.dimension}"
            )

    @property
    def dimension(self) -> int:
        """``D = M d``, the size of what the readout sees."""
        return len(self.kernels) * self.input_dimension

    def linear_memory(self, index: int, length: int) -> LinearMemory:
        """One memory as the convolution that inputs of this length feel."""
        kernel = self.kernels[index]
        if not isinstance(kernel, Kernel):
            row = torch.as_tensor(kernel, dtype=torch.float64)
            return LinearMemory(row)
        if (index, length) not in self._rows:
            values = torch.from_numpy(kernel.values(range(length)))
            self._rows[index, length] = LinearMemory(values)
        return self._rows[index, length]

    def memories(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """What the readout sees: (batch, time, D), or (batch, D)."""
        batch, time, size = x.shape
        rows = x.transpose(1, 2).reshape(batch * size, time, 1)  # each coordinate alone
        count = len(self.kernels)
        found = [self.linear_memory(i, time)(rows, last_only) for i in range(count)]
        # (M, batch, d, ...) to (batch, ..., M, d), and the last two joined.
        stacked = torch.stack(found).reshape(count, batch, size, *found[0].shape[1:])
        order = (1, 0, 2) if last_only else (1, 3, 0, 2)
        return stacked.permute(order).flatten(-2)

    def __call__(
        self, x: Float[Tensor, "batch time inputs"], last_only: bool = False
    ) -> Tensor:
        """Shape (batch, time), or (batch,)."""
        return self.readout(self.memories(x, last_only))
