"""The network of Theorem 5.1 together with what is proved about it."""

import math
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.kernels import distances
from tapx.kernels.kernel import Kernel
from tapx.kernels.nearest import row_values
from tapx.network.transformer import Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.memories import EssentialMemory
from tapx.theorems.built import SUMMED, kernel_rounding
from tapx.theorems.certificate import MeasuredInBall, up
from tapx.theorems.float_sums import UNIT


def at_zero(memory: Any) -> float:
    """The value of a memory or kernel at lag 0; powers have none there, which is 0."""
    if isinstance(memory, Kernel):
        return distances.value(memory, 0)
    return float(memory[0])


@dataclass(frozen=True)
class BuiltEssential(MeasuredInBall):
    """A network of Theorem 5.1 and what is proved about it.

    Attributes:
        model: the Transformer, float64, the same class that is trained.
        target: what it approximates.
        kernels: one a memory, exactly as the network holds them.
        readout: f with lag 0 put right, on the current token and the memories.
        net: what the FFN computes: `readout` itself, or a sample of its neurons.
        length: the longest input that `rounding_error` covers.
        readout_error: ``E_FFN``, proven sup of |f - FFN|; 0 if the FFN is f itself.
        errors: for each memory, a proven l1 distance over the lags that count.
        corrections: the c_k, multiples of the current token added to the memories.
        sizes: l1 norms of the kernels, rounded up.

    Example:
        >>> kernel = tapx.Kernel.of("lin", [1], [1])
        >>> target = tapx.EssentialMemory([kernel], tapx.TwoLayerNet([1], [[1]]))
        >>> built = tapx.theorem_5_1.construct(target, 2, kernel=[kernel])
        >>> built.heads, built.corrections
        (1, (0.0,))
    """

    model: Transformer
    target: EssentialMemory
    kernels: tuple[Kernel, ...]
    readout: TwoLayerNet
    net: TwoLayerNet
    length: int
    readout_error: float
    errors: tuple[float, ...]
    corrections: tuple[float, ...]
    sizes: tuple[float, ...]
    _deviations: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def memory_errors(self) -> tuple[float, ...]:
        """For each memory, a proven bound of the attention's error on its block.

        With ``lag_zero="residual"`` it counts the lags from 1 on: lag 0 is exact.
        """
        return self.errors

    @property
    def heads(self) -> int:
        """Heads that the network has."""
        return sum(kernel.heads for kernel in self.kernels)

    def _rounding(self, length: float, evaluation: str) -> float:
        """The analysis of `Built.rounding_for`, and what the corrections lose.

        Each correction is a difference of two rounded numbers, folded into the inner
        weights.
        """
        net, size = self.net, self.target.input_dimension
        slopes = net.coordinate_slopes.reshape(-1, size).norm(dim=1)[1:]
        terms = (1 + self.heads) * net.dimension
        total, radii, folded = 0.0, [1.0], 0.0
        for k, slope in enumerate(slopes.tolist()):
            kernel, full = self.kernels[k], self.sizes[k]
            error = kernel_rounding(
                *(kernel, length, evaluation, full, terms),
                beyond=partial(self._beyond, k),
            )
            total += slope * error
            radii.append(full + error)
            folded += abs(at_zero(kernel)) + abs(at_zero(self.target.kernels[k]))
        # What each neuron adds up, block by block, and its bias.
        charges = net.inner.abs().reshape(net.width, -1, size).sum(2) @ torch.tensor(
            radii, dtype=torch.float64
        )
        charges = net.outer.abs() @ (charges + net.bias.abs())
        units = net.width + net.dimension + len(self.kernels) + 16
        largest = float(net.outer.abs() @ net.inner.abs()[:, size:].sum(1))
        return up(total + units * (float(charges) + largest * folded) * UNIT)

    def _beyond(self, memory: int, start: int) -> float:
        """Bound of the l1 norm of a kernel from a lag on: what is left of its norm."""
        if start > SUMMED:
            return math.inf
        seen = float(np.abs(self._rows[memory][:start]).sum())
        return self.sizes[memory] - seen + start * 2 * UNIT * (1 + seen)

    @cached_property
    def _rows(self) -> tuple[np.ndarray, ...]:
        """The kernels at the first lags."""
        return tuple(row_values(kernel, SUMMED) for kernel in self.kernels)

    def deviations(self, length: int) -> Float[Tensor, "memories length"]:
        """Memory minus what the network hands over, at lags 0 to length - 1."""
        if length not in self._deviations:
            rows = []
            for kernel, memory, correction in zip(
                self.kernels, self.target.kernels, self.corrections, strict=True
            ):
                row = row_values(memory, length) - row_values(kernel, length)
                row[0] -= correction
                rows.append(row)
            self._deviations[length] = np.array(rows)
        return torch.from_numpy(self._deviations[length])

    def adversarial_inputs(
        self, length: int | None = None, count: int = 256, seed: int = 0, steps: int = 4
    ) -> Float[Tensor, "batch length inputs"]:
        """Inputs that try to attain the certificate.

        With ``e_k`` the deviation of memory k and ``g_k`` the readout's gradient at the
        memories, the answer moves by ``sum_s <x_{t-s}, sum_k e_k(s) g_k>``, which the
        tokens' signs maximise. The memories depend on the tokens in turn, so gradients
        are drawn from random inputs and the step is repeated from where it leads.

        Args:
            length: tokens of an input; `self.length` if None.
            count: random inputs to start from.
            seed: of those.
            steps: repetitions.
        """
        length = self.length if length is None else length
        generator = torch.Generator().manual_seed(seed)
        size = self.target.input_dimension
        shape = (count, length, size)
        x = torch.randn(*shape, generator=generator, dtype=torch.float64)
        x = x / x.norm(dim=-1, keepdim=True).clamp(min=1e-300)
        off, kept = self.deviations(length), []
        for step in range(steps):
            memories = self.target.memories(x, last_only=True)
            stream = torch.cat([torch.zeros_like(x[:, -1]), memories], dim=1)
            gradients = self.readout.gradient(stream).reshape(count, -1, size)[:, 1:]
            push = torch.einsum("ks,nkd->nsd", off, gradients)
            # Deviations far back are as small as floats go: bring them to size first.
            push = push / push.abs().amax(-1, keepdim=True).clamp(min=1e-300)
            pattern = push / push.norm(dim=-1, keepdim=True).clamp(min=1e-300)
            x = (pattern if step % 2 == 0 else -pattern).flip(1)
            kept += [x, -x]
        return torch.cat(kept)
