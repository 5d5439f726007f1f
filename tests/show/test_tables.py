"""How tables write numbers."""

import math

import pytest

from tapx.show import tables


@pytest.mark.parametrize("value", [1.234e-7, 9.999e-3, 1.0, 5e-324, 7.48])
def test_rounding_keeps_the_side(value):
    assert float(tables.rounded_down(value)) <= value
    assert value <= float(tables.rounded_up(value)) <= max(value * 1.011, 1e-320)


def test_words():
    assert tables.rounded_down(0.0) == "–"
    assert tables.digits(math.inf) == tables.number(math.inf) == "diverged"
    assert tables.number(0.25, "+.2f") == "+0.25"
    assert tables.counted(1, "lin head") == "1 lin head"
    assert tables.counted(256, "neuron") == "256 neurons"
