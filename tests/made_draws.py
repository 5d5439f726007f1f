"""Random numbers for tests, each from its seed."""

import torch

F64 = torch.float64


def seeded(seed):
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def draw(*shape, seed=0):
    """Normal numbers, float64."""
    return torch.randn(*shape, generator=seeded(seed), dtype=F64)


def whole(low, high, *shape, seed=0):
    """Whole numbers from low up to, but not, high."""
    return torch.randint(low, high, shape, generator=seeded(seed))


def signs(*shape, seed=0):
    """1 and -1, float64."""
    return 2.0 * whole(0, 2, *shape, seed=seed).to(F64) - 1
