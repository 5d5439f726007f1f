"""Run parts of the suite one after another, all of them, and sum up at the end.

``python tests/run_parts.py lint types unit`` runs ``make lint``, ``make types`` and
``make unit``, also after one that fails. The last lines say of each part how it ended,
how long it took and what its own last words were, and name the tests that failed. The
exit status is 1 if any part failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field

FAILURE = re.compile(r"(?:FAILED|ERROR) \S")
PYTEST = re.compile(r"=* ?\d+ (?:passed|failed|skipped|deselected|errors?)\b.* in .*")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MOST = 40
"""Names of failed tests that the summary shows of one part."""


@dataclass
class Part:
    """One part: how it ended, how long it took, and what it said at its end."""

    name: str
    status: int = 0
    seconds: float = 0.0
    summary: str = ""
    last: str = ""
    failed: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take in a line of the part's output."""
        line = COLOUR.sub("", line).strip()
        if PYTEST.fullmatch(line):
            self.summary = line.strip("= ")
        elif FAILURE.match(line):
            self.failed.append(line)
        if line and not line.startswith("make"):
            self.last = line

    @property
    def words(self) -> str:
        """pytest's own summary line, or the last line of another tool."""
        return self.summary or self.last


def run(name: str, command: list[str]) -> Part:
    """Run a command, show its output as it comes, and keep its last words."""
    part = Part(name)
    print(f"\n=== {name} ===", flush=True)
    started = time.monotonic()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            part.hear(line)
    part.status = process.returncode
    part.seconds = time.monotonic() - started
    return part


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def report(parts: list[Part]) -> str:
    """The closing lines: a row for each part, and the tests that failed."""
    width = max(len(part.name) for part in parts)
    lines = ["", "=== summary ==="]
    for part in parts:
        word = "FAILED" if part.status else "passed"
        row = f"{part.name:{width}}  {word}  {clock(part.seconds):>6}  {part.words}"
        lines.append(row.rstrip())
    failed = [part for part in parts if part.status]
    for part in failed:
        lines += [f"  {line}" for line in part.failed[:MOST]]
        if len(part.failed) > MOST:
            lines.append(f"  and {len(part.failed) - MOST} more of {part.name}")
    total = clock(sum(part.seconds for part in parts))
    if failed:
        names = ", ".join(part.name for part in failed)
        lines.append(f"{len(failed)} of {len(parts)} parts failed in {total}: {names}")
    else:
        lines.append(f"All {len(parts)} parts passed in {total}.")
    return "\n".join(lines)


def main(names: list[str]) -> int:
    """Run `make NAME` for each name; returns the exit status."""
    make = os.environ.get("MAKE", "make")
    parts = [run(name, [make, "--no-print-directory", name]) for name in names]
    print(report(parts), flush=True)
    return int(any(part.status for part in parts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
