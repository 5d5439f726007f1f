import pytest
import torch

from tapx import barron
from tapx.targets import FixedMemory, LinearMemory

F64 = torch.float64


def tokens(batch, time, dimension=1):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(batch, time, dimension, generator=generator, dtype=F64)


def test_fixed_memory_by_hand():
    target = FixedMemory((1, 3), lambda z: z.sum(-1))
    x = torch.tensor([[1.0, 2, 4, 8, 16]], dtype=F64)[..., None]
    # Tokens before the first are zero.
    assert target(x).tolist() == [[1, 3, 6, 13, 26]]
    assert target(x, last_only=True).tolist() == [26]


@pytest.mark.parametrize("time", [1, 4, 20])
def test_last_only_is_the_last(time):
    x = tokens(3, time, 2)
    target = FixedMemory((2, 7), barron.relu_sum(torch.eye(6)), input_dimension=2)
    assert target.dimension == 6
    assert torch.allclose(target(x)[:, -1], target(x, last_only=True))


@pytest.mark.parametrize(
    ("lags", "error", "message"),
    [
        ((), ValueError, "at least one memory lag"),
        ((0, 3), ValueError, "memory lag 0"),
        ((-2,), ValueError, "memory lag -2"),
        ((1.5,), TypeError, "1.5"),
        ((True,), TypeError, "whole numbers"),
        ((3, 3), ValueError, "must differ"),
    ],
)
def test_bad_lags_are_refused(lags, error, message):
    with pytest.raises(error, match=message):
        FixedMemory(lags, lambda z: z.sum(-1))


def test_a_readout_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match="takes 2 numbers"):
        FixedMemory((3, 7), barron.relu_sum(torch.eye(2)))


@pytest.mark.parametrize("time", [1, 5, 12])
def test_linear_memory_is_a_convolution(time):
    values = torch.tensor([0.5, -1, 2, 3, 0.25], dtype=F64)
    target, x = LinearMemory(values), tokens(2, time)
    expected = torch.zeros(2, time, dtype=F64)
    for t in range(time):
        for s in range(min(t + 1, len(values))):
            expected[:, t] += values[s] * x[:, t - s, 0]
    assert torch.allclose(target(x), expected, atol=1e-12)
    assert torch.allclose(target(x, last_only=True), expected[:, -1])


def test_linear_memory_refuses_undefined_values():
    with pytest.raises(ValueError, match="lag 0 is not a finite number"):
        LinearMemory(torch.arange(4.0) ** -0.5)
    with pytest.raises(ValueError, match="row of numbers"):
        LinearMemory(torch.ones(2, 2))
