"""What is proved about a built network, from the errors of its parts."""

import math
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import one_of
from tapx.network.transformer import Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.theorems import float_sums


def up(value: float) -> float:
    """A little more than the value: covers the rounding of a few float operations."""
    return value * (1 + 2.0**-48)


def check_reach(length: int, lag: int) -> None:
    """Refuse inputs that are too short to hold the token at a lag.

    Raises:
        ValueError: naming the length, the lag and the least length.
    """
    if length <= lag:
        raise ValueError(
            f"length {length} does not reach back to lag {lag}: give at least {lag + 1}"
        )


EVALUATIONS = ("last", "dense", "recurrence")
"""Orders of evaluation whose rounding is bounded."""


class Certificate(ABC):
    """Errors of the memories and of the readout, put together as in the theorems.

    What the attention and the readout do is proved for inputs of any length, in exact
    arithmetic. What float64 adds depends on the length of the input: `rounding_error`
    and `error` are for inputs of at most `length` tokens, `rounding_for` and
    `error_for` for any other length.

    Attributes:
        readout: f, with known norm and slopes.
        readout_error: ``E_FFN``, proven sup of |f - FFN|; 0 if the FFN is f itself.
        length: the longest input, in tokens, that `rounding_error` and `error` cover.
    """

    readout: TwoLayerNet
    readout_error: float
    length: int

    @property
    @abstractmethod
    def memory_errors(self) -> tuple[float, ...]:
        """For each memory, a proven bound of the attention's error on its block."""

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
            evaluation: "last", or "dense" or "recurrence" at the last position.

        Raises:
            ValueError: a length out of range, an unknown evaluation, or a recurrence
                of what is none.
        """
        one_of(evaluation, EVALUATIONS, "evaluation with a bound of its rounding")
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

    @cached_property
    def attention_error(self) -> float:
        """``E_Attn``: proven sup of the Euclidean error of the FFN's input."""
        return up(math.hypot(*self.memory_errors))

    @cached_property
    def propagated_error(self) -> float:
        """What the attention's error does to the answer, at most.

        The smaller of ``||f||_Lip E_Attn`` and the sum over blocks of f's slope in the
        block times the block's error.
        """
        blocks = len(self.memory_errors) + 1
        slopes = self.readout.coordinate_slopes.reshape(blocks, -1).norm(dim=1)[1:]
        by_block = float(slopes @ torch.tensor(self.memory_errors, dtype=torch.float64))
        return up(min(self.readout.lipschitz * self.attention_error, by_block))

    @property
    def error(self) -> float:
        """The certificate in float64 for inputs of at most `length` tokens.

        No input of so many tokens makes the model, evaluated at the last position, err
        by more. Two of its three parts, all but `rounding_error`, hold for infinite
        inputs, so that in exact arithmetic the sum of these is a certificate for them;
        for longer inputs in float64 see `error_for`.
        """
        return up(self.readout_error + self.propagated_error + self.rounding_error)

    @property
    def float64_safe(self) -> bool:
        """Whether float64 adds less than the construction's own error."""
        return self.rounding_error <= self.readout_error + self.propagated_error


class MeasuredInBall(Certificate):
    """A certificate for all tokens of the unit ball, which inputs may put to the test.

    Attributes:
        model: the Transformer.
        target: what it approximates.
        length: the longest input that `rounding_error` covers.
    """

    model: Transformer
    target: Any  # a target, called with inputs and `last_only`
    length: int

    def worst_over(self, inputs: Float[Tensor, "batch time inputs"]) -> float:
        """Largest measured |target - model| at the last position.

        Args:
            inputs: tokens of norm at most 1, at most `length` of them.

        Raises:
            ValueError: a token outside the unit ball, or too many tokens.
        """
        inputs = inputs.to(torch.float64)
        if inputs.shape[1] > self.length:
            raise ValueError(
                f"{inputs.shape[1]} tokens, but the certificate covers {self.length}: "
                "build with a larger length"
            )
        largest = float(inputs.norm(dim=-1).max()) if inputs.numel() else 0.0
        if not largest <= 1 + 1e-12:
            raise ValueError(
                f"a token has norm {largest:g}: the theorem speaks of norms up to 1"
            )
        inputs = inputs / max(1.0, largest)  # norms rounded up to just above 1
        with torch.no_grad():
            wanted = self.target(inputs, last_only=True)
            return float((wanted - self.model(inputs, "last")).abs().max())
