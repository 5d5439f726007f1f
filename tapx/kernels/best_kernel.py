"""The best kernel found for a target, by the norm in which it is to be near."""

from tapx.checks import one_of
from tapx.kernels import search, window_search
from tapx.kernels.family import Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.windows import Goal, WindowKernel

NORMS = ("l1", "l2")


def best_kernel(
    target: Delta | Goal,
    heads: int,
    family: str | Family,
    norm: str = "l1",
    bits: int = 53,
) -> Kernel | WindowKernel:
    """The best sum of decays found near a target, its distance certified.

    That the distance is no more than the kernel says is proved; that no kernel is
    nearer is not (`tapx.floor`, `tapx.weight_floor` say how near any can be).

    Args:
        target: a `Delta` in l1; in l2 a `Decay`, or whatever has its methods.
        heads: H, at least 1: terms of the sum.
        family: `LIN` or "lin" (exponentials), `LOG` or "log" (powers).
        norm: "l1", over all lags, or "l2", squares over the lags 1 to 999 (the
            experiments 4a and 4b of the paper).
        bits: significant bits of a weight, 2 to 2000: the kernel is good under any
            rounding to so many. 53 is float64, and the only choice in l2.

    Returns:
        A `Kernel` with its `l1_error`, or a `WindowKernel` with its `squared_error`.

    Raises:
        ValueError: an unknown family or norm, or a number out of range.
        TypeError: a target that does not fit the norm.

    Example:
        >>> kernel = tapx.best_kernel(tapx.Delta(7), 12, "lin", bits=48)
        >>> kernel.heads, tapx.outward(kernel.l1_error, 2)
        (12, '0.0091')
    """
    one_of(norm, NORMS, "norm")
    wanted = Delta if norm == "l1" else Goal
    if not isinstance(target, wanted):
        raise TypeError(
            f"target {target!r}: near it in {norm} is not searched; in l1 allowed is "
            "a Delta, in l2 a Decay or another kernel with its methods"
        )
    if isinstance(target, Delta):
        return search.best_delta(target.lag, heads, family, bits)
    if bits != 53:
        raise ValueError(f"bits={bits}: in l2 the only choice is 53, float64")
    return window_search.best(target, heads, family)
