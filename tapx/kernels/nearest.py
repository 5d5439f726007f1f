"""Kernels for Theorem 5.1: one sum of decays for each essential memory, certified."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from tapx import witness_numbers, witnesses
from tapx.checks import at_least, one_of
from tapx.kernels import balls, decaying, distances, shortest, zeros
from tapx.kernels.balls import PrecisionError
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.fit import design, fitted_weights, refine
from tapx.kernels.kernel import Kernel
from tapx.kernels.terms import Signed
from tapx.witnesses import Entry, Question

KINDS = ("fitted", "bumps")  # how the construction finds its kernels
STEEPEST = 8.0  # largest rate of exponentials fitted from lag 1 on

# Price of the value at lag 0 where that lag does not count, against its size.
AT_ZERO = 1e-7
ROUNDING = 1e-14  # what float64 may lose of a head's whole weight, roughly
WINDOW = 400  # lags fitted beyond a row's end, or of a kernel that goes on for ever


def kernel_for(
    memory: Any, heads: int, family: str | Family, how: str, first: int
) -> Kernel:
    """A sum of decays near one memory, in float64 numbers.

    Args:
        memory: a row of values at lags 0, 1, ... (zero beyond), or a `Kernel`.
        heads: terms at most.
        family: "exponential" or "power".
        how: "bumps" (the proof's: for a `Kernel` only) or "fitted": the memory itself
            if it is such a sum; for one power by exponentials, what `shortest` finds;
            else rates and weights by least squares over the lags.
        first: 0 or 1, the first lag that counts.

    ValueError for unknown names, "bumps" for a row, or weights beyond float64.
    """
    one_of(how, KINDS, "kernel")
    family = Family.of(family)
    at_least(1, heads=heads)
    if how == "bumps":
        if not isinstance(memory, Kernel):
            raise ValueError(
                "kernel 'bumps' needs a memory given as a Kernel, not as a row of "
                "values; take kernel='fitted'"
            )
        return in_float64(decaying.bumps(memory, heads, family))
    if isinstance(memory, Kernel):
        if memory.family is family and memory.heads <= heads:
            return in_float64(memory)
        if family is LIN and zeros.is_power(memory) and first == 1:
            found = shortest.shortest(float(memory.rates[0]), heads)
            return replace(found, target=memory)
    return fitted(memory, heads, family, first)


def in_float64(kernel: Kernel) -> Kernel:
    """The kernel in float64 numbers; ValueError if a weight is beyond its range."""
    if not np.isfinite(kernel.float_weights).all():
        raise ValueError(
            f"{kernel.heads} heads need weights beyond float64's range; take fewer"
        )
    rates, weights = kernel.float_rates.tolist(), kernel.float_weights.tolist()
    target = kernel if kernel.target is None else kernel.target
    return Kernel.of(kernel.family, rates, weights, target)


def row_values(memory: Any, length: int) -> np.ndarray:
    """A memory's values at lags 0 to length - 1, float64."""
    if isinstance(memory, Kernel):
        return memory.values(range(length))
    row = np.asarray(memory, dtype=np.float64)[:length]
    return np.pad(row, (0, length - len(row)))


def fitted(memory: Any, heads: int, family: Family, first: int) -> Kernel:
    """The best fit found for a memory, stored or searched."""
    target = memory if isinstance(memory, Kernel) else None

    def read(entry: Entry) -> Kernel:
        kernel = Kernel.stored(entry, target)
        holds = l1_error(kernel, memory, first) <= Fraction(entry["claim"])
        witnesses.check(holds, entry, "an l1 distance of at most")
        return kernel

    def write(kernel: Kernel) -> dict[str, Any]:
        claim = witness_numbers.decimal(l1_error(kernel, memory, first))
        return {**kernel.numbers(), "claim": claim}

    wanted: dict[str, Any] = {"first": first}
    if isinstance(memory, Kernel):
        wanted |= {"kernel": memory.family.word, **memory.numbers()}
        name = f"{memory.family}s"
    else:
        wanted["row"] = witness_numbers.rounded(float(value) for value in memory)
        name = f"row{len(memory)}"
    question = Question(
        group="memories",
        name=f"{family}-for-{name}-{witnesses.digest(wanted)[:6]}",
        kind="memory-l1",
        family=family.word,
        target=wanted,
        size={"heads": heads},
        statement=f"The {family} kernel with these rates and weights differs from the "
        f"memory, summed over all lags s >= {first}, by at most the claim.",
    )
    return witnesses.answer(
        question, read, lambda: _search(memory, heads, family, first), write
    )


def _search(memory: Any, heads: int, family: Family, first: int) -> Kernel:
    """Least squares from several starts; the best by its l1 distance."""
    start = max(first, family.first_lag)
    length = WINDOW + (0 if isinstance(memory, Kernel) else len(memory))
    lags = np.arange(start, length)
    values = row_values(memory, length)[start:]
    place = np.arange(1, heads + 1)
    spreads = [
        *(np.geomspace(low, high, heads) for low, high in ((0.02, 2.0), (0.3, 6.0))),
        *(step * place + 1e-3 for step in (0.1, 0.25, 0.5)),
        place + 1.0,
    ]
    # A kernel of zero weights is at hand: no fit may be worse.
    best = float(np.abs(values).sum()), spreads[0] + 1.0, np.zeros(heads)
    for rates in spreads:
        log_rates = refine(np.log(rates), lags, values, family)
        # Exact rational numbers must differ, and infinite sums of powers converge.
        if family is LOG:
            log_rates = np.maximum(log_rates, math.log(1.02))
        elif first == 1:
            # Lag 0 is put right elsewhere, and sees the weights in full.
            log_rates = np.minimum(log_rates, math.log(STEEPEST))
        log_rates = np.maximum.accumulate(log_rates + 1e-6 * place)
        rates = np.exp(log_rates)
        columns = design(log_rates, lags, family)[0]
        # What rounding may change counts as an error: huge weights do not pay.
        seen = columns.sum(0) + (family is LIN and first == 1)
        at_zero = np.full((1, heads), AT_ZERO * (start > 0))
        rows = np.vstack([columns, np.diag(ROUNDING * seen), at_zero])
        weights = fitted_weights(rows, np.append(values, np.zeros(heads + 1)))
        off = np.abs(columns @ weights - values).sum()
        if family is LIN:
            beyond = np.exp(-rates * length) / -np.expm1(-rates)
        else:
            beyond = length ** (1 - rates) / (rates - 1)
        size = float(off + abs(beyond @ weights) + ROUNDING * np.abs(weights) @ seen)
        if size < best[0]:
            best = size, rates, weights
    target = memory if isinstance(memory, Kernel) else None
    return Kernel.of(family, best[1].tolist(), best[2].tolist(), target)


def l1_error(kernel: Kernel, memory: Any, first: int = 0) -> float:
    """A proved bound of ``sum_{s >= first} |kernel(s) - memory(s)|``, tails included.

    Memory and first lag as in `kernel_for`; PrecisionError as `distances.l1_distance`.
    """
    if not isinstance(memory, Kernel):
        row = [arb(float(value)) for value in memory]
        return _against_values(kernel, row, arb(0), first)
    if memory.family is LIN and kernel.family is LOG:
        # Beyond some lag the memory is negligible and its exact size plays no part.
        rate, size = float(min(memory.rates)), float(np.abs(memory.float_weights).sum())
        length = min(20_000, math.ceil((45 + math.log1p(size)) / rate))
        with balls.precision(256):
            row = [distances.ball(memory, lag) for lag in range(length)]
            pairs = zip(memory.rates, memory.weights, strict=True)
            tail = sum((abs(arb(w)) * LIN.tail(r, length) for r, w in pairs), arb(0))
        return _against_values(kernel, row, tail, first)
    signed = Signed(kernel, memory)
    with balls.precision(signed.cancellation_bits() + 128):
        at_zero = abs(signed.at(0))
    beyond: arb | None = None
    if kernel.family is LIN and zeros.is_power(memory):
        with contextlib.suppress(PrecisionError):
            beyond = zeros.l1_distance(replace(kernel, target=memory))
    if beyond is None:
        beyond = distances.l1_distance(kernel, memory) - at_zero
    return max(0.0, balls.upper(beyond + at_zero if first == 0 else beyond))


def _against_values(kernel: Kernel, row: list[arb], tail: arb, first: int) -> float:
    """Distance to a row of values; ``tail`` bounds the size of the memory beyond."""
    signed = Signed(kernel)
    whole = distances.l1_distance(kernel, digits=25)
    with balls.precision(2 * signed.cancellation_bits() + 256):
        change = tail
        for lag, value in enumerate(row):
            here = signed.at(lag)
            if lag >= first:
                change += abs(here - value)
            change -= abs(here)
        if not row and first == 1:
            change -= abs(signed.at(0))
        return max(0.0, balls.upper(whole + change))
