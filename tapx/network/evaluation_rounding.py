"""How far two float64 evaluations of one block of attention may lie apart, at most.

Evaluations that are equal in exact arithmetic ("dense", "last", "fft", "recurrence", a
loop written by hand) differ by rounding. That they agree is a claim only beside a bound
of this difference that is known before anything is measured. It comes from a forward
analysis: a sum of products errs by at most the number of its roundings, times the unit
roundoff, times the sum of the sizes of its terms. It is generous, and still far below
any error that is not rounding.
"""

import math
from collections.abc import Iterable

import torch

from tapx.kernels.family import LIN, LOG
from tapx.network.attention import Attention
from tapx.network.positions import PerLag

UNIT = 2.0**-53  # unit roundoff of float64


def evaluation_rounding(block: Attention, length: int, radius: float = 1.0) -> float:
    """A bound of the difference of two evaluations, at any position and coordinate.

    A weight errs by a few units for each unit of its logit's parts, and where powers
    are multiplied up (``e^{-p}`` once for each lag) by ``p + 3`` units a lag. Sums err
    by as many units as they have terms, a Fourier transform by less than its logarithm
    times the root of its length, a denominator like the weights that it sums.

    Args:
        block: float64, with slopes.
        length: tokens of the inputs, at least 1.
        radius: largest Euclidean norm of a token.

    Raises:
        ValueError: a length below 1, a negative radius, or one number a lag in place of
            slopes. TypeError: a block that is not float64.
    """
    if length < 1 or not radius >= 0:
        raise ValueError(
            f"length {length} and radius {radius}: allowed are a length of at least 1 "
            "and a radius of at least 0"
        )
    if isinstance(block.position, PerLag):
        raise ValueError("one number a lag has no slopes; allowed is a position name")
    if block.value.dtype != torch.float64:
        raise TypeError(f"the block is {block.value.dtype}; allowed is torch.float64")
    with torch.no_grad():
        lags = torch.arange(block.position.first_lag, length, dtype=torch.float64)
        logits = block.position.logits(block.slopes, lags)
        term = _token_term(block, radius)[:, None]
        units = 3 * logits.abs() + 3 * (block.dimension + 4) * term + 8
        if block.position.family is LIN:
            units = units + (block.slopes[:, None] + 3) * lags
        transform = 32 * (1 + math.log2(length)) * math.sqrt(length)
        terms = length + (block.heads + 2) * block.dimension + transform + 32
        if block.normalisation == "none":
            sums = (torch.exp(logits + term) * (units + terms)).sum(-1)
        else:
            # The weights add up to at most 1, whatever the tokens make of them.
            sums = 2 * units.amax(-1) + 2 * terms
        mixers = block.output.abs() @ block.value.abs()  # (heads, D, D)
        sizes = mixers.norm(dim=2) * radius
        worst = float((sizes * sums[:, None]).sum(0).max())
    return 2 * worst * UNIT * (1 + 2.0**-30)


def quotient_rounding(rows: Iterable[tuple[float, float, float]]) -> float | None:
    """How far the least of some quotients moves if what was measured moves a little.

    A row is a number that does not move (a certificate, at least 0), what it is divided
    by (a measured error, above 0), and how far that may be off. None where every
    measurement is within its rounding of zero.

    Raises:
        ValueError: no rows.
    """
    found = list(rows)
    if not found:
        raise ValueError("no quotients were given; at least one is needed")
    least, low = (
        min(top / (bottom + side * moves) for top, bottom, moves in found)
        for side in (0, 1)
    )
    above = [top / (bottom - moves) for top, bottom, moves in found if bottom > moves]
    return max(least - low, min(above) - least) if above else None


def _token_term(block: Attention, radius: float) -> torch.Tensor:
    """For each head the largest size of what the tokens add to a logit."""
    if block.score == "dot":
        product = block.query.abs().transpose(1, 2) @ block.key.abs()
        return product.flatten(1).norm(dim=1) * radius**2
    if block.score == "tmx":
        reach = block.direction.norm(dim=1) * radius
        return block.slopes * (reach + (block.position.family is LOG))
    return torch.zeros_like(block.slopes)
