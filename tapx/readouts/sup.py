"""An estimate of ``max |f|`` on a cube, where the dimension is too high to prove it.

It is the largest value that a search met, so a lower bound of the truth and no more.
In up to three dimensions or so, `tapx.readouts.two_layer.sup_certified` proves an
interval instead.
"""

import torch

from tapx.checks import above, at_least
from tapx.readouts.approximation import box_points
from tapx.readouts.two_layer import TwoLayerNet


def sup_estimated(
    net: TwoLayerNet,
    radius: float,
    generator: torch.Generator,
    points: int = 4096,
    starts: int = 64,
    rounds: int = 60,
) -> float:
    """The largest ``|f|`` that a search on ``[-radius, radius]^dimension`` meets.

    The function is piecewise linear, so the search walks: from the best random points
    and corners, each coordinate in turn moves by a step that shrinks, where that helps.

    The generator draws as many random points as corners to start from, `starts` of
    which are improved by so many rounds of sweeps, each with a shorter step. The radius
    is above 0 and the others at least 1 (ValueError).
    """
    above(0, radius=radius)
    at_least(1, points=points, starts=starts, rounds=rounds)
    size = (points, net.dimension)
    inside = box_points(*size, radius, generator)
    corners = 2.0 * torch.randint(0, 2, size, generator=generator) - 1
    tries = torch.cat([inside, radius * corners.to(torch.float64)])
    values = net(tries).abs()
    at = values.topk(min(starts, len(tries))).indices
    best, found = tries[at], values[at]
    for step in torch.logspace(0.3, -4, rounds, dtype=torch.float64) * radius:
        for axis in range(net.dimension):
            for sign in (1, -1):
                moved = best.clone()
                moved[:, axis] = (moved[:, axis] + sign * step).clamp(-radius, radius)
                reached = net(moved).abs()
                better = reached > found
                best = torch.where(better[:, None], moved, best)
                found = torch.where(better, reached, found)
    return float(found.max())
