"""What formats hold: units, roundings, limits on both sides, networks as run."""

from fractions import Fraction

import pytest
import torch

from tapx.experiments import number_formats
from tapx.kernels import balls
from tapx.kernels.balls import exact
from tapx.kernels.kernel import Delta, Kernel

TWO = Kernel.of("exponential", [1, 2], [Fraction(1, 3), Fraction(-2, 3)], Delta(1))


def test_units_are_half_the_machine_epsilon():
    for name, (_, dtype) in number_formats.FORMATS.items():
        assert number_formats.unit(name) == torch.finfo(dtype).eps / 2


@pytest.mark.parametrize("name", list(number_formats.FORMATS))
def test_storing_is_what_torch_does(name):
    dtype = number_formats.FORMATS[name][1]
    kept = number_formats.stored(TWO, name)
    expected = torch.tensor(TWO.float_weights).to(dtype).double().tolist()
    assert kept.float_weights.tolist() == expected
    assert kept.float_rates.tolist() == [1.0, 2.0]


def test_pieces_sum_to_the_whole():
    """Three float32 pieces hold the bits of float64, one does not."""
    long = number_formats.stored(TWO, "float64")
    assert number_formats.together(number_formats.split(long, "float32", 3)) == long
    assert number_formats.together(number_formats.split(long, "float32", 1)) != long


@pytest.mark.parametrize("family", ["exponential", "power"])
def test_limits_of_bfloat16(family):
    here = number_formats.limit(family, "bfloat16", 0.5)
    assert here.guaranteed.guaranteed <= 0.5
    assert here.stored.error <= 0.5
    assert here.guaranteed.lag < here.excluded.lag == 3
    assert here.excluded.floor(0.5) > 0.5
    # A tighter tolerance never reaches further.
    assert number_formats.limit(family, "bfloat16", 0.1).excluded.lag <= 3


def test_a_guarantee_holds_for_roundings_either_way():
    here = number_formats.holding("exponential", 1, "bfloat16", 0)
    kernel, u = here.best.kernel, Fraction(1, 2**8)
    for sign in (1, -1):
        moved = [w + (sign if w > 0 else -sign) * w * exact(u) for w in kernel.weights]
        pushed = Kernel.of("exponential", kernel.rates, moved, kernel.target)
        assert balls.upper(pushed.l1_error) <= here.guaranteed


def test_the_network_is_the_kernel():
    """In float64, on kernels of small weight, the run is the sum."""
    model = number_formats.recall_network([TWO], "float64")
    x = torch.zeros(1, 8, 1, dtype=torch.float64)
    x[0, 5] = 1  # lag 2, seen from the last token
    with torch.no_grad():
        out = model(x, "last")
    assert float(out.squeeze()) == pytest.approx(float(TWO.values([2])[0]), abs=1e-15)
    error = balls.upper(TWO.l1_error)
    assert number_formats.run([TWO], "float64").worst <= error
    assert number_formats.run([TWO], "float64").worst == pytest.approx(error, rel=1e-9)


def test_a_kernel_for_float64_is_useless_in_float32():
    made = number_formats.holding("exponential", 8, "float64").kernel
    assert number_formats.run([made], "float64", count=8).worst < 0.1
    assert number_formats.run([made], "float32", count=8).worst > 1


def test_the_same_seed_gives_the_same_bits():
    one, two = (number_formats.run([TWO], "bfloat16", seed=3) for _ in range(2))
    assert one == two
