"""Readouts of worked examples, written exactly as two-layer ReLU nets.

A function of one linear form of the memories that is piecewise linear is a net with one
neuron a kink (and two for its value and slope at the start). Every function on finitely
many points that the form tells apart is of this kind.
"""

from typing import Any

import numpy as np
import torch

from tapx.checks import at_least
from tapx.readouts.two_layer import TwoLayerNet


def ridge(direction: Any, points: Any, values: Any) -> TwoLayerNet:
    """``h(<direction, x>)``, h linear between the points and constant outside them.

    The direction has shape (dimension,), the points rise strictly, and there are as
    many values of h there, one or more; ValueError otherwise.
    """
    row = torch.as_tensor(direction, dtype=torch.float64)
    at, height = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
    if row.dim() != 1 or at.ndim != 1 or at.shape != height.shape or not len(at):
        raise ValueError(
            f"a direction (dimension,), points and as many values are needed, not "
            f"shapes {tuple(row.shape)}, {at.shape}, {height.shape}"
        )
    if not (np.diff(at) > 0).all():
        raise ValueError(f"points must rise strictly, not {at.tolist()}")
    slopes = np.concatenate([[0.0], np.diff(height) / np.diff(at), [0.0]])
    kinks = np.diff(slopes)
    kept = kinks != 0
    # The value at the far left is a neuron that only has a bias.
    outer = np.concatenate([[height[0]], kinks[kept]])
    bias = np.concatenate([[1.0], -at[kept]])
    inner = torch.cat([torch.zeros_like(row)[None], row.repeat(int(kept.sum()), 1)])
    if height[0] == 0 and kept.any():
        outer, bias, inner = outer[1:], bias[1:], inner[1:]
    return TwoLayerNet(outer, inner, bias)


def linear(coefficients: Any) -> TwoLayerNet:
    """``<coefficients, x>``, a row, as two neurons: ``relu(z) - relu(-z)``."""
    row = torch.as_tensor(coefficients, dtype=torch.float64)
    return TwoLayerNet([1.0, -1.0], torch.stack([row, -row]))


def parity(count: int) -> TwoLayerNet:
    """The product of `count` signs: exact on ``{-1, 1}^count``, linear between.

    The product depends on the sum of the signs alone, and changes its own sign when the
    sum moves by 2. So it is a zigzag of slope 1 in the sum. The count is at least 1
    (ValueError).
    """
    at_least(1, count=count)
    sums = range(-count, count + 1, 2)
    products = [(-1.0) ** ((count - total) // 2) for total in sums]
    return ridge(torch.ones(count), list(sums), products)
