"""The stored records of settings hold all that their chapters speak of."""

from collections import Counter

import pytest

from tapx.chapters import records

CELLS = {
    "exp-4a": {("lin", 1), ("lin", 64), ("log", 1), ("log", 64)},
    "exp-4b": {("lin", 1), ("lin", 64), ("log", 1), ("log", 64)},
    "exp-2b": {(1, 256), (32, 256)},
}
NAMES = {
    "exp-4a": ("position", "heads"),
    "exp-4b": ("position", "heads"),
    "exp-2b": ("heads", "width"),
}
SETTINGS = {"exp-4a": 28 + 10, "exp-4b": 28, "exp-2b": 16}
"""How many settings there are of each cell."""


@pytest.mark.parametrize("chapter", SETTINGS)
def test_every_setting_has_all_cells_with_five_seeds(chapter):
    record = records.load_record(chapter, "settings")
    assert record["parameters"]["iterations"] == 10_000
    names = NAMES[chapter]
    axes = ("learning_rate", "schedule", "initial_slopes")
    settings, cells = Counter(), set()
    for row in record["results"]:
        cell = tuple(row[name] for name in names)
        cells.add(cell)
        settings[cell, tuple(row.get(axis) for axis in axes)] += 1
    assert cells == CELLS[chapter]
    assert set(settings.values()) == {5}
    each = Counter(cell for cell, _ in settings)
    assert set(each.values()) == {SETTINGS[chapter]}
