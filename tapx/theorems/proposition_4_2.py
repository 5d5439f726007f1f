"""Proposition 4.2, part A: one layer with dot product that looks back as told.

Tokens are -1, 0, 1 and the target is ``y_t = x_{t-g(x_t)}`` with ``g(x) = x + 1``. The
residual stream is ``(x_t, 1, answer)``: the embedding's bias gives the constant, and
the readout takes the last coordinate. There is no FFN.

`normalisation_free` is the paper's idea. The dot product of the query ``x_t`` with the
constant adds ``rate * x_t`` to the logit, which shifts a kernel along the lags.
`softmax` serves the layer with the softmax in place, where such a term cancels. Its
keys are the tokens themselves.

Example:
    >>> tapx.outward(tapx.proposition_4_2.normalisation_free(4).error, 2)
    '1.2e-06'
    >>> tapx.outward(tapx.proposition_4_2.softmax(1 / 64).error, 2)
    '0.28'
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tapx.checks import at_least
from tapx.kernels import balls, search
from tapx.kernels.family import LIN
from tapx.kernels.kernel import Kernel
from tapx.network.attention import Attention
from tapx.network.transformer import Transformer
from tapx.targets import influence
from tapx.theorems import float_sums
from tapx.theorems.certificate import Certificate, check_reach, up
from tapx.theorems.float_sums import UNIT
from tapx.theorems.one_layer import blank

LARGEST_LAG = 2
WINDOW = 6
"""Tokens of an exhaustive window; what lies beyond is bounded."""

GATES = ((-1.0, 0.0), (-1.0, 0.5), (-0.5, 0.5), (0.0, 0.5), (0.0, 1.0), (0.5, 1.0))
"""Of each pair of softmax heads: c and d in the logit ``(c + d x_t) x_{t-s}``."""


def lookback(x: Float[Tensor, "batch time 1"]) -> Float[Tensor, " batch"]:
    """The target at the last position, ``x_{t - 1 - x_t}``.

    ValueError for fewer than 3 tokens, or a token other than -1, 0 and 1.
    """
    check_reach(x.shape[1], LARGEST_LAG)
    strange = x[(x != x.round()) | (x.abs() > 1)]
    if len(strange):
        nearest = strange[0].clamp(-1, 1).round().item()
        raise ValueError(
            f"token {strange[0].item():g} is not one of -1, 0, 1; the nearest is "
            f"{nearest:g}"
        )
    place = x.shape[1] - 2 - x[:, -1].long()
    return x.gather(1, place[:, None])[:, 0, 0]


def all_windows(length: int) -> Float[Tensor, "batch length 1"]:
    """Every input of this many tokens, float64."""
    return influence.all_windows([[-1.0], [0.0], [1.0]], length).flip(1)


@dataclass(frozen=True)
class BuiltDot(Certificate):
    """A layer with dot product and what is proved about it.

    The model has no FFN, and the target is `lookback`.

    Attributes:
        kernel: what its heads sum to for the current token 1; None with softmax.
        attention_error: proven worst error over all infinite inputs, in exact
            arithmetic on the stored weights, rounded up.
        hard_inputs: inputs that come near the certificate.
        rounding: from a length in tokens to what float64 adds, at most.
    """

    kernel: Kernel | None
    attention_error: float
    hard_inputs: Float[Tensor, "batch time 1"]
    rounding: Callable[[float], float]
    evaluations = ("last",)

    @property
    def propagated_error(self) -> float:
        """The attention's error: the readout passes it on as it is."""
        return self.attention_error

    def _rounding(self, length: float, evaluation: str) -> float:
        return up(self.rounding(length))


def normalisation_free(heads: int, length: int = 32) -> BuiltDot:
    """The layer of the proposition, without softmax denominator.

    Head h has the weight ``w_h exp(-rate_h (s + 1 - x_t))`` on lag s, so the sum of the
    heads at ``x_t = 1`` is a kernel that recalls lag 2, and each step down of ``x_t``
    shifts it by one lag. The worst error is the l1 error of the kernel: the shifts cut
    it short.

    Args:
        heads: H. With fewer than 3 the kernel is zero and the error 1.
        length: the longest input, in tokens, for which `error` accounts for rounding,
            at least 6 (ValueError); for longer ones see `error_for`.
    """
    at_least(WINDOW, length=length)
    # Rounding grows with the weights: leave the bits that it takes.
    bits = 53 - math.ceil(math.log2(length + heads + 12))
    kernel = search.best_delta(LARGEST_LAG, heads, LIN, bits)
    model, attention = _blank(kernel.float_rates, "none")
    rates = torch.from_numpy(kernel.float_rates)
    with torch.no_grad():
        attention.query[:, 0, 0], attention.query[:, 0, 1] = rates, -rates
        attention.key[:, 0, 1] = 1
        attention.value[:, 2, 0] = torch.from_numpy(kernel.float_weights)
    rounding = partial(
        float_sums.head_by_head,
        *(np.abs(kernel.float_weights), kernel.float_rates, kernel.family),
        units=heads + 12,
        phi_units=3,
        evaluation="last",
    )
    error = kernel.values(range(length))
    error[LARGEST_LAG] -= 1
    signs = torch.from_numpy(np.where(error < 0, -1.0, 1.0))[None, :, None]
    hard = torch.cat([signs, -signs]).flip(1)
    hard[:, -1] = 1
    certified = balls.upper(kernel.l1_error)
    return BuiltDot(model, lookback, length, 0.0, kernel, certified, hard, rounding)


