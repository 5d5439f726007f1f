"""Attention with dot product that looks back: certificates hold, in both variants."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_draws import F64, whole

from tapx.theorems import proposition_4_2


def ternary(count, length, seed):
    return whole(-1, 2, count, length, 1, seed=seed).to(F64)


def test_the_target_by_hand():
    x = torch.tensor([[1, 0, -1], [1, 0, 0], [1, 0, 1], [-1, 1, 0]], dtype=F64)
    assert proposition_4_2.lookback(x[..., None]).tolist() == [-1, 0, 1, 1]


@pytest.mark.parametrize("heads", [1, 3, 4, 6])
def test_the_certificate_covers_and_is_attained(heads):
    built = proposition_4_2.normalisation_free(heads)
    worst = built.worst_over(built.hard_inputs)
    assert built.worst_over(proposition_4_2.all_windows(6)) <= built.error
    assert built.worst_over(ternary(300, 32, heads)) <= built.error
    # The hard input attains the l1 norm but for its tail and for rounding.
    slack = 4 * built.rounding_error + 1e-9
    assert built.attention_error - slack <= worst <= built.error


@pytest.mark.parametrize(
    "built",
    [proposition_4_2.normalisation_free(6), proposition_4_2.softmax(1 / 64)],
    ids=["none", "softmax"],
)
def test_the_certificate_says_for_how_many_tokens_it_holds(built):
    assert built.length == 32
    assert built.error == built.error_for(32)
    roundings = [built.rounding_for(n) for n in (6, 32, 1000, 2**40, math.inf)]
    assert roundings == sorted(roundings)
    assert roundings[-1] < 4 * roundings[1]
    longer = ternary(200, 2000, 1)
    with torch.no_grad():
        off = (proposition_4_2.lookback(longer) - built.model(longer, "last")).abs()
    assert float(off.max()) <= built.error_for(2000)


def test_three_heads_suffice_and_two_do_not():
    assert proposition_4_2.normalisation_free(3).error < 1e-3
    assert proposition_4_2.normalisation_free(2).attention_error == 1


@given(st.integers(4, 14), st.integers(0, 99))
@settings(max_examples=8)
def test_softmax_certificate(power, seed):
    built = proposition_4_2.softmax(2.0**-power)
    assert built.worst_over(ternary(200, 20, seed)) <= built.error
    assert built.worst_over(proposition_4_2.all_windows(7)) <= built.error


def test_the_error_of_softmax_falls_with_the_decay():
    powers = np.arange(6, 13)
    errors = [proposition_4_2.softmax(2.0**-power).attention_error for power in powers]
    slope = np.polyfit(-powers * np.log(2), np.log(errors), 1)[0]
    assert slope == pytest.approx(1, abs=0.1)
