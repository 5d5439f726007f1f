"""The sweeps of `make settings` are those that the chapters speak of."""

import pytest
from run_settings import CONTROLS, SETTINGS, commands

from tapx.chapters import sweeps


def grids(chapter, profile, folder):
    """The words of the grids of each sweep of a chapter."""
    for words in commands(chapter, folder):
        assert words[3:7] == ["sweep", chapter, "--profile", profile]
        yield [words[i + 1] for i, word in enumerate(words) if word == "--grid"]


@pytest.mark.parametrize("chapter", SETTINGS)
def test_the_sweeps_are_valid_and_at_the_papers_scale(chapter, tmp_path):
    rates = set()
    for grid in grids(chapter, "settings", tmp_path):
        plan = sweeps.plan(chapter, grid, profile="settings")
        for order in plan.orders:
            assert (order.values["iterations"], order.values["repeats"]) == (10_000, 5)
            rates |= {(*order.values["learning_rates"], order.values["schedule"])}
    for schedule in ("constant", "cosine"):
        own = sorted(rate for rate, kind in rates if kind == schedule)
        assert own[0] == pytest.approx(1e-4) and own[-1] == pytest.approx(3e-2)
        assert len(own) == {"exp-4a": 12, "exp-2b": 8}.get(chapter, 7)


@pytest.mark.parametrize("chapter", CONTROLS)
def test_controls_have_both_positions_both_kinds_of_tokens_three_seeds(
    chapter, tmp_path
):
    (grid,) = grids(chapter, "controls", tmp_path)
    plan = sweeps.plan(chapter, grid, profile="controls")
    asked = [
        (order.values["rpe"], order.values["tokens"], order.values["repeats"])
        for order in plan.orders
    ]
    assert asked == [(rpe, ["bpe", "characters"], 3) for rpe in ("lin", "log")]
