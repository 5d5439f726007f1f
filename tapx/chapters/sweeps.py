"""Sweeps: a chapter over a grid of parameters, on the workers of dask.distributed.

`plan` says which runs there are, `drive` has them done; where they are stored, and
which are done already, is `tapx.chapters.sweep_folders`' business.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import math
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent import futures
from dataclasses import asdict, dataclass
from typing import Any

from tapx.chapters import (
    grids,
    notebooks,
    profiles,
    records,
    sources,
)
from tapx.chapters.book_files import naming
from tapx.chapters.sweep_folders import (
    DONE,
    FAILED,
    RUNNING,
    WAITING,
    Order,
    SweepFolder,
    key_of,
)
from tapx.chapters.sweep_work import code_of, work
from tapx.checks import Refusal

AHEAD = 4
"""Runs that are handed out for each worker, so that none waits for the next."""
POLL, OTHERS = 0.1, 1.0
"""Seconds between two looks at our own runs, and at those of another sweep."""
PATIENCE = 60.0
"""Seconds that a scheduler may be out of reach."""


GONE = (OSError, TimeoutError, futures.CancelledError, asyncio.CancelledError)
"""What a call to a scheduler raises that is not there any more."""


class SweepStopped(RuntimeError):
    """The sweep cannot go on; what is done stays."""


@dataclass(frozen=True)
class Plan:
    """What a sweep is to do.

    Attributes:
        chapter: id of the chapter.
        profile: the stored parameter set that every run starts from.
        axes: the values of each parameter that varies.
        orders: the runs.
    """

    chapter: str
    profile: str
    axes: dict[str, list[Any]]
    orders: list[Order]


def plan(
    chapter: str,
    grid: Iterable[str] = (),
    *,
    given: Mapping[str, Any] | None = None,
    profile: str = "default",
    seeds: int | None = None,
) -> Plan:
    """The runs of a sweep, all of them valid.

    Args:
        chapter: id of the chapter.
        grid: texts NAME=VALUES, see `tapx.chapters.grids`.
        given: values that all runs have where the grid does not set them; they override
            those of the profile.
        profile: a stored parameter set.
        seeds: how many seeds, from the value of ``seed`` on; None for that one.

    Raises:
        Refusal: whatever a run would refuse, and a grid that says one thing twice.
    """
    entry = notebooks.find(chapter, notebooks.notebook_files())
    source, declared = sources.opened(entry)
    given = given or {}
    base = profiles.values(source, entry, profile, given)
    axes = grids.grid(grid, declared)
    if seeds is not None:
        more = grids.with_seeds(base, declared, seeds)
        twice = sorted(more.keys() & axes.keys())
        if twice:
            raise Refusal(
                f"--seeds sets {' and '.join(more)}: leave {', '.join(twice)} out of "
                "the grid"
            )
        axes |= more
    sources.check_texts(axes)
    with naming(entry.path):
        code = code_of(entry.id)
    orders = [
        Order(
            key_of(entry.id, code, values),
            entry.id,
            profile,
            values,
            {name: values[name] for name in (*given, *axes)},
        )
        for values in grids.runs(base, axes)
    ]
    return Plan(entry.id, profile, axes, orders)


def store(plan: Plan, folder: SweepFolder) -> None:
    """Write down what was asked for, so that the folder can say what is missing."""
    text = json.dumps(asdict(plan), indent=1, ensure_ascii=False) + "\n"
    name = f"{plan.chapter}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"
    notebooks.write_text(folder.path / "sweeps" / name, text)


def plans(folder: SweepFolder) -> list[Plan]:
    """What was asked for in a folder, oldest first.

    Raises:
        Refusal: there is no sweep, or a plan cannot be read; the message names it.
    """
    place = folder.path / "sweeps"
    files = sorted(place.glob("*.json"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise Refusal(f"{str(folder.path)!r} holds no sweep: name the folder of one")
    found = []
    for path in files:
        try:
            data = json.loads(path.read_text("utf-8"))
            data["orders"] = [Order(**order) for order in data["orders"]]
            found.append(_formed(Plan(**data)))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Refusal(f"{path}: is no plan of a sweep ({error})") from None
    return found


def _formed(plan: Plan) -> Plan:
    """A plan that was read, if all in it is of its type."""
    mappings = [
        plan.axes,
        *(each for one in plan.orders for each in (one.values, one.given)),
    ]
    texts = [one.key for one in plan.orders] + [one.profile for one in plan.orders]
    chapters = {plan.chapter, *(one.chapter for one in plan.orders)}
    if (
        not all(isinstance(each, dict) for each in mappings)
        or not all(isinstance(each, list) for each in plan.axes.values())
        or not all(isinstance(each, str) for each in texts)
        or not all(notebooks.CHAPTER_ID.fullmatch(each) for each in chapters)
    ):
        raise TypeError("it has another form")
    return plan


def seconds_a_run(plan: Plan, folder: SweepFolder) -> tuple[float | None, str]:
    """How long a run takes, and how that is known; None if it is not.

    The median of the finished runs of this folder, else the stored record of the same
    profile.
    """
    records_there = (folder.look(order)[1] for order in plan.orders)
    known = [record["duration_s"] for record in records_there if record]
    if known:
        return statistics.median(known), f"the median of {len(known)} finished runs"
    with contextlib.suppress(FileNotFoundError):
        stored = records.read(plan.chapter, plan.profile)
        return stored["duration_s"], "the book's own run of this profile"
    return None, "no run of this profile is known"


def drive(
    plan: Plan,
    folder: SweepFolder,
    client: Any,
    *,
    timeout: float | None = None,
    tell: Callable[[Counter[str]], None] = lambda counts: None,
) -> dict[str, str]:
    """Have the runs of a plan done that are not.

    Args:
        plan: the runs.
        folder: where they are stored, on a file system that every worker sees.
        client: of dask.
        timeout: seconds that a run may take.
        tell: is told, again and again, how many runs are in which state.

    Returns:
        Why runs failed, by key: in the folder, or, where it could not be written to, in
        this process alone.

    Raises:
        SweepStopped: the scheduler is gone.
    """
    driver = _Driver(plan, folder, client, timeout)
    try:
        while driver.unfinished:
            if driver.connected():
                driver.hand_out()
            time.sleep(POLL)
            driver.collect()
            driver.look_at_others()
            tell(driver.counts())
    finally:
        with contextlib.suppress(Exception):  # a cluster that is gone cancels nothing
            client.cancel(list(driver.ours))
    return driver.failed


class _Driver:
    """Which runs are where, as `drive` knows it."""

    def __init__(
        self, plan: Plan, folder: SweepFolder, client: Any, timeout: float | None
    ) -> None:
        self.folder, self.client = folder, client
        self.orders = {order.key: order for order in plan.orders}
        self.more = str(notebooks.book_directory()), timeout
        self.states = {
            key: DONE if folder.state(order) == DONE else WAITING
            for key, order in self.orders.items()
        }
        self.todo = deque(key for key, state in self.states.items() if state != DONE)
        self.ours: dict[Any, str] = {}
        self.others: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.seen, self.counted, self.slots = time.monotonic(), -math.inf, 1

    @property
    def unfinished(self) -> bool:
        return bool(self.todo or self.ours or self.others)

    def connected(self) -> bool:
        """Whether the scheduler can be reached, and with how many workers."""
        now = time.monotonic()
        if self.client.status == "running":
            with contextlib.suppress(*GONE):
                if now - self.counted > OTHERS:
                    self.slots = len(self.client.nthreads()) or 1
                    self.counted = now
                self.seen = now
                return True
        if now - self.seen > PATIENCE or self.client.status == "closed":
            raise SweepStopped("the scheduler is out of reach")
        return False

    def hand_out(self) -> None:
        """Give the scheduler some runs ahead of what its workers do."""
        while self.todo and len(self.ours) < AHEAD * self.slots:
            key = self.todo[0]
            words = str(self.folder.path), asdict(self.orders[key]), *self.more
            name = f"tapx-{key}-{time.monotonic_ns()}"  # a second try is another task
            try:
                future = self.client.submit(work, *words, key=name, pure=False)
            except GONE:
                return
            self.ours[future] = self.todo.popleft()
            self.states[key] = RUNNING

    def collect(self) -> None:
        """Take what has ended."""
        for future in [one for one in self.ours if one.done()]:
            key = self.ours.pop(future)
            state, reason = _outcome(future)
            if state == RUNNING:
                self.others[key] = time.monotonic()
            elif state == WAITING:
                self.todo.append(key)
            elif state == FAILED:
                self.failed[key] = reason
            self.states[key] = state

    def look_at_others(self) -> None:
        """Runs that another sweep began: are they still at it?"""
        now = time.monotonic()
        for key in [one for one, since in self.others.items() if now - since > OTHERS]:
            self.others[key] = now
            if self.folder.state(self.orders[key]) != RUNNING:
                del self.others[key]
                self.todo.append(key)

    def counts(self) -> Counter[str]:
        """How many runs are in which state; no more are running than workers are."""
        counts = Counter(self.states.values())
        queued = max(counts[RUNNING] - self.slots - len(self.others), 0)
        return counts + Counter({WAITING: queued}) - Counter({RUNNING: queued})


def _outcome(future: Any) -> tuple[str, str]:
    """State and reason of what was handed out."""
    try:
        if future.status == "error":
            error = future.exception()
            if type(error).__name__ == "KilledWorker":
                return FAILED, "its worker died again and again (out of memory?)"
            return FAILED, f"{type(error).__name__}: {error}"
        state, reason = future.result()
    except GONE:  # with its scheduler: hand it out again
        return WAITING, ""
    return state, reason
