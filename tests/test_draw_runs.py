import random

import draw_runs
import pytest

from tapx.chapters import notebooks, parameters, profiles


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.id)
def test_every_draw_is_allowed_and_they_differ(entry):
    source = notebooks.load(entry.path)
    declared = parameters.of_notebook(source, entry.path.name)
    base = profiles.values(source, entry, "smoke")
    draws = [
        draw_runs.drawn(declared, base, random.Random(f"{entry.id} {number}"))
        for number in range(20)
    ]
    for given in draws:
        profiles.values(source, entry, "smoke", given)  # refuses what is not allowed
    assert len({str(given) for given in draws}) >= 10
    met = {name for given in draws for name in given}
    assert len(met) >= min(len(declared), 5)