def softmax(decay: float, length: int = 32) -> BuiltDot:
    """Twelve softmax heads whose error falls with the decay, to zero.

    A head with ``exp(-slope) = z`` and logit ``q x_{t-s}``, where ``q = c + d x_t``,
    answers ``x_t + z a_1 + z^2 a_2 + O(z^3)``; with ``u = x_t`` and ``v_s = x_{t-s}``

        a_1 = (v_1 - u) e^{q (v_1 - u)},
        a_2 = (v_2 - u) e^{q (v_2 - u)} - (v_1 - u) e^{2 q (v_1 - u)}.

    Six gates (c, d) make the six values of ``a_1`` off the diagonal independent, so
    sums of the ``a_1`` give any function of ``(u, v_1)`` that vanishes for ``v_1 = u``.
    The same sums of the ``a_2`` give one of ``(u, v_2)``, plus one of ``(u, v_1)``,
    which the ``a_1`` take back. Two heads a gate, with z and z/2, separate the orders.

    Args:
        decay: z, from 1e-5 to 1/8; below, float64 has too few digits for the weights.
        length: as in `normalisation_free`.

    Returns:
        The layer. Its error is certified on all windows of 6 tokens, with a bound for
        the tokens before.

    Raises:
        ValueError: a decay or length out of range.
    """
    if not 1e-5 <= decay <= 1 / 8:
        nearest = min(max(decay, 1e-5), 1 / 8)
        raise ValueError(
            f"decay {decay!r}: allowed are 1e-5 to 1/8, the nearest is {nearest}"
        )
    at_least(WINDOW, length=length)
    pairs = [(u, v) for u in (-1, 0, 1) for v in (-1, 0, 1) if u != v]
    steps = np.array([v - u for u, v in pairs])[:, None]
    gains = np.array([[c + d * u for c, d in GATES] for u, _ in pairs])
    first_order = steps * np.exp(gains * steps)
    # y - x_t is v_1 for u = 0 and v_2 - 1 for u = 1.
    by_two = np.linalg.solve(first_order, [v - 1 if u == 1 else 0 for u, v in pairs])
    left = (steps * np.exp(2 * gains * steps)) @ by_two
    wanted = left + np.array([v if u == 0 else 0 for u, v in pairs])
    by_one = np.linalg.solve(first_order, wanted)
    # p z + r z/2 = by_one and p z^2 + r z^2/4 = by_two.
    fast = (2 * by_two / decay - by_one) / decay
    weights = np.concatenate([fast, 4 * (by_one - by_two / decay) / decay])
    decays = np.repeat([decay, decay / 2], len(GATES))
    model, attention = _blank(-np.log(decays), "infinite")
    gates = torch.tensor(GATES, dtype=torch.float64).repeat(2, 1)
    with torch.no_grad():
        attention.query[:, 0, 0], attention.query[:, 0, 1] = gates[:, 1], gates[:, 0]
        attention.key[:, 0, 0] = 1
        attention.value[:, 2, 0] = torch.from_numpy(weights)
        model.readout[0, 0] = 1 - weights.sum()
    most = gates.abs().sum(1).numpy()  # the largest |q|
    tail = 4 * decays**WINDOW * np.exp(2 * most) / (1 - decays)
    rounding = partial(_softmax_rounding, weights, decays, most)
    windows = all_windows(WINDOW)
    with torch.no_grad():
        errors = (lookback(windows) - model(windows, "last")).abs()
    # The windows' errors are float64's own: what it may have hidden is added.
    certified = float(errors.max()) + float(np.abs(weights) @ tail) + rounding(WINDOW)
    hard = windows[errors > 0.9 * errors.max()]
    return BuiltDot(model, lookback, length, 0.0, None, up(certified), hard, rounding)


def _softmax_rounding(
    weights: np.ndarray, decays: np.ndarray, most: np.ndarray, length: float
) -> float:
    """What float64 adds: a mean moves by at most twice its weights' relative errors.

    The weights of a mean, over that of the current token, are at most
    ``decay^s exp(2 most)``; numerator and denominator are sums over the lags.
    """
    rates, lift = -np.log(decays), np.exp(2 * most)
    plain, weighted = float_sums.decay_sums(rates, LIN, length)
    own = 2 * lift * ((3 * most + 8) * plain + 3 * weighted)

    def tail(count: int) -> float:
        far = float_sums.decay_sums(rates, LIN, length, count)[0]
        return float((lift * far).max())

    sums = 2 * float_sums.lost(length, 1.0, tail) / UNIT
    mean = own + sums + 8
    total = np.abs(weights) @ mean + (len(weights) + 12) * 2 * np.abs(weights).sum()
    return float(total) * UNIT


def _blank(slopes: np.ndarray, normalisation: str) -> tuple[Transformer, Attention]:
    """The stream ``(x_t, 1, answer)`` and heads that do nothing yet."""
    model = blank(
        *(1, 3, 1, len(slopes), None, "lin", "dot", normalisation, False),
        slopes=slopes,
    )
    with torch.no_grad():
        model.embedding_bias[1] = 1
        model.readout[0, 2] = 1
    return model, cast(Attention, model.attentions[0])
