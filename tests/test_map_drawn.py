"""The layout of the map of results."""

import sys
from itertools import combinations

import pytest
from small_site import EXTENSIONS

from tapx.chapters import paper_rows
from tapx.registry import ROWS

sys.path.insert(0, str(EXTENSIONS))
import layers

USES = {id: row.uses for id, row in ROWS.items()}
LEVEL = paper_rows.levels(USES)


@pytest.fixture(scope="module")
def drawing():
    return layers.draw(USES, LEVEL)


def test_every_box_is_drawn_inside_and_apart(drawing):
    assert drawing.boxes.keys() == USES.keys()
    for x, y in drawing.boxes.values():
        assert layers.WIDTH / 2 <= x <= drawing.width - layers.WIDTH / 2
        assert layers.HEIGHT / 2 <= y <= drawing.height - layers.HEIGHT / 2
    for (x, y), (other, level) in combinations(drawing.boxes.values(), 2):
        assert y != level or abs(x - other) >= layers.WIDTH


def test_every_use_is_a_curve_that_goes_down_between_the_boxes(drawing):
    pairs = {(one, id) for id, uses in USES.items() for one in uses}
    assert drawing.curves.keys() == pairs
    for (one, other), points in drawing.curves.items():
        assert points[0] == drawing.boxes[one] and points[-1] == drawing.boxes[other]
        heights = [y for _, y in points]
        assert heights == sorted(set(heights))
        for x, y in points[1:-1]:
            for box, level in drawing.boxes.values():
                assert y != level or abs(x - box) > layers.WIDTH / 2
