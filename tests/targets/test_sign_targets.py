"""The targets of the toy experiments, on signs."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from made_draws import signs

from tapx.targets.signs import ENDS, TOKENS, spaced, target


@pytest.mark.parametrize("name", list(TOKENS))
@pytest.mark.parametrize("end", ENDS)
def test_answers_are_the_readout_of_the_tokens(name, end):
    chosen, tokens = target(name, end), signs(50, 1000).float()
    lags = [n if end == "last" else 1000 - n for n in TOKENS[name]]
    assert list(chosen.lags) == lags
    wanted = chosen.readout(tokens[:, lags])
    assert torch.allclose(chosen(tokens).double(), wanted, rtol=1e-6)


def test_answers_are_exact_sums_rounded():
    """So they do not depend on how a library adds, and are equal on every machine."""
    chosen = target("1b")
    patterns, answers = chosen.table()
    rows = [[Fraction(x) for x in row] for row in chosen.readout.inner.tolist()]
    for signs_, answer in zip(patterns, answers, strict=True):
        hidden = (
            sum(w * int(x) for w, x in zip(row, signs_, strict=True)) for row in rows
        )
        exact = sum(max(Fraction(0), z) for z in hidden)
        # One rounding in each neuron's sum, and one in theirs.
        assert abs(Fraction(float(answer)) - exact) <= exact / 2**52


def test_2b_is_the_sum_of_its_tokens():
    chosen, tokens = target("2b", "last"), signs(20, 1000).float()
    assert torch.equal(chosen(tokens), tokens[:, [48, 56, 99]].sum(1))
    assert chosen.variance == pytest.approx(3)


def test_3a_has_the_target_of_1b():
    assert np.array_equal(target("1b").table()[1], target("3a").table()[1])


@pytest.mark.parametrize("name", ["1b", "2a"])
def test_the_walsh_polynomial_is_the_target(name):
    chosen = target(name)
    patterns, answers = chosen.table()
    place = {lag: i for i, lag in enumerate(chosen.lags)}
    total = sum(
        c * patterns[:, [place[lag] for lag in lags]].prod(1)
        for lags, c in chosen.walsh().items()
    )
    assert np.allclose(total, answers)


def test_on_signs_2a_is_affine_and_1b_is_not():
    for name, affine in (("2a", True), ("2b", True), ("1b", False)):
        products = [c for lags, c in target(name).walsh().items() if len(lags) > 1]
        assert (np.abs(products).max(initial=0.0) < 1e-12) == affine


def test_the_variance_is_that_of_many_answers():
    chosen = target("1b")
    sampled = chosen(signs(20_000, 1000, seed=1)).var().item()
    assert chosen.variance == pytest.approx(sampled, rel=0.05)


def test_directions_come_from_their_seed():
    one, two = (target("2a", directions_seed=s).variance for s in (0, 1))
    assert one == target("2a").variance != two


def test_shorter_inputs_scale_the_token_numbers():
    assert target("2b", "last", length=100).lags == (5, 6, 10)
    assert target("2b", "first", length=100).lags == (95, 94, 90)


@pytest.mark.parametrize("levels", [2, 3, 7])
def test_tokens_of_any_levels_are_answered_by_the_readout(levels):
    task = target("1b", "last", levels=levels)
    patterns, answers = task.table()
    assert patterns.shape == (levels**3, 3)
    tokens = torch.zeros(len(patterns), 1000, dtype=torch.float64)
    tokens[:, list(task.lags)] = torch.from_numpy(patterns)
    assert np.allclose(task.readout(tokens[:, list(task.lags)]), answers)
    assert np.array_equal(task(tokens).numpy(), answers)
    assert np.array_equal(task(tokens.float()).double().numpy(), np.float32(answers))


def test_levels_are_evenly_spaced():
    assert spaced(2) == [-1, 1]
    assert spaced(7) == pytest.approx([-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1])
