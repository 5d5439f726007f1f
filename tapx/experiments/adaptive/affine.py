"""What an affine functional of the tokens can know of an adaptive target on signs.

Attention without dot products and without FFN answers affinely, in any number of
layers. The tokens are independent and uniform on -1 and 1, so that 1 and the tokens at
the lags are orthonormal: the best affine functional has the means ``E[y]`` and
``E[y x_{t-s}]`` for coefficients, and misses ``E[y^2]`` less their squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import torch

from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets import influence
from tapx.targets.adaptive import AdaptiveMemory


@dataclass(frozen=True)
class AffinePart:
    """The best affine functional, in least squares, and what it misses.

    Attributes:
        constant: ``E[y]``.
        coefficients: ``E[y x_{t-s}]`` for s = 0, 1, ..., reach; 0 at later lags.
        mean_square: ``E[y^2]``, the error of answering 0.
        error: least mean squared error of an affine functional of the tokens.
    """

    constant: Fraction
    coefficients: tuple[Fraction, ...]
    mean_square: Fraction
    error: Fraction


def sign_switch() -> AdaptiveMemory:
    """``y_t = x_{t-g(x_t)}`` on signs, with g(1) = 1 and g(-1) = 2; depth 0.

    The readout ``relu(z) - relu(-z)`` of the token found is exact.
    """
    found = TwoLayerNet([1.0, -1.0], [[0.0, 1.0], [0.0, -1.0]])
    return AdaptiveMemory([[1.0], [-1.0]], ([1, 2],), found)


def affine_part(target: AdaptiveMemory) -> AffinePart:
    """Exact, by all windows as long as the target's reach asks for.

    Args:
        target: on the alphabet of 1 and -1.

    Raises:
        ValueError: another alphabet.
    """
    if sorted(target.alphabet.flatten().tolist()) != [-1.0, 1.0]:
        raise ValueError(
            f"the alphabet {target.alphabet.tolist()}: the tokens must be the signs, "
            "[[1.0], [-1.0]]"
        )
    windows = influence.all_windows(target.alphabet, target.reach + 1)
    answers = [Fraction(y) for y in target(windows).tolist()]
    tokens = windows[:, :, 0].flip(1).to(torch.int64).T.tolist()  # row s is lag s

    def mean(values: list[Fraction]) -> Fraction:
        return sum(values, Fraction(0)) / len(values)

    constant = mean(answers)
    coefficients = tuple(
        mean([y * x for y, x in zip(answers, row, strict=True)]) for row in tokens
    )
    square = mean([y**2 for y in answers])
    known = sum((c**2 for c in coefficients), constant**2)
    return AffinePart(constant, coefficients, square, square - known)
