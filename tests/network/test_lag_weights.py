"""The three normalisations of a head, against sums written out."""

import math

import pytest
import torch

from tapx.network import lag_weights

LOGITS = -torch.tensor([[0.5], [1.5]], dtype=torch.float64) * torch.arange(6)
TOTAL = 1 / (1 - torch.exp(-torch.tensor([0.5, 1.5], dtype=torch.float64)))
ALL = torch.ones(6, dtype=torch.bool)


def test_finite_is_a_softmax_over_the_lags_seen():
    seen = torch.tensor([False, True, True, False, True, False])
    weights = lag_weights.normalise(LOGITS, "finite", seen)
    assert torch.equal(weights[:, ~seen], torch.zeros(2, 3, dtype=torch.float64))
    sizes = torch.exp(LOGITS) * seen
    assert torch.allclose(weights, sizes / sizes.sum(1, keepdim=True), atol=1e-15)


def test_a_position_that_sees_nothing_has_weights_zero_and_finite_gradients():
    logits = LOGITS.clone().requires_grad_()
    weights = lag_weights.normalise(logits, "finite", ~ALL)
    assert not weights.any()
    weights.sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_infinite_divides_by_the_sum_over_all_lags():
    weights = lag_weights.normalise(LOGITS, "infinite", ALL, TOTAL)
    # What is missing is the part beyond the sixth lag, e^(-6 rate).
    left = 1 - weights.sum(1)
    rates = torch.tensor([0.5, 1.5], dtype=torch.float64)
    assert torch.allclose(left, torch.exp(-6 * rates), atol=1e-15)
    beyond = TOTAL * torch.exp(-6 * rates)
    again = lag_weights.normalise(LOGITS, "infinite", ALL, beyond=beyond)
    assert torch.allclose(again, weights, rtol=1e-14)


def test_none_divides_by_nothing():
    weights = lag_weights.normalise(LOGITS, "none", ALL)
    assert torch.equal(weights, torch.exp(LOGITS))


@pytest.mark.parametrize("normalisation", lag_weights.NORMALISATIONS)
def test_the_short_way_agrees_where_every_lag_is_visible(normalisation):
    total = TOTAL if normalisation == "infinite" else None
    short = lag_weights.normalise(LOGITS, normalisation, total=total)
    long = lag_weights.normalise(LOGITS, normalisation, ALL, total)
    assert torch.allclose(short, long, rtol=1e-15)


@pytest.mark.parametrize("normalisation", lag_weights.NORMALISATIONS)
def test_running_weights_are_those_of_each_position(normalisation):
    total = TOTAL if normalisation == "infinite" else None
    weights, totals = lag_weights.running(LOGITS, normalisation, total)
    assert (totals is not None) == (normalisation == "finite")
    for end in range(1, 7):
        row = weights[:, :end]
        row = row if totals is None else row / totals[:, end - 1 : end]
        wanted = lag_weights.normalise(LOGITS[:, :end], normalisation, None, total)
        assert torch.allclose(row, wanted, rtol=1e-14)


def test_visible_weights_stay_finite_where_sums_lose_all_digits():
    growing = torch.arange(6, dtype=torch.float64)[None] * 100
    assert math.isfinite(float(lag_weights.normalise(growing, "finite").sum()))
