"""Proposition C.1: how far the logarithm of a rounded number is from the logarithm.

A feed-forward network with precision returns ``[z]`` with lin and ``log[e^z]`` with
log, where ``[.]`` is the nearest whole number. The proposition bounds what the second
form changes: ``|log[e^z] - z| <= 1 / (2 min{e^z, [e^z]})`` for ``z >= 1``. It holds as
far as the logarithm exists, for ``z > -log 2``.
"""

import math

import torch
from flint import arb
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least
from tapx.kernels import balls
from tapx.kernels.family import LIN, Family

BITS = 192
"""Working precision of the certificates: differences near 1e-20 keep 20 digits."""


def proposition_c1(z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The bound of Proposition C.1: ``1 / (2 min{e^z, [e^z]})``.

    ValueError for a z not above ``-log 2``, where e^z rounds to 0, or not a number.
    """
    size = torch.exp(z)
    if not bool((size > 0.5).all()):
        raise ValueError(
            f"z = {float(z.min()):g}: e^z must round to at least 1, so z must be above "
            f"{-math.log(2):.6f}; the proposition speaks of z >= 1"
        )
    return 1 / (2 * torch.minimum(size, torch.round(size)))


def largest_violation(first: int, last: int) -> arb:
    """Ball of ``max |log[e^z] - z| - 1 / (2 min{e^z, [e^z]})`` on a range of z.

    The range holds all z at which ``e^z`` rounds to one of first, ..., last, with
    half-integers rounded both ways. Write ``y = e^z`` and n for what it is rounded to.
    For ``y <= n`` the difference ``log(n/y) - 1/(2y)`` falls in y as long as
    ``y > 1/2``, so that its maximum is at the left end, ``y = n - 1/2``. For
    ``y >= n`` the difference ``log(y/n) - 1/(2n)`` rises, and its maximum is at
    ``y = n + 1/2``. Two values for each n decide, and they are computed in balls.

    The proposition holds on the range if the ball is not above 0. `first` is at least
    1, since [0] has no logarithm (up to 3 the range covers all ``z >= 1``), and `last`
    at least `first`; ValueError otherwise.
    """
    at_least(1, first=first)
    at_least(first, last=last)
    with balls.precision(BITS):
        worst, half = arb("-inf"), arb(1) / 2
        for n in range(first, last + 1):
            for end in (half / (n - half), half / n):
                worst = worst.max(end.log1p() - end)
        return worst


def sharpness(n: int) -> arb:
    """Ball of the largest ratio of ``|log[e^z] - z|`` to the bound where [e^z] = n.

    By the same monotonicity the maximum is at one of the ends ``e^z = n -+ 1/2``. It
    tends to 1 as n grows: the bound has the best constant. ValueError for n below 1.
    """
    at_least(1, n=n)
    with balls.precision(BITS):
        half = arb(1) / 2
        below, above = ((half / y).log1p() * 2 * y for y in (n - half, n))
        return above.max(below)


def margin(value: int, position: str) -> float:
    """How far a net may be off and the rounded value g still be right, exactly.

    1/2 with lin. With log the net computes ``log g``, and ``log[e^z] = log g`` up to
    ``z = log(g + 1/2)`` above and ``log(g - 1/2)`` below; the nearer is
    ``log(1 + 1/(2g))``. The paper asks for ``1/(4g)``, about half of it. ValueError for
    a value below 1, or a position other than "lin" and "log".
    """
    at_least(1, value=value)
    return 0.5 if Family.of(position) is LIN else math.log1p(1 / (2 * value))
