"""The stored records of settings hold all that their chapters speak of."""

from collections import Counter

import pytest
from run_settings import SETTINGS

from tapx.chapters import records

CELLS = {
    "exp-4a": {("lin", 1), ("lin", 64), ("log", 1), ("log", 64)},
    "exp-4b": {("lin", 1), ("lin", 64), ("log", 1), ("log", 64)},
    "exp-2b": {(1, 256), (32, 256)},
    "exp-2a": {(1, 4, 2), (1, 256, 2), (1, 4, 7), (1, 256, 7)},
    "exp-1b": {(1, 256), (32, 256)},
    "exp-3a": {(h, 256, dot) for h in (4, 32) for dot in (False, True)},
}
NAMES = {
    "exp-4a": ("position", "heads"),
    "exp-4b": ("position", "heads"),
    "exp-2a": ("heads", "width", "token_values"),
    "exp-3a": ("heads", "width", "dot_product"),
}
STORED = [one for one in SETTINGS if records.load_if_stored(one, "settings")]


@pytest.mark.parametrize("chapter", STORED)
def test_every_setting_has_all_cells_with_five_seeds(chapter):
    record = records.load_record(chapter, "settings")
    assert record["parameters"]["iterations"] == 10_000
    names = NAMES.get(chapter, ("heads", "width"))
    axes = ("learning_rate", "schedule", "initial_slopes")
    settings, cells = Counter(), set()
    for row in record["results"]:
        cell = tuple(row[name] for name in names)
        cells.add(cell)
        settings[cell, tuple(row.get(axis) for axis in axes)] += 1
    assert cells == CELLS[chapter]
    assert set(settings.values()) == {5}
    each = Counter(cell for cell, _ in settings)
    count = {"exp-4a": 28 + 10, "exp-4b": 28, "exp-2b": 16}.get(chapter, 14)
    assert set(each.values()) == {count}
