"""The sweeps of `make settings` are those that the chapters speak of."""

import pytest
from run_settings import GRIDS, commands

from tapx.chapters import sweeps


@pytest.mark.parametrize("chapter", GRIDS)
def test_the_sweeps_are_valid_and_at_the_papers_scale(chapter, tmp_path):
    rates = set()
    for words in commands(chapter, tmp_path):
        assert words[3:7] == ["sweep", chapter, "--profile", "settings"]
        grid = [words[i + 1] for i, word in enumerate(words) if word == "--grid"]
        plan = sweeps.plan(chapter, grid, profile="settings")
        for order in plan.orders:
            assert (order.values["iterations"], order.values["repeats"]) == (10_000, 5)
            rates |= {(*order.values["learning_rates"], order.values["schedule"])}
    for schedule in ("constant", "cosine"):
        own = sorted(rate for rate, kind in rates if kind == schedule)
        assert own[0] == pytest.approx(1e-4) and own[-1] == pytest.approx(3e-2)
        assert len(own) == {"exp-4a": 12, "exp-2b": 8}.get(chapter, 7)
