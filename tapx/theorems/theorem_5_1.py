"""Theorem 5.1, built: essentially sparse memories by one layer without dot products.

The readout wants ``(X * rho_1)(t), ..., (X * rho_M)(t)``. Head group k has ``H / M``
heads whose kernels sum to nearly ``rho_k``; they copy the token into block k. The paper
has no residual around the attention here and ``D = M d``. Our model class has one, so
``D = (M + 1) d``: block 0 holds the current token, and the readout

- ignores it (``lag_zero="heads"``, the paper's network exactly), or
- uses it to put lag 0 right (``lag_zero="residual"``). The heads of group k give lag 0
  a known weight, which is not ``rho_k(0)``. The readout takes ``f(z_1 + c_1 x_t, ...)``
  with ``c_k`` the difference, and the heads answer for lags ``s >= 1`` alone.

A log head cannot see lag 0: with "heads" and log the error is ``|rho_k(0)|`` at least.

Example:
    >>> kernel = tapx.Kernel.of("lin", [1], [1])
    >>> target = tapx.EssentialMemory([kernel], tapx.TwoLayerNet([1], [[1]]))
    >>> built = tapx.theorem_5_1.construct(target, 2, kernel=[kernel])
    >>> built.attention_error, built.error < 1e-12  # the heads are the memory itself
    (0.0, True)
"""

from collections.abc import Sequence

import torch

from tapx.checks import at_least, one_of
from tapx.kernels import balls, distances
from tapx.kernels.family import LOG, Family
from tapx.kernels.kernel import Kernel
from tapx.kernels.nearest import KINDS, in_float64, kernel_for, l1_error, row_values
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.memories import EssentialMemory
from tapx.theorems.built import Built
from tapx.theorems.one_layer import assemble, known_readout, refuse_few_heads

LAG_ZERO = ("residual", "heads")


def construct(
    target: EssentialMemory,
    heads: int,
    position: str = "lin",
    width: int | None = None,
    kernel: str | Sequence[Kernel] = "fitted",
    *,
    lag_zero: str = "residual",
    length: int = 256,
    seed: int = 0,
) -> Built:
    """The network of Theorem 5.1 for a target with essentially sparse memories.

    Args:
        target: its readout must be a `TwoLayerNet`.
        heads: H, shared out evenly (the first groups get one more). A memory that is
            itself a sum of fewer decays takes only as many as it has terms.
        position: "lin" (exponentials) or "log" (powers).
        width: as in :func:`tapx.theorems.theorem_3_1.construct`.
        kernel: "fitted" or "bumps" (`nearest.kernel_for`), or one `Kernel` a
            memory, of the family of the position function; ``heads`` is then the most
            that they may have together.
        lag_zero: "residual" or "heads"; see above.
        length: as in :func:`tapx.theorems.theorem_3_1.construct`.
        seed: as there.

    Raises:
        ValueError: unknown names, too few heads or neurons, kernels of another family
            or number, rates at which no infinite sum converges, or weights that
            float64 cannot hold. TypeError: a readout that is no `TwoLayerNet`.
        balls.PrecisionError: where a distance cannot be certified.
    """
    family = Family.of(position)
    one_of(lag_zero, LAG_ZERO, "lag_zero")
    count = len(target.kernels)
    readout = known_readout(target, width)
    refuse_few_heads(heads, count, "memories")
    at_least(1, length=length)
    first = 1 if lag_zero == "residual" else 0
    if isinstance(kernel, str):
        one_of(kernel, KINDS, "kernel")
        groups = [heads // count + (k < heads % count) for k in range(count)]
        asked = zip(target.kernels, groups, strict=True)
        chosen = tuple(kernel_for(*one, family, kernel, first) for one in asked)
    else:
        chosen = tuple(in_float64(one) for one in kernel)
    _check(chosen, count, heads, family)
    pairs = list(zip(chosen, target.kernels, strict=True))
    errors = tuple(l1_error(one, memory, first) for one, memory in pairs)
    corrections = tuple(
        float(row_values(memory, 1)[0] - row_values(one, 1)[0]) if first else 0.0
        for one, memory in pairs
    )
    return assemble(
        *(target, chosen),
        with_lag_zero(readout, corrections, target.input_dimension),
        *(width, position),
        errors=errors,
        corrections=corrections,
        reach=max(1.0, *(balls.upper(distances.l1_distance(one)) for one in chosen)),
        length=length,
        seed=seed,
    )


def with_lag_zero(
    readout: TwoLayerNet, corrections: tuple[float, ...], size: int
) -> TwoLayerNet:
    """``f(z_1 + c_1 x, ..., z_M + c_M x)`` as a net on (x, z_1, ..., z_M).

    The readout is f, the corrections are the c_k, and x and each z_k have the size d.
    """
    blocks = readout.inner.reshape(readout.width, len(corrections), size)
    weights = torch.tensor(corrections, dtype=torch.float64)
    current = torch.einsum("wks,k->ws", blocks, weights)
    inner = torch.cat([current, readout.inner], dim=1)
    return TwoLayerNet(readout.outer, inner, readout.bias)


def _check(chosen: tuple[Kernel, ...], count: int, heads: int, family: Family) -> None:
    """Refuse kernels that the attention cannot have."""
    if len(chosen) != count or sum(one.heads for one in chosen) > heads:
        raise ValueError(
            f"{len(chosen)} kernels with {sum(one.heads for one in chosen)} terms do "
            f"not fit {count} memories and {heads} heads"
        )
    for one in chosen:
        if one.family is not family:
            raise ValueError(f"a kernel is '{one.family}' where '{family}' is needed")
        if family is LOG and min(one.rates) <= 1:
            raise ValueError(
                f"a log head has rate {float(min(one.rates)):g}: its sum over all "
                "lags converges only for rates above 1"
            )
