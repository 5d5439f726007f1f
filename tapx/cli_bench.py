"""``python -m tapx bench``: what is measured, and where it is kept."""

from __future__ import annotations

import json
from typing import Any

import click

from tapx import checks
from tapx.cli_ends import echo_json
from tapx.experiments.cost import bench as cost


@click.command()
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option(
    "--record", is_flag=True, help="Keep the rows in book/records/bench.json."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of objects.")
def bench(parts: tuple[str, ...], record: bool, as_json: bool) -> None:
    """Measure speed and memory against the aims of the book (some ten minutes).

    All PARTs are measured if none is named; a name that is none is answered with those
    that there are.
    """
    from tapx.chapters import benchmark

    for part in parts:
        checks.one_of(part, PARTS, "part of the benchmark", checks.Refusal)
    rows: list[dict[str, Any]] = []
    try:
        for part in parts or PARTS:
            rows += PARTS[part]()
    except ImportError as error:
        raise checks.Refusal(
            f"the benchmark needs the package {error.name!r}: "
            "pip install -r requirements-bench.txt"
        ) from None
    if record:
        benchmark.store(rows)
    if as_json:
        echo_json(rows)
        return
    for row in rows:
        text = (
            f"{key}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in row.items()
        )
        click.echo("\n  ".join(text))


def _sweep() -> list[dict[str, Any]]:
    """What a sweep costs above its runs."""
    from tapx.chapters import sweep_cost

    found = sweep_cost.measure()
    detail = (
        f"{found['runs']} runs by {found['workers']} workers in {found['seconds']:.1f} "
        f"s, from the command to its page; the runs took {found['run_seconds']:.1f} s"
    )
    return [cost.row("sweep overhead", found["overhead"], "", "<=", 0.15, detail)]


PARTS = {**cost.PARTS, "sweep": _sweep}
"""What can be measured, by name."""
