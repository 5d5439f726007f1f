"""Every kind of witness, and the finder that asks for it again: to check, or to search.

A finder that is asked what a witness answers reads the witness and checks it in balls.
With TAPX_FOUND=improve it searches instead, and keeps what is strictly better.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from tapx import witnesses
from tapx.checks import Refusal, nearest_word
from tapx.kernels import adaptive, nearest, search, shortest, window_search, windows
from tapx.kernels.family import Family
from tapx.kernels.kernel import Kernel
from tapx.limits import affine_minimax, equal_rates, recall, weight_bounds
from tapx.witnesses import Entry


def _recalled(entry: Entry) -> Any:
    size = entry["size"]
    if "given" in size:  # no search made it
        return search.stored_kernel(entry["name"])
    lag, family = entry["target"]["delta"], entry["family"]
    return search.best_delta(lag, size["heads"], family, size["weight_bits"])


def _adaptive(entry: Entry) -> Any:
    lags, size = entry["target"]["adaptive"], entry["size"]
    return adaptive.best(lags, size["heads"], "power", size["weight_bits"])


def _window(entry: Entry) -> Any:
    target, heads = entry["target"], entry["size"]["heads"]
    goal: windows.Goal
    if "tokens" in target:
        goal = _tokens(target)
    else:
        rate, zero = (float(Fraction(target[key])) for key in ("rate", "at_zero"))
        goal = windows.Decay(Family.of(target["decay"]), rate, zero)
    first, last = target["first"], target["last"]
    return window_search.best(goal, heads, entry["family"], first, last)


def _tokens(target: Any) -> equal_rates.Tokens:
    return equal_rates.Tokens(
        tuple(target["tokens"]), tuple(float(Fraction(x)) for x in target["sizes"])
    )


def _nearly_equal(entry: Entry) -> Any:
    target, heads = entry["target"], entry["size"]["heads"]
    return equal_rates.limit(_tokens(target), entry["family"], heads, target["last"])


def _power(entry: Entry) -> Any:
    power = float(Fraction(entry["target"]["power"]))
    return shortest.shortest(power, entry["size"]["heads"])


def _memory(entry: Entry) -> Any:
    target = entry["target"]
    memory: Any = [float(value) for value in target.get("row", ())]
    if "kernel" in target:
        memory = Kernel.stored({**target, "family": target["kernel"]})
    heads, family = entry["size"]["heads"], Family.of(entry["family"])
    return nearest.fitted(memory, heads, family, target["first"])


def _weights(entry: Entry) -> Any:
    size = entry["size"]
    rates = list(map(float, size["rates"])) if "rates" in size else None
    price, lag = Fraction(size["price"]), entry["target"]["delta"]
    return weight_bounds.optimum(entry["family"], lag, price, rates)


def _floor(entry: Entry) -> Any:
    rates = list(map(float, entry["size"]["rates"]))
    return recall.recall_floor(rates, entry["target"]["delta"], entry["size"]["length"])


def _minimax(entry: Entry) -> Any:
    target = entry["target"]
    alphabet = [Fraction(token) for token in target["alphabet"]]
    rows = affine_minimax.windows(alphabet, target["length"])
    values = dict(zip(rows, map(Fraction, target["values"]), strict=True))
    kind = entry["size"]["class"]
    return affine_minimax.best(
        lambda *row: values[row], alphabet, target["length"], kind
    )


KINDS: dict[str, Callable[[Entry], Any]] = {
    "kernel-l1": _recalled,
    "adaptive-l1": _adaptive,
    "window-squares": _window,
    "nearly-equal": _nearly_equal,
    "power-l1": _power,
    "memory-l1": _memory,
    "weights-l1": _weights,
    "recall-floor": _floor,
    "minimax": _minimax,
}
"""What asks a finder for a witness of each kind again."""


def select(names: Iterable[str]) -> list[Entry]:
    """The stored answers in the files named, all without a name, or a Refusal."""
    stored = list(witnesses.stored().values())
    names = list(names)
    known = sorted({entry["name"] for entry in stored})
    for name in names:
        if name not in known:
            near = nearest_word(name, known) if known else ""
            hint = f"; the nearest is {near}" if near else ""
            raise Refusal(f"nothing is stored as {name!r}{hint}")
    return [entry for entry in stored if not names or entry["name"] in names]


def check(entries: Iterable[Entry]) -> tuple[int, float]:
    """Check stored answers in balls, or raise WitnessError.

    Returns:
        How many, and the processor seconds that it took.
    """
    start, count = time.process_time(), 0
    for entry in entries:
        KINDS[entry["kind"]](entry)
        count += 1
    return count, time.process_time() - start


def find(
    names: Iterable[str] = (), tell: Callable[[str], None] = print
) -> tuple[int, int]:
    """Search again for what is stored, and keep what is strictly better.

    `tell` takes one line for each answer that was replaced.

    Returns:
        How many were searched, and how many replaced.
    """
    chosen = [entry for entry in select(names) if "given" not in entry["size"]]
    before = os.environ.get(witnesses.VARIABLE)
    os.environ[witnesses.VARIABLE] = "improve"
    replaced = 0
    try:
        for entry in chosen:
            KINDS[entry["kind"]](entry)
            claim = witnesses.stored()[entry["key"]]["claim"]
            if claim != entry["claim"]:
                replaced += 1
                tell(f"{entry['name']} {entry['size']}: {entry['claim']} -> {claim}")
    finally:
        if before is None:
            del os.environ[witnesses.VARIABLE]
        else:
            os.environ[witnesses.VARIABLE] = before
    return len(chosen), replaced
