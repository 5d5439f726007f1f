"""The toy tasks at every learning rate and schedule: the records of profile `settings`.

``make settings`` sweeps each chapter, and stores the rows of all its runs as
``book/records/settings/CHAPTER.json``. What is done already is not done again.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from tapx.chapters import notebooks, records

RATES = "learning_rates=1e-4:3e-2:7log"
BETWEEN = "learning_rates=5e-4,5.5e-4,6e-4,6.5e-4,7e-4"
SCHEDULES = "schedule=constant,cosine"
GRIDS: dict[str, list[list[str]]] = {
    "exp-4a": [[RATES], [BETWEEN, "initial_slopes=equal"]],
    "exp-4b": [[RATES]],
    "exp-2b": [[RATES], ["learning_rates=2e-4"]],
    "exp-2a": [[RATES]],
    "exp-1b": [[RATES]],
    "exp-3a": [[RATES]],
}
"""The grids of each chapter, beside the schedules."""


def commands(chapter: str, output: Path) -> list[list[str]]:
    """The sweeps of a chapter, as words."""
    start = [sys.executable, "-m", "tapx", "sweep", chapter, "--profile", "settings"]
    end = ["--output", str(output)]
    return [
        [*start, *(word for one in grid for word in ("--grid", one)), *end]
        for grid in ([*own, SCHEDULES] for own in GRIDS[chapter])
    ]


def main() -> None:
    """Sweep the chapters that are named, or all, and store their records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", help=", ".join(GRIDS))
    for chapter in parser.parse_args().chapters or GRIDS:
        output = notebooks.ROOT / "runs" / "settings" / chapter
        for words in commands(chapter, output):
            subprocess.run(words, check=True)
        target = records.path(chapter, "settings")
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(output / f"{chapter}.json", target)
        print(f"stored: {target}")


if __name__ == "__main__":
    main()
