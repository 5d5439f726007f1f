"""The workers of a sweep: processes of dask.distributed, our own or somebody's.

The package is an extra: who imports this module says what is missing.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dask
from distributed import Client, LocalCluster, WorkerPlugin
from distributed.worker import Worker

from tapx.checks import Refusal

QUIET = (
    *(f"distributed.{part}" for part in ("worker", "nanny", "client", "core")),
    *("distributed.scheduler", "distributed.comm", "tornado.application", "asyncio"),
)
"""Who else would tell of calls that a hurried end leaves open."""
WATCHING = {
    # A run blocks its worker's thread for as long as it takes.
    "distributed.admin.tick.limit": "1h",
    # By default workers look at themselves a hundred times a second, for dashboards:
    # an eighth of a core, taken from the runs.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.profile.enabled": False,
}
"""How closely a cluster of our own looks at itself."""
ANSWER = 10.0
"""Seconds in which a scheduler must answer."""


@contextlib.contextmanager
def cluster(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    """A client of a scheduler that is there, or of workers of our own.

    Args:
        workers: processes of one thread each; None for one a core.
        scheduler: address, or file, of a scheduler; None for a cluster of our own,
            which listens on this machine alone and opens no dashboard.

    Raises:
        Refusal: the scheduler does not answer.
    """
    for name in QUIET:  # we say what goes wrong
        logging.getLogger(name).setLevel(logging.CRITICAL)
    made = _own(workers) if scheduler is None else _given(scheduler)
    with made as client:
        yield client


@contextlib.contextmanager
def _given(scheduler: str) -> Iterator[Client]:
    is_file = Path(scheduler).is_file()
    where = {"scheduler_file": scheduler} if is_file else {"address": scheduler}
    try:
        client = Client(**where, timeout=ANSWER)
    except (OSError, ValueError) as error:
        raise Refusal(
            f"--scheduler {scheduler!r}: no scheduler answers there ({error})"
        ) from None
    try:
        yield client
    finally:
        with contextlib.suppress(OSError):
            client.close(timeout=2)


@contextlib.contextmanager
def _own(workers: int | None) -> Iterator[Client]:
    with (
        _none_left(),
        tempfile.TemporaryDirectory(prefix="tapx-sweep-") as scratch,
        dask.config.set(WATCHING),
        LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            host="127.0.0.1",
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            memory_limit=None,
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
        ) as own,
        Client(own) as client,
    ):
        client.register_plugin(_Deaf())
        yield client


@contextlib.contextmanager
def _none_left() -> Iterator[None]:
    """Workers that a hurried end leaves behind end too: none writes afterwards."""
    others = {*multiprocessing.active_children()}
    try:
        yield
    finally:
        for worker in {*multiprocessing.active_children()} - others:
            worker.kill()
            worker.join()


class _Deaf(WorkerPlugin):
    """A worker that Ctrl-C does not end: the sweep, which hears it too, ends it."""

    def setup(self, worker: Worker) -> None:
        signal.signal(signal.SIGINT, lambda number, frame: None)
