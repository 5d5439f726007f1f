"""A network with adaptive memories together with what is proved about it."""

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.kernels.adaptive import AdaptiveKernel
from tapx.kernels.family import LIN
from tapx.network import recurrence
from tapx.network.attention import Attention
from tapx.readouts.memory_functions import coordinate_slopes
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets import influence
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import float_sums
from tapx.theorems.certificate import BlockCertificate, by_slopes, check_reach, up
from tapx.theorems.float_sums import UNIT
from tapx.theorems.stages import Stage, path

MOST_INPUTS = 1 << 18
"""More inputs than these are not enumerated."""


@dataclass(frozen=True)
class BuiltStages(BlockCertificate):
    """A network of Theorem 4.1 or 4.4 or of Proposition 4.3 or 4.5, with certificate.

    Model, kernels, readout, net, length and readout error are as in `Built`.

    Attributes:
        target: what it approximates, on tokens of its alphabet.
        errors: for each memory, a proven l1 distance of its kernel to a delta, the
            largest over all lags that the memory function takes.
        plan: what each layer fetches and computes.
        memory_nets: one a memory; what the FFN computes before it rounds.
        margins: one a memory: how far, in the worst case, on inputs of at most `length`
            tokens, what is rounded stays from where the rounding would change. All are
            positive: every lag is exact.

    Example:
        >>> net = tapx.TwoLayerNet([1], [[0, 1]])
        >>> target = tapx.AdaptiveMemory([[-1], [1]], [[1, 2]], net)
        >>> built = tapx.theorem_4_1.construct(target, 4, "lin")
        >>> built.worst_over(built.exhaustive_inputs(6)) <= built.error
        True
    """

    target: AdaptiveMemory
    kernels: tuple[AdaptiveKernel, ...]
    plan: tuple[Stage, ...]
    memory_nets: tuple[TwoLayerNet, ...]
    margins: tuple[float, ...]
    _values: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, repr=False)

    def _rounding(self, length: float, evaluation: str) -> float:
        """The errors of the blocks, through the readout, and of the readout itself."""
        blocks = self._blocks(length, evaluation)
        if length > self.length or evaluation != "last":
            self._refuse_lost_lags(length, blocks)
        total = by_slopes(self.net, blocks)
        radius = 1 + max(map(sum, zip(self.errors, blocks, strict=True)))
        units = self.net.width + self.net.dimension + 8
        return up(total + units * self.net.norm * radius * UNIT)

    def _blocks(self, length: float, evaluation: str) -> list[float]:
        """For each memory, what float64 adds to its block."""
        attention = cast(Attention, self.model.attentions[0])
        if evaluation == "recurrence":
            recurrence.refuse(attention.position.family, attention.score)
        size = self.target.input_dimension
        return [
            block_rounding(k, length, attention.heads, size, evaluation)
            for k in self.kernels
        ]

    def _refuse_lost_lags(self, length: float, blocks: list[float]) -> None:
        """Refuse what leaves no margin to a lag that is computed from other tokens."""
        more = [0.0]
        for new, old in zip(blocks, self._blocks(self.length, "last"), strict=True):
            more.append(max(0.0, new - old))
        pairs = zip(self.memory_nets, self.margins, strict=True)
        for k, (net, margin) in enumerate(pairs):
            if not margin > sum(carried(net, self.target.input_dimension, more)):
                raise ValueError(
                    f"on inputs of {length:g} tokens float64 may change what memory "
                    f"function g_{k + 1} is rounded to; the certificate covers "
                    f"{self.length} tokens: build with a larger length, or take fewer"
                )

    def _admitted(self, inputs: Tensor) -> Tensor:
        """The very rows of the alphabet, should a token be off by a rounding."""
        return self.target.alphabet[self.target.indices(inputs)]

    def exhaustive_inputs(self, length: int) -> Float[Tensor, "batch length inputs"]:
        """Every input of `length` tokens of the alphabet.

        ValueError if they are more than 262,144, or too short for the target.
        """
        tokens = len(self.target.alphabet)
        longest = int(math.log(MOST_INPUTS, max(2, tokens)))
        if not self.target.reach < length <= longest:
            raise ValueError(
                f"length {length} must be above the reach {self.target.reach} and at "
                f"most {longest}, so that all inputs can be listed"
            )
        return influence.all_windows(self.target.alphabet, length).flip(1)

    def adversarial_inputs(
        self, length: int | None = None, count: int = 256, seed: int = 0
    ) -> Float[Tensor, "batch length inputs"]:
        """Inputs that try to attain the certificate.

        The remembered tokens choose the lags ``t_k``, so the deviation
        ``e_k = kernel_k - delta`` is known, and the answer moves by
        ``sum_s <x_{t-s}, sum_k e_k(s) gradient_k>``: every other token is the one of
        the alphabet that adds most to it, or least.

        An input has `length` tokens, more than the reach, `self.length` if None. Of the
        choices of the remembered tokens `count` are taken, at random if there are more.
        """
        length = self.length if length is None else length
        check_reach(length, self.target.reach)
        alphabet, memories = self.target.alphabet, len(self.kernels)
        blocks = (memories + 1, self.target.input_dimension)
        found = []
        for choice in self._choices(count, seed):
            lags, fixed = path(self.target, choice)
            if fixed is None:
                continue
            tokens = alphabet[list(choice)]
            push = torch.zeros(length, blocks[1], dtype=torch.float64)
            gradient = self.readout.gradient(tokens.flatten()).reshape(blocks)
            for k, lag in enumerate(lags[1:]):
                deviation = torch.from_numpy(self._deviation(k, lag, length))
                push += deviation[:, None] * gradient[k + 1]
            scores = push @ alphabet.T
            for chosen in (scores.argmax(1), scores.argmin(1)):
                x = alphabet[chosen]
                for lag, token in fixed.items():
                    x[lag] = alphabet[token]
                found.append(x.flip(0))  # lag s stands s places before the end
        return torch.stack(found)

    def _choices(self, count: int, seed: int) -> list[tuple[int, ...]]:
        """Tuples of remembered tokens, by index: all of them, or a random part."""
        tokens, places = len(self.target.alphabet), len(self.kernels) + 1
        if tokens**places <= count:
            return list(itertools.product(range(tokens), repeat=places))
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randint(0, tokens, (count, places), generator=generator)
        return [tuple(row) for row in drawn.tolist()]

    def _deviation(self, memory: int, lag: int, length: int) -> np.ndarray:
        """Kernel minus delta at lags 0 to length - 1."""
        key = (memory, lag)
        if len(self._values.get(key, ())) < length:
            values = self.kernels[memory].values(range(length), lag)
            values[lag] -= 1
            self._values[key] = values
        return self._values[key][:length]


