"""The network of Theorem 3.1 together with what is proved about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.kernels import balls
from tapx.kernels.kernel import Kernel
from tapx.network import recurrence
from tapx.network.transformer import Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.memories import FixedMemory
from tapx.theorems import float_sums
from tapx.theorems.certificate import MeasuredInBall, check_reach, up
from tapx.theorems.float_sums import UNIT

SUMMED = 512
"""Lags over which a kernel is summed exactly, to bound what is left of its error."""


@dataclass(frozen=True)
class Built(MeasuredInBall):
    """A network of Theorem 3.1 and what is proved about it.

    Attributes:
        model: the Transformer of the proof, float64, the same class that is trained.
        target: what it approximates.
        kernels: one a lag, exactly as the network holds them.
        readout: f, with known norm and slopes.
        net: what the FFN computes: f itself, or a sample of its neurons.
        length: the longest input that `rounding_error` covers.
        readout_error: ``E_FFN``, proven sup of |f - FFN|; 0 if the FFN is f itself.

    Example:
        >>> net = tapx.TwoLayerNet([1, 1, 1], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        >>> built = tapx.theorem_3_1.construct(tapx.FixedMemory((1, 2), net), 6, "lin")
        >>> [kernel.heads for kernel in built.kernels], built.float64_safe
        ([3, 3], True)
        >>> built.worst_over(built.adversarial_inputs(16)) <= built.error
        True
    """

    model: Transformer
    target: FixedMemory
    kernels: tuple[Kernel, ...]
    readout: TwoLayerNet
    net: TwoLayerNet
    length: int
    readout_error: float
    _errors: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @cached_property
    def memory_errors(self) -> tuple[float, ...]:
        """For each lag, a proven bound of the attention's error on its block.

        The l1 distance of the kernel to a delta over all lags, rounded up: it is
        attained by some input of the unit ball.
        """
        return tuple(balls.upper(kernel.l1_error) for kernel in self.kernels)

    def _rounding(self, length: float, evaluation: str) -> float:
        """Forward analysis of the order in which the model works.

        "last": at each lag it sums the heads of a group: a sum of n terms errs by less
        than n units of the sum of their sizes, and an exponential by its exponent's
        size and a few units. Then it sums over the lags, where the large weights have
        already cancelled. "dense" and "recurrence" sum over the lags first.

        `readout_error` takes f - net at the exact stream, which lies in its box. From
        there to the rounded stream the net changes by its own slopes, not by f's.
        """
        size = self.target.input_dimension
        slopes = self.net.coordinate_slopes.reshape(-1, size).norm(dim=1)[1:]
        total, radius = 0.0, 1.0
        terms = (1 + sum(k.heads for k in self.kernels)) * self.net.dimension
        for k, slope in enumerate(slopes.tolist()):
            kernel, largest = self.kernels[k], 1 + self.memory_errors[k]
            error = kernel_rounding(
                *(kernel, length, evaluation, largest, terms),
                beyond=partial(self._beyond, k),
            )
            total += slope * error
            radius = max(radius, largest + error)
        units = self.net.width + self.net.dimension + 8
        total += units * self.net.norm * radius * UNIT
        return up(total)

    def _beyond(self, memory: int, start: int) -> float:
        """Bound of the l1 norm of a kernel from a lag on: what is left of its error."""
        if not self.target.lags[memory] < start <= SUMMED:
            return math.inf
        seen = float(self.deviations(SUMMED)[memory, :start].abs().sum())
        return self.memory_errors[memory] - seen + start * 2 * UNIT

    def deviations(self, length: int) -> Float[Tensor, "lags length"]:
        """Delta minus kernel at lags 0 to length - 1, one row a memory, float64."""
        if length not in self._errors:
            lags = range(length)
            rows = [-kernel.values(lags) for kernel in self.kernels]
            for row, lag in zip(rows, self.target.lags, strict=True):
                if lag < length:
                    row[lag] += 1
            self._errors[length] = np.array(rows)
        return torch.from_numpy(self._errors[length])

    def adversarial_inputs(
        self, length: int | None = None, count: int = 256, seed: int = 0
    ) -> Float[Tensor, "batch length inputs"]:
        """Inputs that try to attain the certificate.

        With ``e_k`` the deviation of kernel k and g the readout's gradient at the
        memory tokens, the answer moves by ``sum_s <x_{t-s}, sum_k e_k(s) g_k>``: the
        tokens that matter little to the readout take the sign that adds up (for one
        memory and a linear readout this attains the l1 error). The memory tokens are
        placed where the readout is steep: on axes, on corners and at random; and where
        the FFN is off, if it is not the readout.

        Args:
            length: tokens of an input, more than the largest lag; `self.length` if
                None.
            count: random choices of the memory tokens.
            seed: of those choices.
        """
        length = self.length if length is None else length
        check_reach(length, max(self.target.lags))
        generator = torch.Generator().manual_seed(seed)
        size, blocks = self.target.input_dimension, len(self.target.lags) + 1
        tokens = self._memory_tokens(count, generator)
        readout = self.readout
        gradients = readout.gradient(tokens.flatten(1)).reshape(-1, blocks, size)
        push = torch.einsum("ks,nkd->nsd", self.deviations(length), gradients[:, 1:])
        # Deviations far back are as small as floats go: bring them to size first.
        push = push / push.abs().amax(-1, keepdim=True).clamp(min=1e-300)
        pattern = push / push.norm(dim=-1, keepdim=True).clamp(min=1e-300)
        both = []
        for sign in (1.0, -1.0):
            x = sign * pattern
            x[:, [0, *self.target.lags]] = tokens
            both.append(x.flip(1))  # lag s stands s places before the end
        return torch.cat(both)

    def _memory_tokens(self, count: int, generator: torch.Generator) -> Tensor:
        """Choices of (x_t, x_{t-T_1}, ...) in unit balls, shape (n, M + 1, d)."""
        size, blocks = self.target.input_dimension, len(self.target.lags) + 1
        axes = torch.eye(blocks * size, dtype=torch.float64).reshape(-1, blocks, size)
        shape = (count, blocks, size)
        drawn = torch.randn(*shape, generator=generator, dtype=torch.float64)
        drawn = drawn / drawn.norm(dim=-1, keepdim=True)
        reach = torch.rand(count, blocks, 1, generator=generator, dtype=torch.float64)
        found = torch.cat([axes, -axes, drawn, drawn * reach])
        if self.net is self.readout:
            return found
        shape = (64 * count, blocks, size)
        tries = torch.randn(*shape, generator=generator, dtype=torch.float64)
        tries = tries / tries.norm(dim=-1, keepdim=True)
        off = (self.readout(tries.flatten(1)) - self.net(tries.flatten(1))).abs()
        return torch.cat([found, tries[off.topk(count).indices]])


def kernel_rounding(
    kernel: Kernel,
    length: float,
    evaluation: str,
    size: float,
    terms: int,
    beyond: Callable[[int], float],
) -> float:
    """What float64 adds to one block of a layer whose weights depend on the lag alone.

    Args:
        kernel: the weights, summed over the heads of the block's group.
        length: tokens, at most.
        evaluation: "last", "dense" or "recurrence".
        size: bound of the kernel's l1 norm.
        terms: what "dense" and "recurrence" sum after the lags, over all heads.
        beyond: bound of the l1 norm of the kernel from a lag on.

    Raises:
        ValueError: powers by recurrence.
    """
    rates, weights = kernel.float_rates, np.abs(kernel.float_weights)
    decays = (rates, kernel.family, length)
    if evaluation == "recurrence":
        recurrence.refuse(kernel.family, "none")
    if evaluation != "last":
        return float_sums.head_by_head(
            weights, *decays, units=terms + 8, phi_units=3, evaluation=evaluation
        )

    def each(start: int | None = None) -> tuple[float, float]:
        """From a lag on: the heads' sizes, and what summing them loses at each lag."""
        plain, weighted = float_sums.decay_sums(*decays, start)
        lost = UNIT * float(weights @ ((kernel.heads + 8) * plain + 3 * weighted))
        return float(weights @ plain), lost

    def tail(count: int) -> float:
        """The kernel as it is computed, beyond the first lags."""
        by_head, lost = each(count)
        # What is exact takes time, and matters where the first lags are not all.
        exact = beyond(count) if length > float_sums.DIRECT else math.inf
        return min(by_head, exact) + lost

    error = each()[1]
    return error + float_sums.lost(length, size + error, tail)
