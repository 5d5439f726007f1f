"""Theorem 3.1, built: fixed memories by one layer without dot products.

``D = (M + 1) d``. The embedding puts the current token into block 0. Head group k has
``H_k`` heads whose kernels sum to nearly a delta at lag ``T_k``; they copy block 0 into
block k. The residual keeps the current token, ``W_O`` is the identity, and the FFN is
the readout. So the FFN sees nearly ``(x_t, x_{t-T_1}, ..., x_{t-T_M})``.

Example:
    >>> net = tapx.TwoLayerNet([1, 1, 1], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> built = tapx.theorem_3_1.construct(tapx.FixedMemory((1, 2), net), 6, "lin")
    >>> tapx.outward(built.error, 2)  # certified, for all inputs of up to 128 tokens
    '5.6e-05'
    >>> tapx.outward(tapx.theorem_3_1.bound(built.target, 64, 10, 1, "lin"), 2)
    '7.5e+03'
"""

import math
from collections.abc import Sequence
from typing import Any

from tapx.checks import one_of
from tapx.kernels import balls, search
from tapx.kernels.family import LIN, Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.nearest import in_float64
from tapx.kernels.proofs import bump
from tapx.kernels.solve import interpolation
from tapx.targets.memories import FixedMemory
from tapx.theorems import lemmas
from tapx.theorems.built import Built
from tapx.theorems.certificate import check_reach
from tapx.theorems.one_layer import assemble, known_readout, refuse_few_heads

KERNELS = ("best", "bump", "interpolation")


def head_shares(lags: tuple[int, ...], position: str) -> list[float]:
    """Shares of the heads in the proof of Theorem 3.1, which sum to 1.

    Proportional to ``e^{0.01 T}`` (lin) or ``T^1.01`` (log). ValueError for no lags, or
    another position function.
    """
    if not lags:
        raise ValueError("lags is empty; at least one lag is needed")
    if Family.of(position) is LIN:
        sizes = [math.exp(0.01 * (lag - max(lags))) for lag in lags]
    else:
        sizes = [(lag / max(lags)) ** 1.01 for lag in lags]
    return [size / sum(sizes) for size in sizes]


def attention_error(
    lags: tuple[int, ...], heads: int, order: int, position: str
) -> float:
    """E_Attn of Theorem 3.1 with explicit constants; ``inf`` if a share is too small.

    The square root of the sum of squares of F.1 (lin) or F.4 (log), each at the
    heads that the proof gives to its lag, rounded down.
    """
    shares = [math.floor(heads * share) for share in head_shares(lags, position)]
    if min(shares) < order:
        return math.inf
    pairs = zip(lags, shares, strict=True)
    return math.hypot(*(lemmas.recall_bound(position, *pair, order) for pair in pairs))


def bound(
    target: FixedMemory, heads: int, width: int, order: int, position: str
) -> float:
    """Theorem 3.1: ``E_FFN + ||f||_Lip E_Attn`` with explicit constants.

    The heads are shared out as in the proof, the readout, a `TwoLayerNet`, has so many
    neurons as the width says, and the order is n of the lemmas: the bound is ``inf``
    where a lag gets fewer heads than that.
    """
    attention = attention_error(target.lags, heads, order, position)
    return total_error(target, attention, width)


def total_error(target: Any, attention: float, width: int | None = None) -> float:
    """``E_FFN + ||f||_Lip E_Attn``, the common form of the bounds.

    E_FFN is 0 without a width: then the network holds f, a `TwoLayerNet`, exactly. With
    one f is approximated on the box of half-side ``max(2, 1 + E_Attn)``, which holds
    all that the attention can hand over; the paper's 2 is enough for ``E_Attn <= 1``.
    """
    if math.isinf(attention):
        return math.inf
    readout, feed_forward = known_readout(target), 0.0
    if width is not None:
        radius = max(2.0, 1 + attention)
        feed_forward = lemmas.readout(readout.norm, width, target.dimension, radius)
    return feed_forward + readout.lipschitz * attention


