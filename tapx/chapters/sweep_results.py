"""What a sweep leaves for its reader: the table, its dictionary, the page; old runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tapx.chapters import (
    notebooks,
    records,
    sources,
    sweep_page,
    sweep_record,
    sweep_tables,
)
from tapx.chapters.sweep_folders import DONE, FAILED, SweepFolder, key_of
from tapx.chapters.sweep_work import code_of
from tapx.chapters.sweeps import Plan, plans


def write_results(
    plan: Plan, folder: SweepFolder, failed: Mapping[str, str]
) -> Counter[str]:
    """Write the table, its dictionary and the page of all sweeps of this chapter.

    Beside them stands the record of all rows that its runs kept, if any did.

    Args:
        plan: the sweep that has ended, as `store` wrote it down.
        folder: where its runs, and perhaps those of others, are stored.
        failed: why runs failed, as `drive` gave it.

    Returns:
        How many of this plan's runs are in which state.
    """
    same = [one for one in plans(folder) if one.chapter == plan.chapter]
    orders = {one.key: one for each in same for one in each.orders}
    axes: dict[str, list[Any]] = {}
    for each in same:
        for name, values in each.axes.items():
            known = axes.setdefault(name, [])
            known += [value for value in values if value not in known]
    table, found, states = [], [], {}
    for key, order in orders.items():
        state, record, reason = folder.look(order)
        if key in failed and state not in (DONE, FAILED):  # nor could that be written
            state, reason = FAILED, failed[key]
        table.append(sweep_tables.row(order, state, record, reason))
        found += [record] if record else []
        states[key] = state
    entry = notebooks.find(plan.chapter, notebooks.notebook_files())
    _, declared = sources.opened(entry)
    names = sweep_tables.columns(declared, found)
    sweep_tables.write(folder, plan.chapter, table, names)
    if rows := sweep_record.joined(same, found):
        path = folder.path / f"{plan.chapter}.json"
        notebooks.write_text(path, records.dumps(rows))
    claims: dict[str, dict[str, Any]] = {}
    for claim in (claim for record in found for claim in record["claims"]):
        first = claims.setdefault(claim["id"], dict(claim))
        if first["reference"] != claim["reference"]:
            first["reference"] = None  # it depends on the grid: no line to draw
    text = sweep_page.page(f"{entry.id}: {entry.title}", table, names, claims, axes)
    notebooks.write_text(folder.path / f"{plan.chapter}.html", text)
    return Counter(states[order.key] for order in plan.orders)


def of_other_code(folder: SweepFolder) -> list[Path]:
    """The runs, finished and failed, that no sweep of today's code would store."""
    asked = plans(folder)
    code = {chapter: code_of(chapter) for chapter in {one.chapter for one in asked}}
    today = {
        key_of(order.chapter, code[order.chapter], order.values)
        for each in asked
        for order in each.orders
    }
    stored = [*folder.path.glob("runs/*"), *folder.path.glob("failed/*")]
    return sorted(path for path in stored if path.name not in today)
