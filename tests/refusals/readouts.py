"""What `tapx.readouts` refuses."""

import math

import torch
from made_calls import each

from tapx.readouts import exact_nets, memory_functions, norms, rounding, two_layer
from tapx.readouts.approximation import hull, orthogonal, trained
from tapx.readouts.exact_nets import ridge
from tapx.readouts.memory_functions import interpolating_net, rounding_width
from tapx.readouts.sup import sup_estimated
from tapx.readouts.two_layer import TwoLayerNet

F64 = torch.float64
SEED = torch.Generator()
FLAT = two_layer.relu_sum([[1.0, 2.0]])
LINE, ONE = TwoLayerNet([1.0], [[1.0]]), torch.ones(1, 1, dtype=F64)
PLANE = TwoLayerNet([1.0] * 8, [[1.0, 0.5]] * 8)
SOLID = TwoLayerNet([1.0], [[1.0, 0.5, 2.0]])
POINTS = torch.ones(10, 2, dtype=F64)


def through(points, values):
    return interpolating_net(
        torch.tensor(points, dtype=F64), torch.tensor(values, dtype=F64)
    )


VALUE_ERROR = {
    "'linear'; did you mean 'lin'": lambda: memory_functions.tolerance(1, "linear"),
    "'logarithm'; did you mean 'log'": lambda: rounding.margin(1, "logarithm"),
    # Nets
    "shapes must be": lambda: TwoLayerNet([1, 2], [[1.0]]),
    "inner holds a number that is not finite": lambda: TwoLayerNet([1], [[math.nan]]),
    r"width,\), not \(2,\), \(2,\)": lambda: two_layer.relu_sum([1.0, 2.0]),
    "cannot subtract a net on R.3": lambda: PLANE.minus(SOLID),
    "points must rise strictly, not": lambda: ridge([1.0], [1, 1], [0, 2]),
    "as many values are needed, not shapes .1,., .2,.": lambda: ridge([1], [1, 2], [0]),
    "count=0: give at least 1": lambda: exact_nets.parity(0),
    r"width,\), not \(2,\), \(2, 1": lambda: exact_nets.linear([[1.0]]),
    # Norms and suprema
    r"radius=(0\.0|-1\.0|inf): give a finite number above 0": each(
        norms.norm_certified, (FLAT, 0.0), (FLAT, math.inf)
    ),
    r"radius=-1\.0: give a finite number above 0": lambda: sup_estimated(
        LINE, -1.0, SEED
    ),
    r"radius=0\.0: give a finite number above 0": lambda: two_layer.sup_certified(
        PLANE, 0.0
    ),
    "points and values must be finite": (
        lambda: norms.lower_bound([-1.0, 0.0, 1.0], [0.0, math.nan, 1.0]),
        lambda: through([[1.0]], [math.inf]),
    ),
    "three points or more": lambda: norms.lower_bound([0.0, 1.0], [0.0, 1.0]),
    r"nearest to 0 is -0\.5": lambda: norms.lower_bound([-0.5, 1.0, 2.0], [0, 1.0, 2]),
    "starts=0: give at least 1": lambda: sup_estimated(LINE, 1.0, SEED, starts=0),
    # Widths
    "width=0: give at least 1": (
        lambda: two_layer.sample(PLANE, 0, SEED),
        lambda: memory_functions.sampled_errors(LINE, ONE, [0], [0]),
    ),
    "width 9: 1 to 8 are allowed": lambda: orthogonal(PLANE, [9], POINTS),
    "width 0: 1 to ": lambda: hull(PLANE, [], POINTS),
    "rows of 2 numbers, not": (
        lambda: orthogonal(PLANE, [1], POINTS[:, :1]),
        lambda: trained(PLANE, 2, POINTS[:, :1], SEED),
    ),
    "iterations=0: give at least 1": lambda: trained(PLANE, 2, POINTS, SEED, 0),
    "widths must ascend and not be empty": each(
        rounding_width, (LINE, ONE, 0.5, [2, 1], [0]), (LINE, ONE, 0.5, [], [0])
    ),
    "seeds=0: give at least 1": lambda: rounding_width(LINE, ONE, 0.5, [1], []),
    "must be above 0, .* not 0.0": lambda: rounding_width(LINE, ONE, 0.0, [1], [0]),
    "for each of 1 points": lambda: rounding_width(LINE, ONE, [0.5, 0.5], [1], [0]),
    # Memory functions and their rounding
    "two points are equal": lambda: through([[1.0], [1.0]], [1.0, 2.0]),
    "no direction tells the points": lambda: through([[1.0], [1 + 1e-12]], [1.0, 2.0]),
    "largest_lag=0: give at least 1": lambda: memory_functions.tolerance(0, "lin"),
    r"must be above -0\.693147": each(
        rounding.proposition_c1, torch.tensor([1.0, -0.7]), torch.tensor([math.nan])
    ),
    "first=0: give at least 1": lambda: rounding.largest_violation(0, 5),
    "n=0: give at least 1": lambda: rounding.sharpness(0),
    "last=4: give at least 5": lambda: rounding.largest_violation(5, 4),
    "value=0: give at least 1": lambda: rounding.margin(0, "lin"),
}
TYPE_ERROR = {
    "parameter 'values'": lambda: through([[1.0]], [1.0, 2.0]),
    "parameter 'points'": lambda: through([1.0], [1.0]),
}
