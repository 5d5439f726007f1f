"""Run what is certified under other processors' arithmetic, as far as one can set it.

``python tests/run_machines.py`` runs, under each of the `SETTINGS`, the tests of
everything that is not trained and nbval of all chapters whose subject is not training,
and writes one row a setting to ``book/records/machines.json``, which the book's page
*How to check us* shows. ``--only SETTING`` runs one and replaces its row alone: each
row says when it was made and of which sources. Pythons that the variable PYTHONS names
(``PYTHONS="python3.12 python3.13"``) are settings too: each gets an environment of its
own below ``.venv``, made if missing. ``--gate`` runs what the gate adds to the
machine's own setting: under the oldest of all settings together, nbval of the same
chapters, and the chapters on training at smoke size.

A setting that this processor lacks, or that a library does not know, is named in its
row and not failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from machine_settings import (
    OLDEST,
    ROOT,
    SETTINGS,
    Setting,
    difference,
    environment,
    in_words,
    possible,
    probe,
)

from tapx.chapters import records, stored_results
from tapx.chapters.notebooks import load

TABLE = ROOT / "book" / "records" / "machines.json"
# Tests whose subject is training: what they assert holds for seeds, not for digits.
# The first three run every chapter small and ask what moves, not where it stands.
TRAINED_TESTS = (
    "test_chapters.py",
    "test_claims_follow.py",
    "test_parameters_used.py",
    "test_chapter_experiments_signs.py",
    "test_chapter_experiments_adaptive.py",
    "experiments/adaptive/test_adaptive_training.py",
    "experiments/language/test_dot_products.py",
    "experiments/language/test_sizes.py",
    "experiments/language/test_language_training.py",
    "experiments/memory/test_memory_tables.py",
    "experiments/signs/test_sign_training.py",
    "experiments/memory/test_memory_training.py",
    "experiments/test_all_windows.py",
)


@dataclass(frozen=True)
class Row:
    """What came of one setting; `note` says why it was not run, if so.

    Tests and cells of notebooks are counted that ran, and those of both that failed;
    `taken` is what the libraries took, in words.
    """

    setting: str
    taken: str = ""
    tests: int = 0
    cells: int = 0
    failed: int = 0
    seconds: float = 0.0
    note: str = ""
    failures: tuple[str, ...] = ()
    date: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d}")
    commit: str | None = field(default_factory=lambda: records.revision_of()["commit"])

    @property
    def agrees(self) -> bool:
        """Whether it ran and everything agreed."""
        return not self.note and self.tests + self.cells > 0 and self.failed == 0


def trains(path: Path) -> bool:
    """Whether training is a notebook's subject: more than a sixth of its claims.

    Chapters that train beside what they prove are re-executed with the others: of
    their trained claims only the verdicts are compared.
    """
    claims = stored_results.held(load(path), stored_results.CLAIM_MIME)
    kinds = [claim["kind"] for claim in claims]
    return 6 * kinds.count("trained") > len(kinds)


def notebooks(training: bool = False) -> list[Path]:
    """The notebooks whose subject is training, or the others, pages among these."""
    every = sorted((ROOT / "book").glob("*.ipynb"))
    return [path for path in every if trains(path) == training]


def chapter_id(path: Path) -> str:
    """The id of a chapter."""
    return str(load(path).metadata.tapx.id)


def pytest(
    python: str, variables: dict[str, str], words: list[str]
) -> tuple[int, tuple[str, ...]]:
    """Run pytest; how many tests ran (skipped ones not), and the names of the failed.

    A run that ends before it has run its tests counts as one failure.
    """
    with tempfile.TemporaryDirectory(prefix="tapx-machines-") as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        status = subprocess.run(
            [*command, f"--junitxml={report}", *words],
            env=environment(variables),
            cwd=ROOT,
            check=False,
        ).returncode
        cases = []
        if report.is_file():
            cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    ran = [case for case in cases if case.find("skipped") is None]
    bad = [
        f"{case.get('classname', '')}::{case.get('name', '')}"
        for case in ran
        if case.find("failure") is not None or case.find("error") is not None
    ]
    if status and not bad:
        bad = [f"pytest ended with status {status}"]
    return len(ran), tuple(bad)


def nbval(paths: list[Path]) -> list[str]:
    """The words of pytest that re-execute notebooks and compare their outputs."""
    return [
        "--dist=loadfile",
        "--nbval",
        "--nbval-cell-timeout=600",
        "--nbval-kernel-startup-timeout=120",
        *(str(path.relative_to(ROOT)) for path in paths),
    ]


def run(
    setting: Setting, own: dict[str, Any], processes: int, gate: bool = False
) -> Row:
    """Run everything under one setting."""
    python = setting.python or sys.executable
    variables, reason = possible(setting, own)
    if reason:
        return Row(setting.name, note=reason)
    try:
        taken = probe(python, variables)
    except (OSError, RuntimeError) as error:
        return Row(setting.name, note=f"does not start: {error}")
    words = in_words(taken)
    reason = "" if setting.python else difference(setting, own, taken)
    print(f"\n=== {setting.name}: {reason or words} ===", flush=True)
    if reason:
        return Row(setting.name, words, note=reason)
    if gate:
        smoke = "tests/test_chapters.py::test_smoke_claims_hold"
        chosen = [f"{smoke}[{chapter_id(path)}]" for path in notebooks(training=True)]
    else:
        chosen = ["-m", "not published", "tests"]
        chosen += [f"--ignore=tests/{name}" for name in TRAINED_TESTS]
    started = time.monotonic()
    together = ["-n", str(processes)]
    tests, bad_tests = pytest(python, variables, together + chosen)
    cells, bad_cells = pytest(python, variables, together + nbval(notebooks()))
    return Row(
        setting.name,
        words,
        tests,
        cells,
        len(bad_tests) + len(bad_cells),
        round(time.monotonic() - started, 1),
        failures=bad_tests + bad_cells,
    )


def interpreter(name: str) -> Setting:
    """The setting of another Python, with an environment made for it if missing.

    Raises:
        OSError: there is no such interpreter.
        RuntimeError: the packages could not be installed.
    """
    label = re.sub(r"[^\w.-]+", "-", name).strip("-")
    folder = ROOT / ".venv" / "pythons" / label
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        steps = (
            [name, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "-q", "-r", "requirements.txt"],
        )
        for step in steps:
            if subprocess.run(step, cwd=ROOT, check=False).returncode:
                raise RuntimeError("its environment could not be made")
        ready.touch()
    return Setting(f"Python {Path(name).name}", {}, python=str(python))


def store(rows: list[Row]) -> None:
    """Put the rows into the table that the book shows, each in its setting's place."""
    stored: dict[str, Any] = {setting.name: None for setting in SETTINGS}
    if TABLE.is_file():
        old = json.loads(TABLE.read_text(encoding="utf-8"))["settings"]
        stored |= {row["setting"]: row for row in old}
    stored |= {row.setting: asdict(row) | {"agrees": row.agrees} for row in rows}
    data = {"settings": [row for row in stored.values() if row]}
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")


