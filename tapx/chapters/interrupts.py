"""SIGTERM as Ctrl-C, so that what ends cleanly for one does for the other."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt where SIGTERM arrives, in the main thread.

    Only the first one does: what follows would end the cleaning up.
    """
    came: list[int] = []

    def interrupt(number: int, _frame: Any) -> None:
        came.append(number)
        if len(came) == 1:
            raise KeyboardInterrupt

    with _handler(interrupt, [signal.SIGTERM]):
        yield


@contextlib.contextmanager
def stops_held_back() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM arrive only when the block has ended, in the main thread.

    For the few moves that belong together.
    """
    came: list[int] = []
    with _handler(lambda number, _: came.append(number), STOPS):
        yield
    if came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _handler(handle: Any, numbers: Any) -> Iterator[None]:
    """Another handler of signals, where there can be one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            # None: it was not set from Python, and cannot be put back.
            signal.signal(number, signal.SIG_DFL if old is None else old)


def leave_ctrl_c_to_parent() -> None:
    """In a process of a pool: Ctrl-C reaches it too, but its parent ends it."""
    signal.signal(signal.SIGINT, lambda number, frame: None)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


@contextlib.contextmanager
def ctrl_c_blocked() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach before they are ready for it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
