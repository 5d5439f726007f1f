import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import zeta

from tapx.network import positions

F64 = torch.float64


def test_log_does_not_see_lag_zero():
    phi = positions.get("log")(torch.arange(4))
    assert phi[0] == -math.inf
    assert torch.equal(phi[1:], -torch.log(torch.arange(1, 4, dtype=F64)))


def test_lin_is_minus_the_lag_and_blind_to_the_future():
    phi = positions.get("lin")(torch.tensor([-1, 0, 5]))
    assert phi.tolist() == [-math.inf, 0, -5]


def test_t5_counts_near_lags_and_buckets_far_ones():
    phi = positions.get("t5", buckets=4, horizon=16)(torch.arange(40))
    assert (-phi[:5]).tolist() == [0, 1, 2, 3, 4]
    assert (-phi[8]).item() == 4 + math.floor(4 * math.log(2) / math.log(4))
    assert ((-phi[16:]) == 7).all()
    assert (phi[1:] <= phi[:-1]).all()


def test_t5_starts_of_the_library_it_is_named_after():
    starts = positions.t5_starts(16, 128)
    assert starts[:17] == list(range(17))
    assert starts[17:24] == [19, 21, 24, 27, 31, 35, 40]
    assert starts[24:] == [46, 52, 59, 67, 77, 87, 99, 113]


@given(st.integers(1, 24), st.integers(1, 200))
def test_t5_is_the_formula_up_to_rounding(buckets, more):
    horizon = buckets + more
    lags = torch.arange(buckets, 2 * horizon, dtype=F64)
    found = -positions.get("t5", buckets=buckets, horizon=horizon)(lags)
    ratio = math.log(horizon / buckets)
    real = buckets + buckets * torch.log(lags / buckets) / ratio
    assert (found <= real + 1e-9).all()
    inside = lags < horizon
    assert (found[inside] > real[inside] - 1 - 1e-9).all()
    assert (found[~inside] == 2 * buckets - 1).all()


def test_t5_where_the_quotient_is_whole():
    phi = positions.get("t5", buckets=5, horizon=160)(torch.tensor([9, 10, 20, 80]))
    assert (-phi).tolist() == [5, 6, 7, 9]


def test_kerple_functions():
    lags = torch.arange(6, dtype=F64)
    log = positions.get("kerple-log", scale=2.0)(lags)
    assert torch.allclose(log, -torch.log(1 + 2 * lags))
    power = positions.get("kerple-power", exponent=1.5)(lags)
    assert torch.allclose(power, -(lags**1.5))


@pytest.mark.parametrize("heads", [1, 2, 4, 8, 16])
def test_alibi_slopes_are_geometric_for_powers_of_two(heads):
    slopes = positions.alibi_slopes(heads)
    assert slopes[-1] == 2.0**-8
    ratio = torch.tensor(2 ** (-8 / heads), dtype=F64)
    assert torch.allclose(slopes[1:] / slopes[:-1], ratio)


def test_alibi_slopes_between_powers_of_two():
    slopes = positions.alibi_slopes(6)
    assert slopes[:4].tolist() == positions.alibi_slopes(4).tolist()
    assert slopes[4:].tolist() == positions.alibi_slopes(8)[0:3:2].tolist()


@given(st.floats(1.001, 300), st.floats(1, 2000))
def test_hurwitz_zeta_agrees_with_scipy(power, start):
    ours = positions.hurwitz_zeta(
        torch.tensor([power], dtype=F64), torch.tensor(start, dtype=F64)
    )
    np.testing.assert_allclose(
        ours.numpy(), zeta(power, start), rtol=1e-12, atol=1e-300
    )


@pytest.mark.parametrize("name", ["lin", "log", "kerple-log"])
@given(slope=st.floats(3, 6), first=st.integers(0, 9))
def test_infinite_sums_are_the_sums(name, slope, first):
    position = positions.get(name)
    lags = torch.arange(first, 200_000)
    direct = torch.exp(slope * position(lags)).sum()
    closed = position.infinite_sum(
        torch.tensor([slope], dtype=F64), torch.tensor(first)
    )
    # The direct sum stops at lag 200,000.
    assert abs(closed.item() / direct.item() - 1) < 1e-4


def test_per_lag_is_one_number_a_lag_and_head():
    free = positions.PerLag(heads=2, length=5)
    assert free.bias.shape == (2, 5)
    assert free.logits(None, torch.arange(1.0, 5)).shape == (2, 4)


def test_lin_and_log_go_on_along_their_tangents():
    z = torch.tensor([-2.0, 0.0, 0.5, 1.0, 3.0], dtype=torch.float64)
    assert torch.equal(positions.get("lin").continued(z), -z)
    wanted = torch.tensor([3.0, 1.0, 0.5, 0.0, -math.log(3)], dtype=torch.float64)
    assert torch.allclose(positions.get("log").continued(z), wanted)
    z.requires_grad_()
    positions.get("log").continued(z).sum().backward()
    assert torch.allclose(z.grad[:3], -torch.ones(3, dtype=torch.float64))