def show(rows: list[Row]) -> str:
    """The rows as text, and the names of what failed."""
    lines = ["", "=== settings ==="]
    width = max(len(row.setting) for row in rows)
    for row in rows:
        text = f"not run: {row.note}"
        if not row.note:
            text = (
                f"{row.tests} tests, {row.cells} cells, {row.failed} failed, "
                f"{row.seconds / 60:.0f} min; {row.taken}"
            )
        lines.append(f"{row.setting:{width}}  {text}")
        lines += [f"{'':{width}}    FAILED {name}" for name in row.failures[:40]]
    ran = [row for row in rows if not row.note]
    agreeing = sum(row.agrees for row in rows)
    lines.append(f"{agreeing} of {len(ran)} settings that ran agree throughout")
    return "\n".join(lines)


def main(words: list[str] | None = None) -> int:
    """The command line; returns the exit status, 1 if anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--gate", action="store_true", help="the oldest setting alone")
    parser.add_argument("--only", action="append", default=[], metavar="SETTING")
    given = parser.parse_args(words)
    own = probe(sys.executable, {})
    if given.gate:
        rows = [run(OLDEST, own, given.processes, gate=True)]
        print(show(rows))
        return int(rows[0].failed > 0)
    names = [setting.name for setting in SETTINGS]
    if set(given.only) - set(names):
        parser.error(f"the settings are {', '.join(names)}")
    chosen = [one for one in SETTINGS if not given.only or one.name in given.only]
    rows = [run(setting, own, given.processes) for setting in chosen]
    for name in os.environ.get("PYTHONS", "").split():
        try:
            rows.append(run(interpreter(name), own, given.processes))
        except (OSError, RuntimeError) as error:
            rows.append(Row(f"Python {Path(name).name}", note=str(error)))
    store(rows)  # at the end: the page that shows the table is among the notebooks
    print(show(rows))
    return int(any(row.failed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