def allocate(lags: tuple[int, ...], heads: int, position: str) -> tuple[int, ...]:
    """Heads for each lag, by the shares of the proof, see `head_shares`.

    Shares are rounded by largest remainder; every lag gets at least one head, and
    fewer heads than lags are refused (ValueError).
    """
    refuse_few_heads(heads, len(lags), "lags")
    shares = [share * heads for share in head_shares(tuple(lags), position)]
    counts = [max(1, math.floor(share)) for share in shares]
    while sum(counts) < heads:  # the largest remainder first
        k = max(range(len(lags)), key=lambda k: shares[k] - counts[k])
        counts[k] += 1
    while sum(counts) > heads:  # only where single heads were given to small shares
        spare = [k for k in range(len(lags)) if counts[k] > 1]
        k = max(spare, key=lambda k: counts[k] - shares[k])
        counts[k] -= 1
    return tuple(counts)


def _kernel(lag: int, heads: int, family: Family, how: str) -> Kernel:
    """The kernel of one head group, with rates and weights that float64 holds."""
    if how == "best":
        # Summing `heads` rounded terms loses log2(heads) bits and a few more: weights
        # as large as 53 bits allow would drown the kernel's own error in rounding.
        bits = 53 - math.ceil(math.log2(heads + 8))
        return search.best_delta(lag, heads, family, weight_bits=bits)
    # The certificate must speak of the numbers that the network really holds.
    if how == "bump":
        return in_float64(bump(lag, heads, family))
    first = 0.5 + family.first_lag
    rates = [first + 0.5 * h for h in range(heads)]
    return in_float64(interpolation(rates, Delta(lag), family))


def construct(
    target: FixedMemory,
    heads: int,
    position: str = "lin",
    width: int | None = None,
    kernel: str = "best",
    *,
    groups: Sequence[int] | None = None,
    length: int = 128,
    seed: int = 0,
) -> Built:
    """The network of Theorem 3.1 for a target with fixed memories.

    Args:
        target: its readout must be a `TwoLayerNet`: Barron and Lipschitz, with known
            bounds of both constants.
        heads: H, at least one a lag, shared out by `allocate`.
        position: "lin" (exponentials) or "log" (powers).
        width: neurons of the FFN. None, or as many as the readout has, makes the FFN
            exact; fewer are drawn by Maurey's sampling, with an error that is certified
            on the box where the attention's output lies, by branch and bound in
            ``(M + 1) d`` dimensions: comfortable in up to four.
        kernel: "best" (found by search), "bump" (the proof's own) or
            "interpolation" (exact on the first lags).
        groups: heads of each lag, to share them out otherwise than the proof does.
        length: the longest input, in tokens, for which `error` accounts for rounding;
            inputs of any length are covered in exact arithmetic, and in float64 by
            `error_for`.
        seed: of the sampled FFN.

    Raises:
        ValueError: unknown names, too few heads or neurons, or weights that float64
            cannot hold. TypeError: a readout that is no `TwoLayerNet`.

    Numerically safe range: "best" keeps the weights small enough for float64;
    "bump" and "interpolation" are unsafe from about 8 heads a lag on, and their
    certificate says so (`float64_safe`).
    """
    family = Family.of(position)
    one_of(kernel, KERNELS, "kernel")
    readout = known_readout(target, width)
    check_reach(length, max(target.lags))
    if groups is None:
        groups = allocate(target.lags, heads, position)
    if len(groups) != len(target.lags) or sum(groups) != heads or min(groups) < 1:
        raise ValueError(
            f"groups {list(groups)} must give {len(target.lags)} lags at least one "
            f"head each and {heads} in all"
        )
    pairs = zip(target.lags, groups, strict=True)
    chosen = tuple(_kernel(*pair, family, kernel) for pair in pairs)
    errors = tuple(balls.upper(one.l1_error) for one in chosen)
    return assemble(
        *(target, chosen, readout, width, position),
        errors=errors,
        corrections=(0.0,) * len(chosen),
        reach=1 + max(errors),  # the theorem's box has radius 2
        length=length,
        seed=seed,
    )
