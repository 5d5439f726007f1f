"""What a sweep leaves for its reader: the table, its dictionary, the page; old runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tapx.chapters import notebooks, parameters, sweep_page, sweep_tables
from tapx.chapters.sweep_folders import DONE, SweepFolder, key_of
from tapx.chapters.sweep_work import code_of
from tapx.chapters.sweeps import Plan, plans


def write_results(
    plan: Plan, folder: SweepFolder, failed: Mapping[str, str]
) -> Counter[str]:
    """Write the table, its dictionary and the page of all sweeps of this chapter.

    Args:
        plan: the sweep that has ended.
        folder: where its runs, and perhaps those of others, are stored.
        failed: why runs failed, as `drive` gave it.

    Returns:
        How many of this plan's runs are in which state.
    """
    same = [one for one in plans(folder) if one.chapter == plan.chapter]
    orders = {one.key: one for each in [*same, plan] for one in each.orders}
    axes: dict[str, list[Any]] = {}
    for each in [*same, plan]:
        for name, values in each.axes.items():
            known = axes.setdefault(name, [])
            known += [value for value in values if value not in known]
    table = sweep_tables.rows(orders.values(), folder, failed)
    states = {str(row["run"]): str(row["status"]) for row in table}
    found = [folder.record(one) for key, one in orders.items() if states[key] == DONE]
    entry = notebooks.find(plan.chapter, notebooks.notebook_files(plan.book_dir))
    declared = parameters.of_notebook(notebooks.load(entry.path), entry.path.name)
    names = sweep_tables.columns(declared, found)
    sweep_tables.write(folder, plan.chapter, table, names)
    claims = {claim["id"]: claim for record in found for claim in record["claims"]}
    text = sweep_page.page(f"{entry.id}: {entry.title}", table, names, claims, axes)
    notebooks.write_text(folder.path / f"{plan.chapter}.html", text)
    return Counter(states[order.key] for order in plan.orders)


def of_other_code(
    folder: SweepFolder, book_dir: str | Path | None = None
) -> list[Path]:
    """The runs, finished and failed, that no sweep of today's code would store."""
    today = {
        key_of(order.chapter, code_of(order.chapter, book_dir), order.values)
        for each in plans(folder)
        for order in each.orders
    }
    stored = [*folder.path.glob("runs/*"), *folder.path.glob("failed/*")]
    return sorted(path for path in stored if path.name not in today)
