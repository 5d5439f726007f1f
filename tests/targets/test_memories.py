import pytest
import torch
from made_draws import F64, draw

from tapx.kernels.kernel import Kernel
from tapx.readouts import two_layer
from tapx.targets.memories import EssentialMemory, FixedMemory, LinearMemory


def test_fixed_memory_by_hand():
    target = FixedMemory((1, 3), lambda z: z.sum(-1))
    x = torch.tensor([[1.0, 2, 4, 8, 16]], dtype=F64)[..., None]
    # Tokens before the first are zero.
    assert target(x).tolist() == [[1, 3, 6, 13, 26]]
    assert target(x, last_only=True).tolist() == [26]


@pytest.mark.parametrize("time", [1, 4, 20])
def test_last_only_is_the_last(time):
    x = draw(3, time, 2)
    target = FixedMemory((2, 7), two_layer.relu_sum(torch.eye(6)), input_dimension=2)
    assert target.dimension == 6
    assert torch.allclose(target(x)[:, -1], target(x, last_only=True))


@pytest.mark.parametrize("time", [1, 5, 12])
def test_linear_memory_is_a_convolution(time):
    values = torch.tensor([0.5, -1, 2, 3, 0.25], dtype=F64)
    target, x = LinearMemory(values), draw(2, time, 1)
    expected = torch.zeros(2, time, dtype=F64)
    for t in range(time):
        for s in range(min(t + 1, len(values))):
            expected[:, t] += values[s] * x[:, t - s, 0]
    assert torch.allclose(target(x), expected, atol=1e-12)
    assert torch.allclose(target(x, last_only=True), expected[:, -1])


@pytest.mark.parametrize("size", [1, 3])
def test_essential_memory_by_hand(size):
    rows = ([1.0], [0.0, 0.5, -0.25])
    net = two_layer.relu_sum(torch.eye(2 * size))
    target, x = EssentialMemory(rows, net, size), draw(4, 6, size)
    assert target.dimension == 2 * size
    seen = target.memories(x)
    assert seen.shape == (4, 6, 2 * size)
    assert torch.allclose(seen[..., :size], x, atol=1e-14)
    assert torch.allclose(seen[:, 3, size:], 0.5 * x[:, 2] - 0.25 * x[:, 1])
    assert torch.allclose(target.memories(x, last_only=True), seen[:, -1])
    assert torch.allclose(target(x), net(seen))


def test_deltas_make_fixed_memories():
    net, x = two_layer.relu_sum(torch.eye(3)), draw(3, 9, 1)
    deltas = [torch.eye(6, dtype=F64)[lag] for lag in (0, 2, 5)]
    fixed = FixedMemory((2, 5), net)
    assert torch.allclose(EssentialMemory(deltas, net)(x), fixed(x), atol=1e-14)


def test_a_kernel_that_never_ends():
    kernel = Kernel.of("power", (2,), (1,))
    target, x = EssentialMemory([kernel], lambda z: z[..., 0]), draw(2, 40, 1)
    squares = torch.arange(40, dtype=F64) ** -2
    squares[0] = 0
    assert torch.allclose(target(x), LinearMemory(squares)(x))
    assert torch.allclose(target(x, last_only=True), target(x)[:, -1])
