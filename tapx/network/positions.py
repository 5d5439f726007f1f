"""Relative position functions: what a head knows about a lag.

A head adds ``R(s) = p * phi(s)`` to its logits, with one slope ``p > 0`` a head and one
function ``phi`` of the lag a model (section 2 of the paper). Outside its domain phi is
minus infinity: the lag is invisible. ``log`` does not see lag 0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tapx.checks import at_least, one_of
from tapx.kernels.family import LIN, LOG, Family

# Bernoulli numbers B_2, B_4, ..., B_20 for the Euler-Maclaurin tail of the zeta sum.
_BERNOULLI = (
    *(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66),
    *(-691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330),
)
_DIRECT_TERMS = 16


def hurwitz_zeta(
    power: Float[Tensor, " heads"], start: Float[Tensor, "*starts"]
) -> Float[Tensor, "heads ..."]:
    """Sum of ``(start + n) ** -power`` over ``n = 0, 1, 2, ...``, for ``power > 1``.

    Euler-Maclaurin, relative error about 1e-15 in float64. Unlike
    ``torch.special.zeta`` it has a gradient in the power and works under vmap.
    """
    power = power.reshape(-1, *[1] * start.dim())
    total = torch.zeros_like(power * start)
    for n in range(_DIRECT_TERMS):
        total = total + (start + n) ** -power
    edge = start + _DIRECT_TERMS
    first = edge**-power
    total = total + first * (edge / (power - 1) + 0.5)
    rising = power / edge
    for index, bernoulli in enumerate(_BERNOULLI, start=1):
        total = total + bernoulli / math.factorial(2 * index) * rising * first
        rising = rising * (power + 2 * index - 1) * (power + 2 * index) / edge**2
    return total


def read(values: Tensor) -> list[Any]:
    """A tensor's numbers; none inside torch.func.vmap, where they cannot be read."""
    try:
        return values.detach().tolist()
    except RuntimeError:
        return []


@dataclass(frozen=True)
class Position:
    """One position function of the lag, shared by all heads.

    Attributes:
        name: how `get` calls it.
        first_lag: the smallest visible lag, 0 or 1.
        formula: phi on visible lags.
        tail: ``(slopes, first) -> sum over s >= first of exp(slopes * phi(s))`` in
            closed form, or None where none is known.
        smallest_slope: the infinite sum converges for slopes above this number.
        family: what its heads are sums of, exponentials or powers; None for others.

    Raises:
        ValueError: `infinite_sum`, where no closed form is known or a sum diverges.

    Example:
        >>> log = tapx.position("log")
        >>> log.first_lag, log.smallest_slope, log.family is tapx.LOG
        (1, 1.0, True)
    """

    name: str
    first_lag: int
    formula: Callable[[Tensor], Tensor]
    tail: Callable[[Tensor, Tensor], Tensor] | None = None
    smallest_slope: float = 0.0
    family: Family | None = None

    @property
    def has_infinite_sum(self) -> bool:
        """Whether `infinite_sum` knows a closed form."""
        return self.tail is not None

    def __call__(self, lags: Tensor) -> Tensor:
        """The value phi at each lag, minus infinity where the lag is invisible.

        Integer lags give float64, floating lags keep their type.
        """
        if not lags.is_floating_point():
            lags = lags.to(torch.float64)
        visible = lags >= self.first_lag
        inside = lags.clamp(min=self.first_lag)
        return self.formula(inside).masked_fill(~visible, -math.inf)

    def logits(
        self, slopes: Float[Tensor, " heads"], lags: Float[Tensor, " lags"]
    ) -> Float[Tensor, "heads lags"]:
        """``slopes * phi(lags)`` for visible lags; the caller leaves the others out.

        Minus infinity times a slope would make its gradient NaN.
        """
        return slopes[:, None] * self.formula(lags)

    def continued(self, values: Tensor) -> Tensor:
        """Phi of lin or log at any real numbers, for TMX (section 4.3).

        Below the first visible lag, where the paper's phi is minus infinity and TMX's
        weight infinite, both go on along their tangent, whose slope is -1: lin is
        ``-z`` everywhere, log is ``1 - z`` for ``z < 1``.
        """
        inside = values.clamp(min=self.first_lag)
        return self.formula(inside) - (values - inside)

    def infinite_sum(
        self, slopes: Float[Tensor, " heads"], first: Tensor | None = None
    ) -> Tensor:
        """Sum of ``exp(slopes * phi(s))`` over all lags from `first` on.

        Shape (heads, *first.shape). `first` is integer-valued, of any shape; the first
        visible lag if None.

        Raises:
            ValueError: no closed form is known, or a head's sum diverges.
        """
        if self.tail is None:
            raise ValueError(
                f"no closed form for the infinite sum of a {self.name!r} head"
            )
        for head, value in enumerate(read(slopes)):
            if not value > self.smallest_slope:
                raise ValueError(
                    f"head {head} has slope {value:g}, but the sum over all lags of a "
                    f"{self.name!r} head converges only for slopes above "
                    f"{self.smallest_slope:g}; raise the slope or normalise with "
                    "'finite' or 'none'"
                )
        if first is None:
            first = torch.zeros((), dtype=slopes.dtype, device=slopes.device)
        return self.tail(slopes, first.to(slopes.dtype).clamp(min=self.first_lag))


