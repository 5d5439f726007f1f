"""Chapters with parameters drawn from their ranges: each must end with its claims.

``make draws`` runs each chapter 20 times from its smoke profile, with up to three
parameters drawn anew. ``python tests/draw_runs.py thm-3.1 --draws 5`` takes one chapter
and fewer. Numbers are drawn between the least that is allowed and the larger of smoke
and default, so that a run stays small; a draw depends on the chapter and its number
alone. A size stays as in smoke. It takes an hour, and is no part of the gate.

A run passes if it is complete and has claims: whether they hold is its own business.
What is refused in words of the house (two parameters that do not go together) is told
apart from what breaks; `refused` says by which words.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from tapx.chapters import notebooks, parameters, profiles, runs
from tapx.chapters.parameters import LISTS, Parameter

SECONDS = 300
"""What a run may take."""
REFUSING = ("Refusal", "ParametersError", "ArithmeticError", "PrecisionError")
"""Errors that tapx alone raises: of a value not taken, or of a proof not found."""
OWN_WORDS = re.compile(
    r"\bgive\b|\bdid you mean\b|\bnearest\b|\ballowed (is|are)\b|\bare allowed\b"
    r"|\bmust be above\b|\bneeds more heads\b|\bleaves no neuron\b"
    r"|[;,] (so )?(take|choose|build with|raise) |^no network for lags .+ within "
)
"""How a check of a chapter or of tapx ends that has refused a value (ValueError)."""
NO_NUMBER = re.compile(r"\bnan\b|\bfinite number|^(measured|reference|rounding)\b")
"""What came out, and not what was drawn, is no number, or none that a claim takes."""


def value(parameter: Parameter, most: float, draw: random.Random) -> Any:
    """One value of a parameter that is no list."""
    if parameter.choices:
        return draw.choice(parameter.choices)
    if parameter.type.endswith("bool"):
        return draw.random() < 0.5
    low = parameter.low or 0.0
    top = max(low, min(parameter.high or 0.0, most))
    # As many small as large ones, where the range is wide.
    wide = low > 0 and top > 20 * low
    found = low * (top / low) ** draw.random() if wide else draw.uniform(low, top)
    return round(found) if parameter.item_type == "int" else found


def drawn(entry: notebooks.Chapter, number: int) -> dict[str, Any]:
    """Up to three parameters of a chapter, other than in smoke; paths stay."""
    draw = random.Random(f"{entry.id} {number}")
    source = notebooks.load(entry.path)
    declared = parameters.of_notebook(source, entry.path.name)
    base = profiles.values(source, entry, "smoke")
    # A size is what the smoke profile makes small.
    names = [n for n, one in declared.items() if not one.path and n != "size"]
    given = {}
    for name in draw.sample(names, min(3, len(names))):
        one = declared[name]
        if one.type not in LISTS:
            most = 1000 if name == "seed" else max(base[name], one.default)
            given[name] = value(one, most, draw)
        else:
            both = [*base[name], *one.default]
            most = max(both) if one.low is not None else 0
            count = draw.randint(1, max(len(base[name]), 2))
            items = {value(one, most, draw) for _ in range(count)}
            given[name] = sorted(items)
    return given


def run(chapter: str, number: int) -> tuple[str, int, dict[str, Any], str]:
    """One run; with what, and what went wrong, if anything."""
    entry = notebooks.find(chapter, notebooks.notebook_files())
    given = drawn(entry, number)
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = runs.run(
                chapter, given, output=folder, profile="smoke", timeout=SECONDS
            )
        except notebooks.ChapterFailed as failure:
            return chapter, number, given, failure.error.strip().splitlines()[-1]
        except (ValueError, OSError) as error:
            return chapter, number, given, f"{type(error).__name__}: {error}"
    return chapter, number, given, "" if made.claims else "no claims"


def refused(wrong: str) -> bool:
    """Whether ``ERROR: words`` refuses what was drawn; all else is a break.

    numpy and scipy raise ValueErrors as well, in other words.
    """
    kind, _, words = wrong.partition(": ")
    if NO_NUMBER.search(words):
        return False
    return kind in REFUSING or (kind == "ValueError" and bool(OWN_WORDS.search(words)))


def main(words: list[str] | None = None) -> int:
    """The command line; returns 1 if any run failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(words)
    chapters = given.chapters or [entry.id for entry in notebooks.chapters()]
    tasks = [(name, number) for name in chapters for number in range(given.draws)]
    failed = 0
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        for chapter, number, what, wrong in pool.map(run, *zip(*tasks, strict=True)):
            word = "passed" if not wrong else "refused" if refused(wrong) else "FAILED"
            failed += word == "FAILED"
            text = " ".join(f"{name}={value}" for name, value in what.items())
            print(f"{word:8}{chapter} {number}: {text}")
            if wrong:
                print(f"        {wrong}", flush=True)
    print(f"{failed} of {len(tasks)} runs broke")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
