"""The targets of experiments 1b, 2a, 2b and 3a: a readout of a few tokens -1 or 1.

1b and 3a ask for ``sum_k relu(<w_k, (x_48, x_56, x_99)>)`` with 64 normal directions
w_k, 2a for ``sum_k relu(w_k x_99)``, 2b for ``x_48 + x_56 + x_99`` (appendix H of the
paper). The inputs have 1000 tokens and the answer is wanted at the last one. Token
number n, counted from the first, lies at lag ``1000 - n``. Which end the numbers are
counted from is not quite certain, so :func:`target` takes both: see :data:`ENDS`.

On signs a target of M tokens is a table of 2^M numbers, and no more. That of 2a has
two: on these inputs it is an affine function of one token. So :class:`ToyTarget` takes
tokens of more than two values too, which the paper does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, product
from operator import mul

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least, check_lags, one_of
from tapx.readouts import exact_nets, two_layer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.memories import check_readout

LENGTH = 1000
"""Tokens in an input of the paper's toy experiments."""

NEURONS = 64
"""Neurons in the readouts of 1b, 2a and 3a."""

TOKENS = {"1b": (48, 56, 99), "2a": (99,), "2b": (48, 56, 99), "3a": (48, 56, 99)}
"""The token numbers that each experiment asks for."""

ENDS = ("first", "last")
"""Counted from the first token, number n lies at lag T - n (1000 - n); from the last
one, at lag n."""


@dataclass(frozen=True, eq=False)
class ToyTarget:
    """A readout of the tokens at a few lags, before the last of `length` tokens.

    A token is one of `levels` numbers, evenly spaced from -1 to 1 and equally likely.
    ValueError for lags as in `check_lags`, beyond the input, or not as many as the
    readout takes, and for less than two levels.
    """

    lags: tuple[int, ...]
    readout: TwoLayerNet
    length: int = LENGTH
    levels: int = 2

    def __post_init__(self) -> None:
        """Check the lags, the readout and the levels."""
        at_least(2, levels=self.levels)
        lags = check_lags(self.lags)
        if max(lags) >= self.length:
            raise ValueError(
                f"lag {max(lags)} lies beyond an input of {self.length} tokens; the "
                f"nearest valid lag is {self.length - 1}"
            )
        check_readout(self.readout, len(lags), f"{len(lags)} lags")

    def __call__(self, tokens: Float[Tensor, "batch lags"]) -> Float[Tensor, " batch"]:
        """The answers to inputs whose column s is the token at lag s."""
        places = self.levels ** torch.arange(len(self.lags) - 1, -1, -1)
        steps = (tokens[:, list(self.lags)] + 1) * ((self.levels - 1) / 2)
        which = steps.round().long() @ places
        return self._answers.to(tokens.dtype)[which]

    @cached_property
    def _answers(self) -> Tensor:
        return torch.from_numpy(self.table()[1])

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """All patterns of tokens, (levels**M, M), and the answers, (levels**M,).

        Each sum is rounded once, so that the answers are the same on every machine: a
        matrix product's last bit depends on the library that takes it.
        """
        patterns = list(product(spaced(self.levels), repeat=len(self.lags)))
        parts = (self.readout.outer, self.readout.inner, self.readout.bias)
        neurons = list(zip(*(part.tolist() for part in parts), strict=True))
        answers = [
            math.fsum(
                a * max(0.0, math.fsum([*map(mul, row, signs), c]))
                for a, row, c in neurons
            )
            for signs in patterns
        ]
        return np.array(patterns), np.array(answers)

    def walsh(self) -> dict[tuple[int, ...], float]:
        """On signs, the target as a polynomial: coefficient of each product, by lags.

        ValueError for tokens of more than two levels.
        """
        if self.levels != 2:
            raise ValueError(f"levels={self.levels}: this polynomial is for signs, 2")
        signs, answers = self.table()
        found = {}
        for chosen in product((False, True), repeat=len(self.lags)):
            monomial = signs[:, list(chosen)].prod(1)
            mean = math.fsum(answers * monomial) / len(answers)
            found[tuple(compress(self.lags, chosen))] = mean
        return found

    @property
    def variance(self) -> float:
        """Mean squared error of the best constant answer."""
        return float(self.table()[1].var())


def spaced(levels: int) -> list[float]:
    """The values of a token: `levels` numbers, evenly spaced from -1 to 1."""
    return [2 * step / (levels - 1) - 1 for step in range(levels)]


def target(
    name: str,
    end: str = "first",
    directions_seed: int = 0,
    length: int = LENGTH,
    levels: int = 2,
) -> ToyTarget:
    """The target of experiment "1b", "2a", "2b" or "3a".

    The target of 3a is that of 1b. The end, "first" or "last", is what the token
    numbers are counted from, and the seed that of the normal numbers w_k, which the
    paper does not print. Other lengths T than 1000 scale the token numbers, rounded.
    The paper's tokens have 2 levels.
    ValueError for an unknown name or end, or a length at which two tokens coincide.
    """
    numbers = TOKENS[one_of(name, TOKENS, "experiment")]
    one_of(end, ENDS, "end")
    if length != LENGTH:
        numbers = tuple(max(1, round(n * length / LENGTH)) for n in numbers)
    lags = tuple(n if end == "last" else length - n for n in numbers)
    if name == "2b":
        return ToyTarget(lags, exact_nets.linear([1.0] * len(lags)), length, levels)
    drawn = two_layer.normal_directions(NEURONS, len(lags), directions_seed)
    return ToyTarget(lags, two_layer.relu_sum(drawn), length, levels)