class PerLag(nn.Module):
    """A free trainable number for each lag and head: the freest relative encoding.

    `bias` has shape (heads, length) and is zero at the start; lags from `length` on are
    refused.
    """

    name = "per-lag"
    first_lag = 0
    has_infinite_sum = False
    family = None

    def __init__(self, heads: int, length: int, dtype: torch.dtype = torch.float32):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(heads, length, dtype=dtype))

    def logits(
        self, slopes: Float[Tensor, " heads"] | None, lags: Float[Tensor, " lags"]
    ) -> Float[Tensor, "heads lags"]:
        """The biases at these lags; the slopes play no part."""
        if len(lags) and int(lags.max()) >= self.bias.shape[1]:
            raise ValueError(
                f"lag {int(lags.max())} asked of a per-lag encoding that has "
                f"{self.bias.shape[1]} lags"
            )
        return self.bias[:, lags.long()]

    def infinite_sum(self, slopes: Tensor, first: Tensor | None = None) -> Tensor:
        """Refused."""
        raise ValueError("a per-lag encoding ends at its last lag: no infinite sum")


def _lin() -> Position:
    def tail(slopes: Tensor, first: Tensor) -> Tensor:
        slopes = slopes.reshape(-1, *[1] * first.dim())
        return torch.exp(-slopes * first) / -torch.expm1(-slopes)

    return Position(LIN.name, LIN.first_lag, torch.neg, tail, family=LIN)


def _log() -> Position:
    first = LOG.first_lag
    return Position(LOG.name, first, lambda s: -torch.log(s), hurwitz_zeta, 1.0, LOG)


def t5_starts(buckets: int, horizon: int) -> list[int]:
    """The first lag of each of T5's ``2 * buckets`` buckets (Table 1), exactly.

    Bucket ``buckets + j`` starts at the first lag n with ``j`` at most
    ``buckets * log(n/buckets) / log(horizon/buckets)``, compared as whole numbers: in
    floating point the floor may be one too low where the quotient is whole, as at lag
    10 of 5 buckets and horizon 160. A bucket that starts where the next one does is
    empty. The last one has no end and starts before the horizon.

    Raises:
        ValueError: no buckets, or a horizon that is not above them.
    """
    if not 1 <= buckets < horizon:
        raise ValueError(f"t5 needs 1 <= buckets < horizon, not {buckets}, {horizon}")
    starts, lag = list(range(buckets)), buckets
    for j in range(buckets):
        # (lag / B) ** B >= (D / B) ** j
        while lag**buckets * buckets**j < horizon**j * buckets**buckets:
            lag += 1
        starts.append(lag)
    return starts


def _t5(buckets: int = 16, horizon: int = 128) -> Position:
    starts = torch.tensor(t5_starts(buckets, horizon), dtype=torch.float64)

    def formula(lags: Tensor) -> Tensor:
        edges = starts.to(lags.dtype).to(lags.device)
        return 1.0 - torch.bucketize(lags, edges, right=True).to(lags.dtype)

    return Position("t5", 0, formula)


def _kerple_log(scale: float = 1.0) -> Position:
    if not scale > 0:
        raise ValueError(f"kerple-log needs scale > 0, not {scale}")

    def tail(slopes: Tensor, first: Tensor) -> Tensor:
        outer = scale ** -slopes.reshape(-1, *[1] * first.dim())
        return outer * hurwitz_zeta(slopes, first + 1 / scale)

    return Position("kerple-log", 0, lambda lags: -torch.log1p(scale * lags), tail, 1.0)


def _kerple_power(exponent: float = 1.0) -> Position:
    if not 0 < exponent <= 2:
        raise ValueError(f"kerple-power needs 0 < exponent <= 2, not {exponent}")
    return Position("kerple-power", 0, lambda lags: -(lags**exponent))


_POSITIONS: dict[str, Callable[..., Position]] = {
    "log": _log,
    "lin": _lin,
    "t5": _t5,
    "kerple-log": _kerple_log,
    "kerple-power": _kerple_power,
}


def get(name: str, **options: Any) -> Position:
    """The position function of this name.

    Args:
        name: "log" (``-log s``, from lag 1), "lin" (``-s``), "t5" (minus the bucket),
            "kerple-log" (``-log(1 + scale * s)``), "kerple-power" (``-s**exponent``).
        options: "t5" takes `buckets` (16: 32 values in all) and `horizon` (128),
            "kerple-log" takes `scale` (1), "kerple-power" takes `exponent` (1).

    Raises:
        ValueError: unknown name (the nearest one is suggested) or option out of range.
        TypeError: an option that this position function does not take.

    Example:
        >>> tapx.position("kerple-power", exponent=2)(torch.arange(3)).tolist()
        [-0.0, -1.0, -4.0]
    """
    one_of(name, _POSITIONS, "position function")
    return _POSITIONS[name](**options)


def alibi_slopes(heads: int) -> Float[Tensor, " heads"]:
    """ALiBi's fixed slopes for a lin head: geometric, ``2**(-8/heads)`` and its powers.

    Where the number of heads is no power of two, the slopes of the next lower power of
    two are followed by every other slope of the next higher one. float64.
    """
    at_least(1, heads=heads)
    below = 2 ** (heads.bit_length() - 1)
    slopes = [2 ** (-8 * (h + 1) / below) for h in range(below)]
    between = [2 ** (-8 * (2 * h + 1) / (2 * below)) for h in range(heads - below)]
    return torch.tensor(slopes + between, dtype=torch.float64)
