"""The rows that the chapter kept in all the runs of its sweeps, as one record.

It has the form of a run's own record (`tapx.chapters.records`), so that a chapter reads
it in the same way. Claims are those of single runs, and are left out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tapx.chapters import grids, records
from tapx.chapters.sweeps import Plan


def joined(
    plans: Sequence[Plan], found: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The record of sweeps of one chapter from one profile.

    A parameter that varied is there as the list of its values. A row says itself which
    of them it belongs to: the values that it lacks are added, as far as they are
    numbers or words.

    Args:
        plans: the sweeps, at least one.
        found: the records of their finished runs.

    Returns:
        None where no run kept rows, or the runs are not of one code, one profile and
        one kind of machine.
    """
    kept = any(one.get("results") for one in found)
    if not kept or any(_made(one) != _made(found[0]) for one in found):
        return None
    values = {name: _distinct(found, name) for name in found[0]["parameters"]}
    varied = [name for name, own in values.items() if len(own) > 1]
    rows = []
    for one in found:
        own = {name: one["parameters"][name] for name in varied}
        plain = {k: v for k, v in own.items() if not isinstance(v, list)}
        rows += [plain | row for row in one.get("results", ())]
    parameters = {
        name: _flat(own) if name in varied else own[0] for name, own in values.items()
    }
    record = {
        **found[0],
        "parameters": parameters,
        "seed": None if "seed" in varied else found[0]["seed"],
        "command": " && ".join(map(_command, plans)),
        "started": min(one["started"] for one in found),
        "duration_s": round(sum(one["duration_s"] for one in found), 2),
        "claims": [],
        "results": rows,
    }
    record.pop("reports", None)
    return record | {"results_hash": records.results_hash(record)}


def _made(record: Mapping[str, Any]) -> list[Any]:
    """What the rows of one record have in common."""
    code = record["code"] or {}
    hashes = [code.get(name) for name in ("cells", "modules")]
    return [*hashes, *(record[name] for name in ("profile", "machine", "versions"))]


def _distinct(found: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    """The values of a parameter, in the order of the runs."""
    values: list[Any] = []
    for one in found:
        value = one["parameters"][name]
        values += [value] if value not in values else []
    return values


def _flat(values: list[Any]) -> list[Any]:
    """Values, or the items of values that are lists, each once."""
    items = (v if isinstance(v, list) else [v] for v in values)
    return list(dict.fromkeys(item for own in items for item in own))


def _command(plan: Plan) -> str:
    """The sweep as typed."""
    words = ["python", "-m", "tapx", "sweep", plan.chapter, "--profile", plan.profile]
    for name, values in plan.axes.items():
        words += ["--grid", f"{name}={','.join(map(grids.text, values))}"]
    return shlex.join(words)
