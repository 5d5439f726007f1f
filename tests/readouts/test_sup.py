import pytest
from hypothesis import given, settings
from made_draws import seeded
from made_nets import nets

from tapx.readouts import two_layer
from tapx.readouts.sup import sup_estimated
from tapx.readouts.two_layer import TwoLayerNet


@settings(max_examples=10)
@given(nets)
def test_the_estimate_is_a_lower_bound_and_close(net):
    low, high = two_layer.sup_certified(net, 1.5, 0.01)
    found = sup_estimated(net, 1.5, seeded(0), points=256, starts=8, rounds=30)
    assert found <= high
    assert found >= 0.97 * low


def test_a_spike_at_a_corner_is_found():
    # relu(sum x - 7.5): only near one corner of the cube in 8 dimensions.
    net = TwoLayerNet([1.0], [[1.0] * 8], [-7.5])
    assert sup_estimated(net, 1.0, seeded(0), points=2048) == pytest.approx(0.5)
