"""The toy tasks at every learning rate and schedule, and the controls of the models.

``make settings`` sweeps each chapter, and stores the rows of all its runs as
``book/records/PROFILE/CHAPTER.json``. What is done already is not done again.
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
SETTINGS: dict[str, list[list[str]]] = {
    "exp-4a": [[RATES, SCHEDULES], [BETWEEN, "initial_slopes=equal", SCHEDULES]],
    "exp-4b": [[RATES, SCHEDULES]],
    "exp-2b": [[RATES, SCHEDULES], ["learning_rates=2e-4", SCHEDULES]],
    "exp-2a": [[RATES, SCHEDULES]],
    "exp-1b": [[RATES, SCHEDULES]],
    "exp-3a": [[RATES, SCHEDULES]],
}
"""The grids of each toy chapter, for its profile `settings`."""
CONTROLS = {"exp-1a": [["rpe=lin,log"]]}
"""The same for profile `controls` of a chapter of language models."""
SWEEPS = {
    chapter: (profile, grids)
    for profile, own in (("settings", SETTINGS), ("controls", CONTROLS))
    for chapter, grids in own.items()
}
"""Profile and grids by chapter."""


def commands(chapter: str, output: Path) -> list[list[str]]:
    """The sweeps of a chapter, as words."""
    profile, grids = SWEEPS[chapter]
    start = [sys.executable, "-m", "tapx", "sweep", chapter, "--profile", profile]
    end = ["--output", str(output)]
    return [
        [*start, *(word for one in grid for word in ("--grid", one)), *end]
        for grid in grids
    ]


def main() -> None:
    """Sweep the chapters that are named, or all, and store their records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", help=", ".join(SWEEPS))
    for chapter in parser.parse_args().chapters or SWEEPS:
        profile = SWEEPS[chapter][0]
        output = notebooks.ROOT / "runs" / profile / chapter
        for words in commands(chapter, output):
            subprocess.run(words, check=True)
        target = records.path(chapter, profile)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(output / f"{chapter}.json", target)
        print(f"stored: {target}")


if __name__ == "__main__":
    main()
