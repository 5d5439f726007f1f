"""The look of the figures: told apart in grey, stored the same each time."""

import io
from itertools import combinations

import matplotlib
import pytest
from matplotlib import pyplot as plt

from tapx.show import figures


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2) of a colour written #rrggbb, 0 to 1."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(colour: str) -> float:
    """CIE lightness of a colour, 0 (black) to 100 (white)."""
    return 116 * luminance(colour) ** (1 / 3) - 16


@pytest.mark.parametrize(("first", "apart"), [(6, 6), (3, 15)])
def test_colours_differ_in_grey(first, apart):
    for one, other in combinations(figures.COLOURS[:first], 2):
        assert abs(lightness(one) - lightness(other)) > apart, (one, other)


@pytest.mark.parametrize("colour", figures.COLOURS)
def test_colours_stand_out_from_white(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 3


def test_no_two_series_differ_by_colour_alone():
    looks = [figures.series(index) for index in range(36)]
    assert len({(look["color"], look["marker"]) for look in looks}) == 36
    for one, other in combinations(looks[:6], 2):
        assert one["linestyle"] != other["linestyle"]
        assert one["marker"] != other["marker"]


def test_roles_are_distinct_series():
    looks = [figures.role(name) for name in figures.ROLES]
    assert len({look["color"] for look in looks}) == len(looks)
    assert figures.role("best") == figures.series(0)
    changed = figures.series(0) | {"marker": "", "markersize": 3}
    assert figures.role("best", marker="", markersize=3) == changed


def test_sizes_fit_the_page():
    for kind in ("wide", "tall", "pair", "square"):
        width, height = figures.size(kind)
        assert 3 <= height <= width <= 7.5


def test_style_stores_the_same_bytes_each_time():
    with matplotlib.rc_context():
        figures.style()
        files = []
        for _ in range(2):
            figure, axes = plt.subplots()
            for index in range(3):
                look = figures.series(index)
                axes.plot([1, 2, 4], [index, 2, 3], label=f"series {index}", **look)
            axes.legend()
            stored = io.BytesIO()
            figure.savefig(stored, metadata=figures.PNG_METADATA)
            plt.close(figure)
            files.append(stored.getvalue())
    assert files[0] == files[1]
    assert b"Software" not in files[0]
    width = int.from_bytes(files[0][16:20], "big")
    assert width == figures.size("wide")[0] * 144


def test_the_plain_cycle_tells_series_apart_too():
    with matplotlib.rc_context():
        figures.style()
        axes = plt.subplots()[1]
        lines = [axes.plot([0, 1])[0] for _ in range(3)]
        assert len({line.get_marker() for line in lines}) == 3
        assert [line.get_color() for line in lines] == list(figures.COLOURS[:3])
