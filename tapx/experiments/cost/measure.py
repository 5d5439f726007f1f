"""Time and memory of one step of work, measured so that ratios mean something.

Times are compared only within one run: the steps take turns, one thread does the work,
and its processor time is read, which does not count what other processes do meanwhile.
Memory is counted tensor by tensor and comes out the same every time; the peak of the
process is there for a check.
"""

import math
import resource
import statistics
import sys
import time
import weakref
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tapx.checks import at_least

Step = Callable[[], Any]
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Machine:
    """What one thread of this machine can do at best.

    Attributes:
        bytes_per_second: read and written by a copy of a large array.
        operations_per_second: multiplications and additions of a matrix product.
    """

    bytes_per_second: float
    operations_per_second: float


@dataclass(frozen=True)
class Cost:
    """What a step took: processor seconds, and most bytes held at one moment."""

    seconds: float
    held: int


def peak_bytes() -> int:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status")
    if status.exists():  # there ru_maxrss knows the process that started this one, too
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def median_seconds(step: Step, repeats: int, warm: int) -> float:
    """Median time that passes during a step, after some steps to warm up."""
    times = []
    for repeat in range(warm + repeats):
        start = time.perf_counter()
        step()
        if repeat >= warm:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def take_turns(
    steps: Mapping[Name, Step],
    rounds: int,
    patience: float = 1.0,
    least_seconds: float = 5e-3,
) -> dict[Name, Cost]:
    """Median processor seconds and most bytes of each step; they take turns in rounds.

    Args:
        steps: the work, by name or other key. The first run of each warms up and
            counts the bytes.
        rounds: turns of each step, at least 1.
        patience: a step that has worked for this many seconds has no more turns. The
            first run of a longer one is its only turn.
        least_seconds: a quicker step is repeated within its turn until it takes about
            as long.

    Raises:
        ValueError: no rounds.
    """
    at_least(1, rounds=rounds)
    held: dict[Name, int] = {}
    times: dict[Name, list[float]] = {}
    repeats: dict[Name, int] = {}
    for name, step in steps.items():
        start = time.process_time()
        held[name] = held_bytes(step)
        once = time.process_time() - start
        if once < patience:  # a longer one is neither cold nor slowed by the count
            once = _busy(step, 1)
        repeats[name] = max(1, math.ceil(least_seconds / max(once, 1e-6)))
        times[name] = [once] if repeats[name] == 1 else []
    for _ in range(rounds):
        for name, step in steps.items():
            if len(times[name]) < rounds and sum(times[name]) < patience:
                times[name].append(_busy(step, repeats[name]))
    return {name: Cost(statistics.median(times[name]), held[name]) for name in steps}


def machine(size: int = 1024, megabytes: int = 128, repeats: int = 5) -> Machine:
    """The best rates in some tries of a copy and of a square product, in float32.

    Raises:
        ValueError: an argument below 1.
    """
    at_least(1, size=size, megabytes=megabytes, repeats=repeats)
    square = torch.ones(size, size)
    product = torch.empty_like(square)
    source = torch.ones(megabytes * 2**18)
    copy = torch.empty_like(source)

    def best(step: Step) -> float:
        step()
        return min(_busy(step, 1) for _ in range(repeats))

    moved = 2 * source.numel() * source.element_size()
    return Machine(
        moved / best(lambda: copy.copy_(source)),
        2 * size**3 / best(lambda: torch.mm(square, square, out=product)),
    )


def held_bytes(step: Step) -> int:
    """Most bytes that the tensors made during a step take at one moment.

    Every operation of torch is watched, backward ones too; tensors that were there
    before, and scratch memory inside an operation, do not count. The number depends
    on shapes and on the order of the operations, not on the machine's speed.
    """
    with _Live() as live:
        step()
    return live.most


def overtakes(lengths: list[int], slow: list[float], fast: list[float]) -> float | None:
    """The first of rising lengths from which on `fast` takes less time than `slow`."""
    found = None
    for length, a, b in zip(reversed(lengths), slow[::-1], fast[::-1], strict=True):
        if b >= a:
            break
        found = float(length)
    return found


def _busy(step: Step, repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        step()
    return (time.process_time() - start) / repeats


class _Live(TorchDispatchMode):
    """Adds up the storages that operations make, until each is freed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: set[int] = set()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here; True would import the compiler

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        before = {
            leaf.untyped_storage()._cdata
            for leaf in tree_leaves((args, kwargs))
            if isinstance(leaf, torch.Tensor)
        }
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self._add(leaf.untyped_storage(), before)
        return out

    def _add(self, storage: Any, before: set[int]) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place in before or place in self.known:
            return
        self.known.add(place)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._free, place, size)

    def _free(self, place: int, size: int) -> None:
        self.known.discard(place)
        self.now -= size
