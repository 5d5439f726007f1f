"""Small targets of each class, and the worst that a network does on them."""

import torch
from made_draws import F64, seeded, whole

from tapx.kernels.kernel import Kernel
from tapx.readouts import exact_nets, two_layer
from tapx.targets.adaptive import AdaptiveMemory
from tapx.targets.memories import EssentialMemory, FixedMemory

SIGNS = [[1.0], [-1.0]]
LIGHT = Kernel.of("exponential", [1, 2], [1, -0.5])
HEAVY = Kernel.of("power", [3, 4], [1, -0.5])
ROW = [0.5, 1.0, 0.25, -0.5, 0.125]
TARGET = AdaptiveMemory(SIGNS, ([1, 2], [1, 3]), two_layer.relu_sum([[1.0, 1.0, 1.0]]))


def last(z):
    """A readout that is no net, so that its slopes are not known."""
    return z[..., -1]


def fixed(lags=(1, 3), neurons=6, size=1, seed=0):
    directions = two_layer.normal_directions(neurons, (len(lags) + 1) * size, seed)
    return FixedMemory(lags, two_layer.relu_sum(directions), size)


def essential(memories, neurons=5, size=1, seed=0):
    directions = two_layer.normal_directions(neurons, len(memories) * size, seed)
    return EssentialMemory(memories, two_layer.relu_sum(directions), size)


def chain(depth, memories):
    """A nested target on signs: every pointer is 1 or 2, as the last token says."""

    def lag(*tokens):
        return 1 if tokens[-1][0] > 0 else 2

    return AdaptiveMemory.from_functions(
        SIGNS, [lag] * memories, exact_nets.parity(memories + 1), depth
    )


def random_tables(tokens, memories, depth, seed=0):
    """Lags from 1 to 5, one for whatever tokens a memory reads."""
    generator = seeded(seed)
    return [
        torch.randint(1, 6, (tokens,) * (min(i, depth) + 1), generator=generator)
        for i in range(memories)
    ]


def warm_up(largest, tokens=3, seed=0, size=1):
    """Memories with these largest lags on random tokens, and a random readout."""
    generator = seeded(seed)
    alphabet = torch.randn(tokens, size, generator=generator, dtype=F64)
    alphabet = alphabet / alphabet.norm(dim=1).max()
    tables = [
        (torch.arange(tokens) % T + 1)[torch.randperm(tokens, generator=generator)]
        for T in largest
    ]
    weights = torch.randn((len(largest) + 1) * size, generator=generator).double()
    return AdaptiveMemory(alphabet, tables, exact_nets.linear(weights))


def drawn(built, count, length, seed=0):
    """Random inputs that the target speaks of, in the ball half of them on its edge."""
    if isinstance(built.target, AdaptiveMemory):
        alphabet = built.target.alphabet
        return alphabet[whole(0, len(alphabet), count, length, seed=seed)]
    generator = seeded(seed)
    size = built.target.input_dimension
    x = torch.randn(count, length, size, generator=generator, dtype=F64)
    x = x / x.norm(dim=-1, keepdim=True)
    x[::2] *= torch.rand(len(x[::2]), length, 1, generator=generator, dtype=F64)
    return x


def measured(built, count=64):
    """The worst error on random inputs, on adversarial ones, and on short ones."""
    if isinstance(built.target, AdaptiveMemory):
        short = built.exhaustive_inputs(built.target.reach + 3)
    else:
        short = built.adversarial_inputs(9, 20)
    hard = built.adversarial_inputs(count=count)
    tried = (drawn(built, 100, built.length), hard, short)
    return max(built.worst_over(x) for x in tried)
