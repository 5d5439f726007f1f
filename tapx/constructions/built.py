"""The network of Theorem 3.1 together with what is proved about it."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx import enclosures
from tapx.barron import TwoLayerNet
from tapx.constructions.certificate import UNIT, MeasuredInBall, up
from tapx.kernels import Kernel
from tapx.targets import FixedMemory
from tapx.transformer import Transformer


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
        return tuple(enclosures.upper(kernel.l1_error) for kernel in self.kernels)

    @property
    def error(self) -> float:
        """The certificate, in float64 and over infinite lags.

        No input in the unit ball makes the model, evaluated at the last position, err
        by more ("dense" and "fft" sum in another order and are not covered).
        """
        return super().error

    @cached_property
    def rounding_error(self) -> float:
        """Bound of what float64 adds when the model evaluates up to `length` tokens.

        Forward analysis of the order in which the model works. At each lag it sums the
        heads of a group: a sum of n terms errs by less than n units of the sum of their
        sizes, and an exponential by its exponent's size and a few units. Then it sums
        over the lags, where the large weights have already cancelled.

        `readout_error` takes f - net at the exact stream, which lies in its box. From
        there to the rounded stream the net changes by its own slopes, not by f's.
        """
        size = self.target.input_dimension
        slopes = self.net.coordinate_slopes.reshape(-1, size).norm(dim=1)[1:]
        lags = np.arange(1, self.length)
        total, radius = 0.0, 1.0
        for kernel, slope in zip(self.kernels, slopes.tolist(), strict=True):
            phi = lags if kernel.family == "exponential" else np.log(lags)
            exponents = kernel.float_rates[:, None] * phi
            units = kernel.heads + 8 + 3 * exponents
            each = (np.exp(-exponents) * units).sum(1)
            if kernel.family == "exponential":
                each += kernel.heads + 8  # lag 0
            error = UNIT * float(np.abs(kernel.float_weights) @ each)
            largest = 1 + enclosures.upper(kernel.l1_error) + error
            error += self.length * UNIT * largest
            total += slope * error
            radius = max(radius, 1 + enclosures.upper(kernel.l1_error) + error)
        units = self.net.width + self.net.dimension + 8
        total += units * self.net.norm * radius * UNIT
        return up(total)

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
        placed where the readout is steep: on axes, on corners and at random.

        Args:
            length: tokens of an input, more than the largest lag; `self.length` if
                None.
            count: random choices of the memory tokens.
            seed: of those choices.
        """
        length = self.length if length is None else length
        if length <= max(self.target.lags):
            raise ValueError(
                f"length {length} does not reach back to lag {max(self.target.lags)}"
            )
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
        return torch.cat([axes, -axes, drawn, drawn * reach])
