"""The folder of a sweep: which runs are done, running, failed or still to do.

The folder itself says it; there is no second book-keeping:

- ``runs/KEY/`` a finished run, moved here in one step when everything is written;
- ``working/KEY/`` a run that somebody works at, whose file ``alive`` is touched every
  `BEAT` seconds; left alone for `STALE` seconds it is nobody's, and is begun anew;
- ``failed/KEY/`` what is left of a run that failed, with ``failure.json``;
- ``damaged/KEY…/`` what stood under ``runs`` and is not the run that its name says;
- ``sweeps/NAME.json`` what was asked for.

Making a folder and moving one are the only locks, so two sweeps may share a folder on
a shared file system. Nothing that is read here is executed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tapx.chapters import notebooks, records
from tapx.checks import Refusal

BEAT, STALE = 2.0, 20.0
DONE, RUNNING, FAILED, WAITING = "done", "running", "failed", "waiting"
OWN = {"runs", "working", "failed", "sweeps"}
"""The folders in the folder of a sweep."""
STATES = (DONE, RUNNING, FAILED, WAITING)
DAMAGED = (ValueError, KeyError, TypeError, OSError)
"""What reading a record raises that is not one."""


@dataclass(frozen=True)
class Order:
    """One run of a sweep: what is to be run, and under which key it is stored.

    Attributes:
        key: `key_of` the code and the parameters.
        chapter: id of the chapter.
        profile: the stored parameter set that the values started from.
        values: the value of every parameter.
        given: those that do not come from the profile.
    """

    key: str
    chapter: str
    profile: str
    values: dict[str, Any]
    given: dict[str, Any]


def key_of(chapter: str, code: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """The name of a run: a hash of the chapter, its code and every parameter."""
    content = [chapter, code["cells"], code["modules"], values]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class SweepFolder:
    """The folder of one or more sweeps.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        """Nothing is made or read yet."""
        self.path = Path(path).expanduser().absolute()

    def make(self) -> None:
        """Make the folder and those in it.

        Raises:
            Refusal: the file system does not let us, or it is a folder of other things.
        """
        try:
            others = (
                {p.name for p in self.path.iterdir()} if self.path.exists() else OWN
            )
            # Whoever copies a folder may leave out those that are empty.
            if not (others <= OWN or others >= {"runs", "sweeps"}):
                raise Refusal(
                    f"output {str(self.path)!r} is no folder of sweeps (it holds "
                    f"{', '.join(sorted(others)[:3])}): name an empty or a new one"
                )
            for name in OWN:
                (self.path / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refusal(
                f"output {str(self.path)!r} cannot be written ({error.strerror})"
            ) from None

    def run(self, key: str) -> Path:
        """Where a finished run stands."""
        return self.path / "runs" / key

    def record(self, order: Order) -> dict[str, Any]:
        """The record of a finished run.

        Raises:
            FileNotFoundError: the run is not finished.
            ValueError: the record is not that of this run.
        """
        record = records.read_file(self.run(order.key) / f"{order.chapter}.json")
        code = record["code"] or {"cells": None, "modules": None}
        if key_of(record["chapter"], code, record["parameters"]) != order.key:
            raise ValueError("its record is of other code or of other parameters")
        return record

    def look(self, order: Order) -> tuple[str, dict[str, Any], str]:
        """One of `STATES`, the record of a run that is done, and what went wrong."""
        if self.run(order.key).is_dir():
            try:
                return DONE, self.record(order), ""
            except DAMAGED as error:
                reason = str(error) or type(error).__name__
                return WAITING, {}, f"what is stored is not this run: {reason}"
        if self._alive(self.path / "working" / order.key):
            return RUNNING, {}, ""
        reason = str(self.failure(order.key).get("error", ""))
        return (FAILED if reason else WAITING), {}, reason

    def state(self, order: Order) -> str:
        """One of `STATES`."""
        return self.look(order)[0]

    def failure(self, key: str) -> dict[str, Any]:
        """What is known of a failed run; empty if none failed."""
        try:
            text = (self.path / "failed" / key / "failure.json").read_text("utf-8")
            return dict(json.loads(text))
        except (OSError, ValueError, TypeError):
            return {}

    @contextlib.contextmanager
    def working(self, order: Order) -> Iterator[Path | None]:
        """A folder for the files of a run, ours alone; None if there is nothing to do.

        There is nothing to do where the run is finished, or somebody works at it. What
        is left in the folder at the end is thrown away: `finish` and `fail` move it.
        """
        if self.state(order) == DONE:
            yield None
            return
        if self.run(order.key).is_dir():
            self._put_aside(order.key)
        place = self.path / "working" / order.key
        if not self._take(place):
            yield None
            return
        stop = threading.Event()
        beat = threading.Thread(target=_beat, args=(place / "alive", stop), daemon=True)
        beat.start()
        try:
            yield place
        finally:
            stop.set()
            beat.join()
            shutil.rmtree(place, ignore_errors=True)

    def finish(self, place: Path, order: Order) -> None:
        """Move a working folder to the finished runs."""
        (place / "alive").unlink(missing_ok=True)
        try:
            os.rename(place, self.run(order.key))
        except OSError:
            if not self.run(order.key).is_dir():  # else somebody was faster
                raise
        shutil.rmtree(self.path / "failed" / order.key, ignore_errors=True)

    def fail(self, place: Path, order: Order, error: str) -> None:
        """Keep what is left of a run that failed, in place of an earlier failure."""
        text = json.dumps(asdict(order) | {"error": error}, indent=2)
        with contextlib.suppress(OSError):
            (place / "alive").unlink(missing_ok=True)
            notebooks.write_text(place / "failure.json", text + "\n")
            target = self.path / "failed" / order.key
            shutil.rmtree(target, ignore_errors=True)
            os.rename(place, target)

    def tidy(self) -> None:
        """Remove the working folders that nobody works in any more."""
        for place in (self.path / "working").glob("*"):
            if place.is_dir() and not self._alive(place):
                shutil.rmtree(place, ignore_errors=True)

    def remove(self, runs: Iterable[Path]) -> None:
        """Remove runs, each of them this folder's."""
        for path in runs:
            if path.parent.parent != self.path:
                raise ValueError(f"{path} is no run of {self.path}")
            shutil.rmtree(path)

    def _take(self, place: Path) -> bool:
        """Make a working folder of our own; False if somebody is at work in it."""
        for _ in range(2):
            try:
                place.mkdir()
            except FileExistsError:
                if self._alive(place):
                    return False
                left = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
                with contextlib.suppress(OSError):  # only one can move it
                    os.rename(place, left)
                shutil.rmtree(left, ignore_errors=True)
            else:
                who = {"host": socket.gethostname(), "process": os.getpid()}
                notebooks.write_text(place / "alive", json.dumps(who))
                return True
        return False

    def _alive(self, place: Path) -> bool:
        """Whether somebody works in a folder."""
        try:
            who = json.loads((place / "alive").read_text("utf-8"))
            if who["host"] == socket.gethostname():
                os.kill(who["process"], 0)
            age = self._now() - (place / "alive").stat().st_mtime
        except ProcessLookupError:
            return False
        except (OSError, ValueError, KeyError, TypeError):
            # Just made, and not yet written in.
            return place.is_dir() and self._now() - place.stat().st_mtime < STALE
        return age < STALE

    def _now(self) -> float:
        """The time by the clock of the file system, which may be another machine's."""
        mark = self.path / "working" / f".now-{uuid.uuid4().hex[:8]}"
        try:
            mark.touch()
            return mark.stat().st_mtime
        except OSError:
            return time.time()
        finally:
            with contextlib.suppress(OSError):
                mark.unlink()

    def _put_aside(self, key: str) -> None:
        """Move what is not the run that its name says out of the way."""
        aside = self.path / "damaged"
        aside.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            os.rename(self.run(key), aside / f"{key}-{uuid.uuid4().hex[:8]}")


def _beat(path: Path, stop: threading.Event) -> None:
    """Touch a file again and again."""
    while not stop.wait(BEAT):
        with contextlib.suppress(OSError):
            os.utime(path)
