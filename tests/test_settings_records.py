"""The stored records of settings hold all that their chapters speak of."""

from collections import Counter
from statistics import median

import pytest

from tapx.chapters import records
from tapx.targets.signs import target

CELLS = {
    "exp-4a": {("lin", 1), ("lin", 64), ("log", 1), ("log", 64)},
    "exp-4b": {("lin", 1), ("lin", 64), ("log", 1), ("log", 64)},
    "exp-2b": {(1, 256), (32, 256)},
    "exp-1b": {(1, 256), (32, 256)},
    "exp-2a": {(1, width, values) for width in (4, 256) for values in (2, 7)},
    "exp-3a": {(heads, 256, dot) for heads in (4, 32) for dot in (False, True)},
}
NAMES = {
    "exp-4a": ("position", "heads"),
    "exp-4b": ("position", "heads"),
    "exp-2b": ("heads", "width"),
    "exp-1b": ("heads", "width"),
    "exp-2a": ("heads", "width", "token_values"),
    "exp-3a": ("heads", "width", "dot_product"),
}
SETTINGS = {
    "exp-4a": 28 + 10,
    "exp-4b": 28,
    "exp-2b": 16,
    "exp-1b": 14,
    "exp-2a": 14,
    "exp-3a": 14,
}
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


def test_controls_hold_a_wide_layer_for_all():
    """Of each kind of tokens and positions: base, deepest and one wide layer."""
    rows = records.load_record("exp-1a", "controls")["results"]
    seeds = Counter(
        (row["tokens"], row["position"], row["layers"], row["width"], row["heads"])
        for row in rows
    )
    assert set(seeds.values()) == {3}
    kinds = {cell[:2] for cell in seeds}
    assert kinds == {(t, p) for t in ("bpe", "characters") for p in ("lin", "log")}
    for kind in kinds:
        base, more_heads, wide, deep = sorted(c[2:] for c in seeds if c[:2] == kind)
        assert base[0] == wide[0] == 1 < deep[0]
        assert base[1] == more_heads[1] == deep[1] < wide[1]
        assert base[2] == wide[2] == deep[2] < more_heads[2]


def test_what_3a_says_of_its_settings():
    """Its sentences on noise, overlap and the two numbers of heads."""
    errors = {}
    for row in records.load_record("exp-3a", "settings")["results"]:
        place = row["heads"], row["learning_rate"], row["schedule"]
        errors.setdefault(place, {False: [], True: []})[row["dot_product"]].append(
            row["mse"]
        )
    ahead = {p: e for p, e in errors.items() if median(e[True]) < median(e[False])}
    idle = target("3a", "first").variance * 0.9
    marginal = {p: e for p, e in ahead.items() if median(e[False]) < idle}
    assert (len(errors), len(ahead), len(marginal)) == (28, 3, 2)
    for (_, _, schedule), pair in marginal.items():
        assert schedule == "constant"
        assert min(pair[False]) < max(pair[True])  # the seeds overlap
    assert len({place[1:] for place in marginal}) == 2  # none with 4 heads and with 32
