"""The results of a sweep as a table: one row a run, and a dictionary of its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from tapx.chapters import grids, notebooks
from tapx.chapters.claims import RELATIONS
from tapx.chapters.parameters import Parameter
from tapx.chapters.sweep_folders import Order, SweepFolder

OWN = {
    "run": "name of the run's folder under runs or failed",
    "status": "done, running, failed or waiting",
    "reason": "why the run failed, or why what is stored is not taken for it",
    "profile": "stored parameter set that the run started from",
    "started": "date and time of the start, UTC",
    "duration_s": "wall time of the run in seconds",
}
"""The columns that every sweep has, and what they say."""


def row(
    order: Order, state: str, record: Mapping[str, Any], reason: str
) -> dict[str, Any]:
    """The row of a run: state, parameters, duration, claims and reported numbers.

    Args:
        order: the run.
        state: one of `sweep_folders.STATES`.
        record: its record, if it is done.
        reason: what went wrong, if anything.
    """
    found: dict[str, Any] = {"run": order.key, "status": state, "reason": reason}
    found["profile"] = order.profile
    found |= {
        name: grids.text(value) if isinstance(value, list) else value
        for name, value in order.values.items()
    }
    return found | (_results(record) if record else {})


def _results(record: Mapping[str, Any]) -> dict[str, Any]:
    row = {"started": record["started"], "duration_s": record["duration_s"]}
    for claim in record["claims"]:
        row[measured(claim["id"])] = claim["measured"]
        row[verdict(claim["id"])] = claim["verdict"]
    for report in record.get("reports", ()):
        row[reported(report["name"])] = report["value"]
    return row


def measured(claim: str) -> str:
    """The column of what a claim measured."""
    return f"{claim} measured"


def verdict(claim: str) -> str:
    """The column of a claim's verdict."""
    return f"{claim} verdict"


def reported(name: str) -> str:
    """The column of a reported number."""
    return f"report {name}"


def columns(
    declared: Mapping[str, Parameter],
    records: Iterable[Mapping[str, Any]],
) -> dict[str, str]:
    """Every column of the table and what it says, in order.

    Args:
        declared: the parameters of the chapter.
        records: the records of the finished runs.
    """
    found = {name: OWN[name] for name in ("run", "status", "reason", "profile")}
    for name, parameter in declared.items():
        found[name] = f"parameter: {parameter.meaning} ({parameter.range})"
    found |= {name: OWN[name] for name in ("started", "duration_s")}
    for record in records:
        for claim in record["claims"]:
            said = claim["statement"]
            found.setdefault(
                measured(claim["id"]),
                f"measured number of the claim ({claim['kind']}): {said}",
            )
            relation, source = RELATIONS[claim["relation"]], claim["source"]
            found.setdefault(
                verdict(claim["id"]),
                f"verdict of the claim, measured {relation} {source}: {said}",
            )
        for report in record.get("reports", ()):
            found.setdefault(
                reported(report["name"]),
                f"number that the text of the chapter quotes ({report['kind']})",
            )
    return found


def as_csv(table: Iterable[Mapping[str, Any]], names: Iterable[str]) -> str:
    """The table as text, a line a row."""
    stream = io.StringIO()
    names = list(names)
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row.get(name, "") for name in names} for row in table)
    return stream.getvalue()


def write(
    folder: SweepFolder,
    chapter: str,
    table: list[dict[str, Any]],
    names: Mapping[str, str],
) -> None:
    """Write CHAPTER.csv and CHAPTER-columns.csv, each in one step."""
    notebooks.write_text(folder.path / f"{chapter}.csv", as_csv(table, names))
    dictionary = [{"column": name, "meaning": said} for name, said in names.items()]
    notebooks.write_text(
        folder.path / f"{chapter}-columns.csv",
        as_csv(dictionary, ("column", "meaning")),
    )
