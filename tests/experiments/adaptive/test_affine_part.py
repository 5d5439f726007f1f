"""What affine functionals can know of an adaptive target on signs."""

from fractions import Fraction

import numpy as np
import torch

from tapx.experiments.adaptive.affine import affine_part, sign_switch
from tapx.targets import influence
from tapx.targets.adaptive import boolean_example


def test_the_switch_reads_the_lag_that_its_sign_asks_for():
    tokens = torch.tensor([[[0.5], [-1.0], [1.0], [1.0]]]).sign().double()
    assert sign_switch()(tokens).tolist() == [1.0]
    assert sign_switch()(-tokens).tolist() == [1.0]


def test_half_of_the_switch_is_affine():
    part = affine_part(sign_switch())
    half = Fraction(1, 2)
    assert part.coefficients == (0, half, half)
    assert (part.constant, part.mean_square, part.error) == (0, 1, half)


def test_a_quarter_of_the_nested_example_is_affine():
    part = affine_part(boolean_example())
    assert part.coefficients == (Fraction(1, 2), 0, 0)
    assert part.error == Fraction(3, 4)


def test_least_squares_agree():
    for target in (sign_switch(), boolean_example()):
        windows = influence.all_windows(target.alphabet, target.reach + 3)
        columns = np.c_[np.ones(len(windows)), windows[..., 0].numpy()]
        answers = target(windows).numpy()
        best = np.linalg.lstsq(columns, answers, rcond=None)[0]
        error = np.mean((columns @ best - answers) ** 2)
        assert abs(error - float(affine_part(target).error)) < 1e-12
