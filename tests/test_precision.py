"""What formats hold: units, roundings, limits on both sides, networks as run."""

from fractions import Fraction

import pytest
import torch

from tapx import enclosures, precision
from tapx.kernels import Delta, Kernel, exact

TWO = Kernel.of("exponential", [1, 2], [Fraction(1, 3), Fraction(-2, 3)], Delta(1))


def test_units_are_half_the_machine_epsilon():
    for name, (_, dtype) in precision.FORMATS.items():
        assert precision.unit(name) == torch.finfo(dtype).eps / 2


@pytest.mark.parametrize("name", list(precision.FORMATS))
def test_storing_is_what_torch_does(name):
    dtype = precision.FORMATS[name][1]
    kept = precision.stored(TWO, name)
    expected = torch.tensor(TWO.float_weights).to(dtype).double().tolist()
    assert kept.float_weights.tolist() == expected
    assert kept.float_rates.tolist() == [1.0, 2.0]


def test_pieces_sum_to_the_whole():
    """Three float32 pieces hold the bits of float64, one does not."""
    long = precision.stored(TWO, "float64")
    assert precision.together(precision.split(long, "float32", 3)) == long
    assert precision.together(precision.split(long, "float32", 1)) != long


@pytest.mark.parametrize("family", ["exponential", "power"])
def test_limits_of_bfloat16(family):
    here = precision.limit(family, "bfloat16", 0.5)
    assert here.guaranteed.guaranteed <= 0.5
    assert here.stored.error <= 0.5
    assert here.guaranteed.lag < here.excluded.lag == 3
    assert here.excluded.floor(0.5) > 0.5
    # A tighter tolerance never reaches further.
    assert precision.limit(family, "bfloat16", 0.1).excluded.lag <= 3


def test_a_guarantee_holds_for_roundings_either_way():
    here = precision.holding("exponential", 1, "bfloat16", 0)
    kernel, u = here.best.kernel, Fraction(1, 2**8)
    for sign in (1, -1):
        moved = [w + (sign if w > 0 else -sign) * w * exact(u) for w in kernel.weights]
        pushed = Kernel.of("exponential", kernel.rates, moved, kernel.target)
        assert enclosures.upper(pushed.l1_error) <= here.guaranteed


def test_the_network_is_the_kernel():
    """In float64, on kernels of small weight, the run is the sum."""
    model = precision.recall_network([TWO], "float64")
    x = torch.zeros(1, 8, 1, dtype=torch.float64)
    x[0, 5] = 1  # lag 2, seen from the last token
    with torch.no_grad():
        out = model(x, "last")
    assert float(out.squeeze()) == pytest.approx(float(TWO.values([2])[0]), abs=1e-15)
    error = enclosures.upper(TWO.l1_error)
    assert precision.run([TWO], "float64").worst <= error
    assert precision.run([TWO], "float64").worst == pytest.approx(error, rel=1e-9)


def test_a_kernel_for_float64_is_useless_in_float32():
    made = precision.holding("exponential", 8, "float64").kernel
    assert precision.run([made], "float64", count=8).worst < 0.1
    assert precision.run([made], "float32", count=8).worst > 1


def test_the_same_seed_gives_the_same_bits():
    one, two = (precision.run([TWO], "bfloat16", seed=3) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision.unit("float16"), "format"),
        (lambda: precision.stored(TWO, "double"), "format"),
        (lambda: precision.split(TWO, "float32", 0), "pieces 0"),
        (lambda: precision.holding("power", 2, "float32", 61), "0 to 60"),
        (lambda: precision.limit("power", "float32", 1.0), "between 0 and 1"),
        (lambda: precision.limit("powers", "float32", 0.5), "family"),
        (lambda: precision.recall_network([TWO], "int8"), "format"),
        (lambda: precision.run([TWO], "float32", length=1), "length 1"),
        (lambda: precision.run([TWO], "float32", count=0), "count 0"),
    ],
)
def test_wrong_inputs_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_weight_beyond_the_format_is_refused():
    huge = Kernel.of("exponential", [1], [10**40], Delta(0))
    with pytest.raises(ValueError, match="beyond float32"):
        precision.stored(huge, "float32")
