"""What is proved about a built network, from the errors of its parts."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import one_of
from tapx.network.transformer import Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.theorems import float_sums

BATCH = 4096
"""Inputs that are evaluated at once."""


def up(value: float) -> float:
    """A little more than the value: covers the rounding of a few float operations."""
    return value * (1 + 2.0**-48)


def check_reach(length: int, lag: int) -> None:
    """Refuse (ValueError) inputs that are too short to hold the token at a lag."""
    if length <= lag:
        raise ValueError(
            f"length {length} does not reach back to lag {lag}: give at least {lag + 1}"
        )


def by_slopes(net: TwoLayerNet, errors: Sequence[float]) -> float:
    """What errors of the blocks but block 0 do, by the net's slope in each block."""
    slopes = net.coordinate_slopes.reshape(len(errors) + 1, -1).norm(dim=1)[1:]
    return float(slopes @ torch.tensor(errors, dtype=torch.float64))


@dataclass(frozen=True)
class Certificate(ABC):
    """A network, how far it is from its target at most, and how far on given inputs.

    What holds in exact arithmetic holds for inputs of any length. What float64 adds
    depends on the length: `rounding_error` and `error` are for inputs of at most
    `length` tokens, `rounding_for` and `error_for` for any other length. The fields are
    those of `tapx.theorems.built.Built`; `evaluations` are those whose rounding is
    bounded.
    """

    model: Transformer
    target: Any
    length: int
    readout_error: float
    evaluations: ClassVar[tuple[str, ...]] = ("last", "dense", "recurrence")

    @property
    @abstractmethod
    def propagated_error(self) -> float:
        """What the attention's error does to the answer, at most."""

    @abstractmethod
    def _rounding(self, length: float, evaluation: str) -> float:
        """What :meth:`rounding_for` returns; the arguments are checked."""

    def rounding_for(self, length: float, evaluation: str = "last") -> float:
        """Bound of what float64 adds to the answer, for inputs of so many tokens.

        A forward error analysis: it holds for any order in which the sums of an
        evaluation are taken, with and without fused operations. Two evaluations of one
        input, on any two machines, differ by no more than the sum of their bounds.

        Args:
            length: tokens, at most; ``math.inf`` for all inputs up to 2^40 tokens (the
                weights decay, so that the bound does not grow for ever).
            evaluation: one of `evaluations`, at the last position.

        Raises:
            ValueError: a length out of range, an evaluation without a bound, or a
                recurrence of what is none.
        """
        what = "evaluation with a bound of its rounding"
        one_of(evaluation, self.evaluations, what)
        return self._rounding(float_sums.check_length(length), evaluation)

    @cached_property
    def rounding_error(self) -> float:
        """What float64 adds at most, evaluation "last", on up to `length` tokens."""
        return self.rounding_for(self.length)

    def error_for(self, length: float, evaluation: str = "last") -> float:
        """The certificate in float64 for inputs of at most `length` tokens.

        Arguments and errors as `rounding_for`.
        """
        rounding = self.rounding_for(length, evaluation)
        return up(self.readout_error + self.propagated_error + rounding)

    @property
    def error(self) -> float:
        """The certificate in float64 for inputs of at most `length` tokens.

        No input of so many tokens makes the model, evaluated at the last position, err
        by more. All of its parts but `rounding_error` hold for infinite inputs, so that
        in exact arithmetic their sum is a certificate for them; for longer inputs in
        float64 see `error_for`.
        """
        return up(self.readout_error + self.propagated_error + self.rounding_error)

    @property
    def float64_safe(self) -> bool:
        """Whether float64 adds less than the construction's own error."""
        return self.rounding_error <= self.readout_error + self.propagated_error

    def worst_over(self, inputs: Float[Tensor, "batch time inputs"]) -> float:
        """Largest measured |target - model| at the last position.

        ValueError for other tokens than those that the target speaks of, for too few of
        them, or for more than `length` an input.
        """
        if inputs.shape[1] > self.length:
            raise ValueError(
                f"{inputs.shape[1]} tokens, but the certificate covers {self.length}: "
                "build with a larger length"
            )
        worst = 0.0
        with torch.no_grad():
            for part in self._admitted(inputs.to(torch.float64)).split(BATCH):
                off = self._wanted(part) - self.model(part, "last")
                worst = max(worst, float(off.abs().max()))
        return worst

    def _admitted(self, inputs: Tensor) -> Tensor:
        """The inputs, with tokens exactly as the target wants them."""
        return inputs

    def _wanted(self, inputs: Tensor) -> Tensor:
        """The target at the last position."""
        return self.target(inputs)


@dataclass(frozen=True)
class BlockCertificate(Certificate):
    """A certificate of a network whose attention fills a block for each memory."""

    kernels: tuple[Any, ...]
    readout: TwoLayerNet
    net: TwoLayerNet
    errors: tuple[float, ...]

    @cached_property
    def attention_error(self) -> float:
        """``E_Attn``: proven sup of the Euclidean error of the FFN's input."""
        return up(math.hypot(*self.errors))

    @cached_property
    def propagated_error(self) -> float:
        """What the attention's error does to the answer, at most.

        The smaller of ``||f||_Lip E_Attn`` and the sum over blocks of f's slope in the
        block times the block's error.
        """
        by_block = by_slopes(self.readout, self.errors)
        return up(min(self.readout.lipschitz * self.attention_error, by_block))
