"""How the grid of a sweep is written, and what of it is refused."""

import math

import pytest
import sweep_stub

from tapx.chapters import grids, parameters
from tapx.checks import Refusal

DECLARED = parameters.parse(
    sweep_stub.PARAMETERS
    + "\nheads: int = 4  # heads of the layer, 1 to 64"
    + "\nrepeats: int = 3  # runs of each cell, 1 to 9"
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x=1", [1.0]),
        ("x=1, 4,64", [1.0, 4.0, 64.0]),
        ("x=0:1:5", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("x=1e-4:1e-2:3log", [1e-4, 1e-3, 1e-2]),
        ("x=0.1:0.2:2", [0.1, 0.2]),
        ("heads=1:64:7log", [1, 2, 4, 8, 16, 32, 64]),
        ("heads=1:7:4", [1, 3, 5, 7]),
        ("sizes=1,2", [[1], [2]]),
        ("sizes=1+2,3", [[1, 2], [3]]),
        ("sizes=1:9:3", [[1], [5], [9]]),
        ("mode=fine,hangs", ["fine", "hangs"]),
        ("told=/tmp/a:b", ["/tmp/a:b"]),
    ],
)
def test_values(text, values):
    found = grids.grid([text], DECLARED)
    assert found == {text.partition("=")[0]: values}
    assert all(type(a) is type(b) for a, b in zip(*found.values(), values, strict=True))


def test_values_between_are_the_same_everywhere():
    """Twelve digits, of which no mathematical library changes one."""
    [values] = grids.grid(["x=0.001:100:17log"], DECLARED).values()
    for step, value in enumerate(values):
        assert math.isclose(value, 10 ** (-3 + 5 * step / 16), rel_tol=1e-11)
        assert float(f"{value:.12g}") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", ["--grid", "NAME=VALUE", "heads=1,4,64"]),
        ("y=1", ["unknown parameter 'y'", "did you mean"]),
        ("x=1,a", ["'a'", "a number"]),
        ("x=1,101", ["101", "0 to 100"]),
        ("x=1,1.0", ["1.0 comes twice"]),
        ("x=2:1:3", ["LOW must be below HIGH"]),
        ("x=0:1:3log", ["LOW must be above 0"]),
        ("x=0:1:1", ["COUNT is 1", "nearest is 2"]),
        ("heads=1:3:2.5", ["LOW:HIGH:COUNT"]),
        ("mode=FINE", ["nearest is fine"]),
        ("x=a:1:3", ["LOW:HIGH:COUNT"]),
        ("heads=1:3:9", ["comes twice"]),
        ("sizes=1+,2", ["''", "a whole number"]),
        ("mode=fine,gone", ["'gone'", "nearest"]),
    ],
)
def test_refused(text, words):
    with pytest.raises(Refusal) as refusal:
        grids.grid([text], DECLARED)
    assert all(word in str(refusal.value) for word in words), refusal.value


def test_seeds_and_runs():
    base = parameters.resolve(DECLARED, {"seed": 7})
    more = grids.with_seeds(base, DECLARED, 2)
    assert more == {"seed": [7, 8], "repeats": [1]}
    runs = grids.runs(base, {"x": [1.0, 2.0], **more})
    assert [(run["x"], run["seed"]) for run in runs] == [
        (1.0, 7), (1.0, 8), (2.0, 7), (2.0, 8)
    ]  # fmt: skip
    assert all(run.keys() == DECLARED.keys() and run["repeats"] == 1 for run in runs)
    with pytest.raises(Refusal, match="draws nothing"):
        grids.with_seeds({}, {"x": DECLARED["x"]}, 2)
    with pytest.raises(Refusal, match=r"--seeds 3: from seed 999 .* nearest is 2$"):
        grids.with_seeds({**base, "seed": 999}, DECLARED, 3)
    assert grids.with_seeds({**base, "seed": 999}, DECLARED, 2)["seed"] == [999, 1000]
    with pytest.raises(Refusal, match="runs; allowed"):
        grids.runs(base, {"x": [0.0] * 1000, "seed": [0] * 1000})
