"""The one-layer networks of Theorems 3.1 and 5.1, and what is proved about them.

Block 0 of the stream holds the current token, and a group of heads without dot product
fills each other block with one convolution of the past: nearly a delta in Theorem 3.1,
nearly a given kernel in Theorem 5.1.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.kernels import balls, distances
from tapx.kernels.kernel import Kernel
from tapx.kernels.nearest import row_values
from tapx.network import recurrence
from tapx.targets.memories import EssentialMemory, FixedMemory
from tapx.theorems import float_sums
from tapx.theorems.certificate import BlockCertificate, check_reach, up
from tapx.theorems.float_sums import UNIT

SUMMED = 512
"""Lags over which a kernel is summed exactly, to bound what is left of its norm."""


@dataclass(frozen=True)
class Built(BlockCertificate):
    """A network of Theorem 3.1 or 5.1 and what is proved about it.

    Attributes:
        model: the Transformer of the proof, float64, the same class that is trained.
        target: what it approximates.
        kernels: one a memory, exactly as the network holds them.
        readout: f, on the current token and the memories, lag 0 put right.
        net: what the FFN computes: `readout` itself, or a sample of its neurons.
        length: the longest input, in tokens, that `rounding_error` and `error` cover.
        readout_error: ``E_FFN``, proven sup of |f - FFN|; 0 if the FFN is f itself.
        errors: for each memory, a proven l1 distance of its kernel over the lags that
            count: all of them, or those from 1 on where the readout puts lag 0 right.
            Some input of the unit ball attains it.
        corrections: multiples of the current token that the readout adds to a memory.

    Example:
        >>> net = tapx.TwoLayerNet([1, 1, 1], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        >>> built = tapx.theorem_3_1.construct(tapx.FixedMemory((1, 2), net), 6, "lin")
        >>> [kernel.heads for kernel in built.kernels], built.float64_safe
        ([3, 3], True)
        >>> built.worst_over(built.adversarial_inputs(16)) <= built.error
        True
    """

    target: FixedMemory | EssentialMemory
    kernels: tuple[Kernel, ...]
    corrections: tuple[float, ...]
    _deviations: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def heads(self) -> int:
        """Heads that the network has."""
        return sum(kernel.heads for kernel in self.kernels)

    @property
    def memories(self) -> tuple[Any, ...]:
        """What the kernels approximate: rows of values from lag 0 on, or kernels."""
        if isinstance(self.target, FixedMemory):
            return tuple([0.0] * lag + [1.0] for lag in self.target.lags)
        return tuple(self.target.kernels)

    def _rounding(self, length: float, evaluation: str) -> float:
        """Forward analysis of the order in which the model works.

        `readout_error` takes f - net at the exact stream, which lies in its box. From
        there to the rounded stream the net changes by its own slopes, not by f's; then
        each neuron sums block by block. A correction of lag 0 is a difference of two
        rounded numbers, folded into the inner weights.
        """
        net, size = self.net, self.target.input_dimension
        slopes = net.coordinate_slopes.reshape(-1, size).norm(dim=1)[1:]
        terms = (1 + self.heads) * net.dimension
        total, radii = 0.0, [1.0]
        for k, slope in enumerate(slopes.tolist()):
            error = self._block_rounding(k, length, evaluation, terms)
            total += slope * error
            radii.append(self._norms[k] + error)
        blocks = net.inner.abs().reshape(net.width, -1, size).sum(2)
        charges = blocks @ torch.tensor(radii, dtype=torch.float64) + net.bias.abs()
        most = (net.width + net.dimension + 8) * float(net.outer.abs() @ charges)
        if self.readout is not self.target.readout:
            added = sum(
                abs(row_values(one, 1)[0]) for one in (*self.kernels, *self.memories)
            )
            f = self.readout
            largest = float(f.outer.abs() @ f.inner.abs()[:, size:].sum(1))
            most += (len(self.kernels) + 16) * largest * float(added)
        return up(total + most * UNIT)

    def _block_rounding(
        self, memory: int, length: float, evaluation: str, terms: int
    ) -> float:
        """What float64 adds to one block on inputs of at most `length` tokens.

        "last": at each lag it sums the heads of a group: a sum of n terms errs by less
        than n units of the sum of their sizes, and an exponential by its exponent's
        size and a few units. Then it sums over the lags, where the large weights have
        already cancelled. "dense" and "recurrence" sum over the lags first, and then
        `terms` numbers, over all heads.
        """
        kernel = self.kernels[memory]
        weights = np.abs(kernel.float_weights)
        decays = (kernel.float_rates, kernel.family, length)
        if evaluation == "recurrence":
            recurrence.refuse(kernel.family, "none")
        if evaluation != "last":
            return float_sums.head_by_head(
                weights, *decays, units=terms + 8, phi_units=3, evaluation=evaluation
            )

        def each(start: int | None = None) -> tuple[float, float]:
            """From a lag on: the heads' sizes, and what summing them loses."""
            plain, weighted = float_sums.decay_sums(*decays, start)
            lost = UNIT * float(weights @ ((kernel.heads + 8) * plain + 3 * weighted))
            return float(weights @ plain), lost

        def tail(count: int) -> float:
            """The kernel as it is computed, beyond the first lags."""
            by_head, lost = each(count)
            # What is exact takes time, and matters where the first lags are not all.
            if length > float_sums.DIRECT:
                by_head = min(by_head, self._beyond(memory, count))
            return by_head + lost

        error = each()[1]
        return error + float_sums.lost(length, self._norms[memory] + error, tail)

    @cached_property
    def _norms(self) -> list[float]:
        """l1 norms of the kernels, rounded up."""
        return [balls.upper(distances.l1_distance(kernel)) for kernel in self.kernels]

    @cached_property
    def _rows(self) -> list[np.ndarray]:
        """The kernels at the first lags."""
        return [row_values(kernel, SUMMED) for kernel in self.kernels]

    def _beyond(self, memory: int, start: int) -> float:
        """Bound of the l1 norm of a kernel from a lag on: what is left of its norm."""
        if start > SUMMED:
            return math.inf
        seen = float(np.abs(self._rows[memory][:start]).sum())
        return self._norms[memory] - seen + start * 2 * UNIT * max(1.0, seen)

    def deviations(self, length: int) -> Float[Tensor, "memories length"]:
        """Memory minus what the network hands over, at lags 0 to length - 1."""
        if length not in self._deviations:
            pairs = zip(self.memories, self.kernels, strict=True)
            rows = [row_values(one, length) - row_values(k, length) for one, k in pairs]
            self._deviations[length] = np.array(rows)
            self._deviations[length][:, 0] -= self.corrections
        return torch.from_numpy(self._deviations[length])

    def _admitted(self, inputs: Tensor) -> Tensor:
        """Tokens of the unit ball; norms rounded up to above 1 are brought back."""
        largest = float(inputs.norm(dim=-1).max()) if inputs.numel() else 0.0
        if not largest <= 1 + 1e-12:
            raise ValueError(
                f"a token has norm {largest:g}: the theorem speaks of norms up to 1"
            )
        return inputs / max(1.0, largest)

    def _wanted(self, inputs: Tensor) -> Tensor:
        return self.target(inputs, last_only=True)

    def adversarial_inputs(
        self, length: int | None = None, count: int = 256, seed: int = 0, steps: int = 4
    ) -> Float[Tensor, "batch length inputs"]:
        """Inputs that try to attain the certificate.

        With ``e_k`` the deviation of kernel k and ``g_k`` the readout's gradient at the
        memories, the answer moves by ``sum_s <x_{t-s}, sum_k e_k(s) g_k>``: tokens take
        the sign that adds up (for one memory and a linear readout this attains the l1
        error). Tokens that are memories themselves keep their values, which are
        placed where the readout is steep. Where all tokens enter the memories, the step
        is repeated from where it leads.

        An input has `length` tokens, more than the largest fixed lag, `self.length` if
        None. From `count` random choices, drawn with the seed, so many steps lead on.
        """
        length = self.length if length is None else length
        size, generator = self.target.input_dimension, torch.Generator()
        generator.manual_seed(seed)
        held: list[int] = []
        if isinstance(self.target, FixedMemory):
            check_reach(length, max(self.target.lags))
            held = [length - 1 - lag for lag in (0, *self.target.lags)]
            tokens = self._memory_tokens(count, generator)
            x = tokens.new_zeros(len(tokens), length, size)
            x[:, held] = tokens
            steps = 1  # the memories stay as they are
        else:
            x = _sphere((count, length, size), generator)
        start, found = x, []
        for step in range(steps):
            stream = self.target.memories(x, last_only=True)
            # Block 0 stays blank where f does not read the current token.
            blank = stream.new_zeros(len(x), self.readout.dimension - stream.shape[1])
            stream = torch.cat([blank, stream], dim=1)
            gradients = self.readout.gradient(stream).reshape(len(x), -1, size)[:, 1:]
            push = torch.einsum("ks,nkd->nsd", self.deviations(length), gradients)
            # Deviations far back are as small as floats go: bring them to size first.
            push = push / push.abs().amax(-1, keepdim=True).clamp(min=1e-300)
            pattern = _normalised(push).flip(1)  # lag s stands s places before the end
            for sign in (1, -1) if step % 2 == 0 else (-1, 1):
                found.append(sign * pattern)
                found[-1][:, held] = start[:, held]
            x = found[-2]
        return torch.cat(found)

    def _memory_tokens(self, count: int, generator: torch.Generator) -> Tensor:
        """Choices of (x_t, x_{t-T_1}, ...) in unit balls, shape (n, M + 1, d).

        On axes, on corners and at random; and where the FFN is off, if it is not f.
        """
        size, blocks = self.target.input_dimension, len(self.kernels) + 1
        axes = torch.eye(blocks * size, dtype=torch.float64).reshape(-1, blocks, size)
        drawn = _sphere((count, blocks, size), generator)
        reach = torch.rand(count, blocks, 1, generator=generator, dtype=torch.float64)
        found = torch.cat([axes, -axes, drawn, drawn * reach])
        if self.net is self.readout:
            return found
        tries = _sphere((64 * count, blocks, size), generator)
        off = (self.readout(tries.flatten(1)) - self.net(tries.flatten(1))).abs()
        return torch.cat([found, tries[off.topk(count).indices]])


def _normalised(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-300)


def _sphere(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random tokens of norm 1."""
    drawn = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return _normalised(drawn)