def carried(
    net: TwoLayerNet, size: int, errors: Sequence[float], radius: float = 0.0
) -> tuple[float, float]:
    """What errors do to a memory function's net, and what its own sums then lose.

    The errors are those of the current token and of all memories, of which it reads
    the first; they come to a `radius` of what is summed.
    """
    slopes = coordinate_slopes(net).reshape(-1, size).norm(dim=1).tolist()
    moved = sum(map(operator.mul, slopes, errors))
    units = (net.width + net.dimension + 8) * 2 * UNIT
    return moved, units * net.norm * (radius + max(errors[: len(slopes)]))


def block_rounding(
    kernel: AdaptiveKernel,
    length: float,
    heads: int,
    input_dimension: int,
    evaluation: str = "last",
) -> float:
    """What float64 adds to one memory's block on inputs of at most `length` tokens.

    Forward analysis: a logit errs by a few units of its two parts, ``rate * s`` and
    ``rate * g`` (or their logarithms), a weight by that and two units more; the sums
    over the lags and over heads and coordinates err by as many units as they have
    terms, of the sum of the sizes (for long inputs see `float_sums`). The largest over
    the adaptive lags. With log and dot products the second part takes nine: two roots,
    a logarithm (two), a quotient, three products, and the sum of the parts.

    The heads are those of the layer, of other memories too. The evaluation is "last",
    "dense" or, with exponentials, "recurrence".
    """
    rates, largest = kernel.float_rates, 0.0
    units = 8 if kernel.family is LIN else 10
    for memory in kernel.lags:
        origin = float(kernel.family.depth(memory))
        once = heads * input_dimension + 16 + units * origin * rates
        found = float_sums.head_by_head(
            *(np.abs(kernel.float_weights), rates, kernel.family, length),
            units=once,
            phi_units=4,
            evaluation=evaluation,
            origin=origin,
        )
        largest = max(largest, found)
    return up(largest)
