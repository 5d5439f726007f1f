"""Adaptive memories: targets whose tokens say how far back to look (section 4).

``y_t = f(x_t, x_{t-t_1}, ..., x_{t-t_M})``, where the lags are read off tokens:
``t_1 = g_1(x_t)``, ``t_2 = g_2(x_t, x_{t-t_1})``, and so on to depth K.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from tapx.readouts import exact_nets
from tapx.targets.memories import check_readout

ROUNDING = 1e-9  # how far a token may be from its entry of the alphabet


def check_alphabet(alphabet: Any) -> Float[Tensor, "tokens d"]:
    """The alphabet as float64 rows: finite, of norm at most 1, all different.

    ValueError for another, or for no rows.
    """
    rows = torch.as_tensor(alphabet, dtype=torch.float64)
    if rows.dim() != 2 or 0 in rows.shape:
        raise ValueError(
            f"the alphabet is rows of tokens, (tokens, d), not shape "
            f"{tuple(rows.shape)}"
        )
    norms = rows.norm(dim=1)
    for index in (~(norms <= 1 + ROUNDING)).nonzero():
        raise ValueError(
            f"the alphabet leaves the unit ball: token {int(index)} has norm "
            f"{float(norms[index]):g}; divide all by {float(norms.max()):g}"
        )
    near = (rows[:, None] - rows).norm(dim=-1) <= 2 * ROUNDING
    for i, j in near.triu(1).nonzero().tolist():
        raise ValueError(f"tokens {i} and {j} of the alphabet are the same")
    return rows


def check_table(table: Any, number: int, tokens: int, arity: int) -> Int[Tensor, "..."]:
    """The values of ``g_number``, of `arity` tokens: whole, at least 1.

    ValueError for others, or another shape.
    """
    values = torch.as_tensor(table)
    if values.shape != (tokens,) * arity:
        raise ValueError(
            f"memory function g_{number} reads {arity} of {tokens} tokens: its table "
            f"has shape {(tokens,) * arity}, not {tuple(values.shape)}"
        )
    values = values.to(torch.float64)
    lags = (values >= 1) & (values.frac() == 0)
    for at in map(tuple, (~lags).nonzero().tolist()):
        value = float(values[at])
        near = max(1, round(value)) if abs(value) < 2**53 else 1
        raise ValueError(
            f"memory function g_{number} is {value:g} at tokens {at}: lags are whole "
            f"numbers of at least 1; the nearest is {near}"
        )
    return values.to(torch.int64)


def check_depth(depth: int, memories: int) -> None:
    """Refuse (ValueError) depths other than 0 to M."""
    if not 0 <= depth <= memories:
        raise ValueError(
            f"depth {depth} with {memories} memories: allowed is 0 to {memories}; the "
            f"nearest is {min(max(depth, 0), memories)}"
        )


@dataclass(frozen=True, eq=False)
class AdaptiveMemory:
    """``y_t = f(x_t, x_{t-t_1}, ..., x_{t-t_M})`` with lags that tokens choose.

    Nested to depth K: ``t_1 = g_1(x_t)``, ``t_2 = g_2(x_t, x_{t-t_1})``, ...,
    ``t_{K+1} = g_{K+1}(x_t, ..., x_{t-t_K})``, and ``t_{K+2}, ..., t_M`` read the same
    K + 1 tokens. Every lag counts from t. Depth 0 is the paper's warm-up.

    The tokens come from a finite alphabet: the paper's memory functions are continuous
    with whole numbers as values, hence constant on a connected set of tokens. Between
    two tokens where g differs, its slope is at least 1 over their distance.

    Args:
        alphabet: (tokens, d), rows of norm at most 1, all different.
        tables: for i = 1, ..., M the values of ``g_i`` by index of the tokens it reads,
            shape ``(tokens,) * (min(i - 1, depth) + 1)``, whole numbers of at least 1.
        readout: f, from (..., (M + 1) d) to (...).
        depth: K, from 0 to M. K = M and K = M - 1 are the same: no g reads the last
            remembered token.

    Raises:
        ValueError: an alphabet outside the unit ball or with a repeated token, no
            table or one of another shape, a lag that is not whole or below 1, a depth
            out of range, or a readout of another dimension.

    Example:
        >>> signs = [[-1.0], [1.0]]  # -1 asks for lag 1, and 1 for lag 2
        >>> target = tapx.AdaptiveMemory(signs, [[1, 2]], lambda z: z[..., 1])
        >>> target(torch.tensor([[[1.0], [-1.0], [1.0]]])).tolist()
        [1.0]
    """

    alphabet: Any  # a tensor once built, and a tuple of tensors
    tables: Any
    readout: Callable[[Tensor], Tensor]
    depth: int = 0

    def __post_init__(self) -> None:
        """Check everything and bring alphabet and tables to their types."""
        object.__setattr__(self, "alphabet", check_alphabet(self.alphabet))
        tables = tuple(self.tables)
        memories = len(tables)
        if not memories:
            raise ValueError("at least one memory function is needed, none was given")
        check_depth(self.depth, memories)
        checked = tuple(
            check_table(table, i + 1, len(self.alphabet), min(i, self.depth) + 1)
            for i, table in enumerate(tables)
        )
        object.__setattr__(self, "tables", checked)
        given = f"{memories} memories and the current token"
        check_readout(self.readout, self.dimension, given)

    @classmethod
    def from_functions(
        cls,
        alphabet: Any,
        functions: Sequence[Callable[..., Any]],
        readout: Callable[[Tensor], Tensor],
        depth: int = 0,
    ) -> "AdaptiveMemory":
        """The same from the ``g_i`` as functions, evaluated on the whole alphabet.

        Number i takes ``min(i - 1, depth) + 1`` rows of shape (d,) and returns a whole
        number of at least 1.
        """
        rows = check_alphabet(alphabet)
        tables = []
        for i, function in enumerate(functions):
            arity = min(i, max(depth, 0)) + 1
            tuples = itertools.product(rows, repeat=arity)
            values = [float(function(*tokens)) for tokens in tuples]
            tables.append(torch.tensor(values).double().reshape((len(rows),) * arity))
        return cls(rows, tuple(tables), readout, depth)

    @property
    def largest_lags(self) -> tuple[int, ...]:
        """``T_1, ..., T_M``: the largest value of each memory function."""
        return tuple(int(table.max()) for table in self.tables)

    @property
    def reach(self) -> int:
        """The largest lag that may be read."""
        return max(self.largest_lags)

    @property
    def input_dimension(self) -> int:
        """d, the size of a token."""
        return self.alphabet.shape[1]

    @property
    def dimension(self) -> int:
        """``D = (M + 1) d``, the size of what the readout sees."""
        return (len(self.tables) + 1) * self.input_dimension

    def indices(self, x: Float[Tensor, "batch time d"]) -> Int[Tensor, "batch time"]:
        """Which entry of the alphabet each token is (ValueError if none)."""
        x = x.to(torch.float64)
        distances = torch.stack([(x - row).norm(dim=-1) for row in self.alphabet])
        least, index = distances.min(0)
        for batch, time in (~(least <= ROUNDING)).nonzero():
            near = self.alphabet[index[batch, time]].tolist()
            raise ValueError(
                f"token {x[batch, time].tolist()} is not in the alphabet; the nearest "
                f"entry is {near}"
            )
        return index

    def lags(self, x: Float[Tensor, "batch time d"]) -> Int[Tensor, "batch M"]:
        """The lags ``t_1, ..., t_M`` at the last position."""
        if x.shape[1] <= self.reach:
            raise ValueError(
                f"{x.shape[1]} tokens do not reach back to lag {self.reach}; at least "
                f"{self.reach + 1} are needed"
            )
        back = self.indices(x[:, -self.reach - 1 :]).flip(1)  # column s is lag s
        rows = torch.arange(len(x), device=x.device)
        read, found = [back[:, 0]], []
        for table in self.tables:
            found.append(table[tuple(read[: table.dim()])])
            read.append(back[rows, found[-1]])
        return torch.stack(found, dim=1)

    def memories(self, x: Float[Tensor, "batch time d"]) -> Float[Tensor, "batch D"]:
        """What the readout sees at the last position: ``x_t`` and the tokens read.

        ValueError for too few tokens, or one within reach that is no entry.
        """
        lags = torch.nn.functional.pad(self.lags(x), (1, 0))  # lag 0 first
        rows = torch.arange(len(x), device=x.device)[:, None]
        return x[rows, x.shape[1] - 1 - lags].flatten(1)

    def __call__(
        self, x: Float[Tensor, "batch time d"], last_only: bool = True
    ) -> Tensor:
        """The last answer, (batch,), or all with a past, (batch, time - reach).

        ValueError as `memories`.
        """
        if last_only:
            return self.readout(self.memories(x))
        if x.shape[1] <= self.reach:
            raise ValueError(f"more than {self.reach} tokens are needed")
        windows = x.unfold(1, self.reach + 1, 1).transpose(2, 3)
        seen = self.memories(windows.flatten(0, 1))
        return self.readout(seen.unflatten(0, windows.shape[:2]))


def boolean_example() -> AdaptiveMemory:
    """The paper's example: ``y_t = x_t x_{t-g(x_t)} x_{t-g(x_{t-g(x_t)})}`` on signs.

    ``g(1) = 1`` and ``g(-1) = 2``; K = M = 2. The readout is exact.
    """
    tables = ([1, 2], [[1, 2], [1, 2]])  # g_2 reads the second of its tokens
    return AdaptiveMemory([[1.0], [-1.0]], tables, exact_nets.parity(3), depth=2)
