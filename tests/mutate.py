"""Mistakes in central lines, planted one at a time: the tests must catch each.

``make mutations`` copies the repository, plants each of `MUTATIONS` alone, runs the
tests of its wing until one fails, and prints which that was. ``python tests/mutate.py
kernels show`` takes these wings only. A mistake that no test catches makes the exit
status 1; so do tests that fail without one. It takes hours, and is no part of the gate;
`test_mutate.py` sees to it that each old text is there, once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from commands import python

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 3600
"""Seconds; tests that then still run have met a mistake that never ends."""
WINGS = "kernels", "limits", "network", "readouts", "targets", "theorems", "experiments"
GROUND = ("decimals", "witnesses", "results", "refusals")
TESTS = {
    wing: [f"tests/{wing}", "tests/test_refusals.py", "-k", wing] for wing in WINGS
} | {
    "chapters": ["tests/chapters", "tests/test_refusals.py", "-k", "chapters or house"],
    "show": ["tests/show", "tests/test_refusals.py", "-k", "show or house"],
    "ground": [f"tests/test_{name}.py" for name in GROUND],
}
"""What runs for each wing; with ``-x -q``."""

MUTATIONS = {
    "kernels/balls.py": {
        "if arb(result) >= edge": "if arb(result) <= edge",
        "((number / unit) + fmpq(1, 2)).floor()": "(number / unit).floor()",
    },
    "kernels/tails.py": {"total += term / (1 - arb(-rate).exp())": "total += term"},
    "kernels/family.py": {"return lag + 1 - self.first_lag": "return lag + 1"},
    "kernels/distances.py": {"/ (1 - arb(-a - b).exp())": "/ (1 - arb(-a).exp())"},
    "limits/hankel_rank.py": {"vectors.T[: heads + 1]": "vectors.T[:heads]"},
    "limits/rank.py": {
        "for value in sorted(values, reverse=True):": "for value in sorted(values):",
        "/ arb(4) ** order": "/ arb(3) ** order",
    },
    "limits/weight_bounds.py": {"(top - most * arb(weight))": "(top - most)"},
    "limits/affine_minimax.py": {"if forced != attained:": "if forced > attained:"},
    "network/positions.py": {
        "/ -torch.expm1(-slopes)": "/ torch.expm1(slopes)",
        "* buckets**j < horizon**j *": "* buckets**j <= horizon**j *",
        "-8 * (2 * h + 1)": "-8 * (2 * h + 2)",
    },
    "network/scanned.py": {
        "(token + 1))": "token)",
        "chunk[:-1, None] - 1)": "chunk[:-1, None])",
        "carried = before[..., -1]": "carried = before[..., -2]",
    },
    "network/lag_weights.py": {"(weights.sum(-1) + beyond)[": "weights.sum(-1)["},
    "readouts/two_layer.py": {
        "self.inner.abs().sum(1) + self.bias.abs()": "self.inner.abs().sum(1)",
        "-behind[:, None] * directions": "behind[:, None] * directions",
        "outer = torch.sign(net.outer) * net.norm /": "outer = net.norm /",
    },
    "readouts/rounding.py": {
        "else math.log1p(1 / (2 * value))": "else math.log1p(1 / value)",
    },
    "readouts/exact_nets.py": {
        "(-1.0) ** ((count - total) // 2)": "(-1.0) ** ((count + total) // 2)",
    },
    "targets/memories.py": {
        "padded.shape[1] - lag for": "padded.shape[1] - lag - 1 for",
        "length = time + len(values)": "length = time",
    },
    "targets/nested_targets.py": {"int(read[-1][0] < 0)": "int(read[-1][0] > 0)"},
    "targets/influence.py": {"axis=0).max()": "axis=0).min()"},
    "targets/signs.py": {"else length - n for n": "else length - 1 - n for n"},
    "theorems/lemmas.py": {
        "factor /= heads - k": "factor /= heads + k",
        "return balls.upper(tail * smooth)": "return balls.upper(smooth)",
    },
    "theorems/certificate.py": {
        "self.propagated_error + self.rounding_error)": "self.propagated_error)",
    },
    "theorems/built.py": {"_normalised(push).flip(1)": "_normalised(push)"},
    "theorems/theorem_4_4.py": {
        "math.hypot(*errors[: min(i, depth)])": "sum(errors[: min(i, depth)])",
    },
    "experiments/outcomes.py": {
        "return cls(tuple(sorted(values)))": "return cls(tuple(values))",
    },
    "experiments/training.py": {"SeedSequence([seed, 1])": "SeedSequence([1])"},
    "experiments/signs/floors.py": {"* size * their > 0": "* size * their < 0"},
    "experiments/memory/training.py": {".sum(1) + constants.numpy() ** 2": ".sum(1)"},
    "experiments/memory/fixed_rates.py": {"np.abs(1 - 2 * step *": "np.abs(1 - step *"},
    "chapters/claims.py": {
        "elif not _true(": "elif _true(",
        '{"<": "up", "<=": "up"': '{"<": "down", "<=": "down"',
    },
    "chapters/stored_results.py": {
        "before.keys() ^ after.keys()": "before.keys() - after.keys()",
    },
    "chapters/records.py": {
        "{key: record[key] for key in HASHED": "{key: len(record) for key in HASHED",
    },
    "chapters/parameters.py": {
        "min(max(value, self.low), self.high)": "max(value, self.low)"
    },
    "show/tables.py": {
        "outward(bound, 3, up=False)": "outward(bound, 3)",
        "if math.isfinite(value) else": "if value else",
        "'' if how_many == 1 else 's'": "'' if how_many == 2 else 's'",
    },
    "show/figures.py": {
        "_MARKERS[(place + lap) % len(_MARKERS)]": "_MARKERS[lap]",
        '{"Software": None}': "{}",
    },
    "decimals.py": {
        '"up" if up else "down"': '"nearest" if up else "down"',
        'value.upper() if direction == "up"': "value.mid() if 1",
    },
    "checks.py": {
        "if not least <= value <": "if not least < value <",
        "while high - low > 1:": "while high - low > 2:",
    },
    "witnesses.py": {"else fresh < known": "else fresh <= known"},
}
"""By file of tapx: the text that is there once, and the mistake."""


def copied(folder: Path) -> Path:
    """A copy of the files that git knows, in which mistakes do no harm."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def failing(root: Path, wing: str) -> str:
    """The first test of a wing that fails in a copy, or "" if none does."""
    words = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE", *TESTS[wing]]
    own = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    how = {"cwd": root, "env": {**os.environ, **own}, "timeout": LONGEST}
    try:
        done = python("-m", "pytest", *words, **how)
    except subprocess.TimeoutExpired:
        return f"no end within {LONGEST} s"
    named = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode == 0:
        return ""
    return named[1] if named else f"pytest ended with status {done.returncode}"


def planted(wing: str) -> list[tuple[str, str, str]]:
    """The mistakes of a wing: file, text and mistake."""
    return [
        (place, old, new)
        for place, texts in MUTATIONS.items()
        for old, new in texts.items()
        if wing == (place.split("/")[0] if "/" in place else "ground")
    ]


def main(wings: list[str]) -> int:
    """Plant the mistakes of these wings, or of all; returns the exit status."""
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="tapx-mutations-") as name:
        root = copied(Path(name))
        for wing in wings or TESTS:
            if broken := failing(root, wing):
                print(f"{wing}: {broken} fails without a mistake", flush=True)
                return 1
            for place, old, new in planted(wing):
                path = root / "tapx" / place
                text, started = path.read_text(encoding="utf-8"), time.monotonic()
                path.write_text(text.replace(old, new), encoding="utf-8")
                caught = failing(root, wing)
                path.write_text(text, encoding="utf-8")
                survivors += not caught
                seconds = time.monotonic() - started
                print(f"{seconds:6.0f} s  {place}: {old}  ->  {new}")
                print(f"{'':10}{caught or 'NOT CAUGHT'}", flush=True)
    print(f"{survivors} not caught")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
