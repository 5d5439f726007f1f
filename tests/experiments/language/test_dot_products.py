"""Experiment 3b's cells, gains and views; and a piece of the recorded run, again."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_outcomes import recorded
from matplotlib import pyplot

from tapx.experiments.language import corpus
from tapx.experiments.language import dot_products as experiment
from tapx.experiments.language.cells import LanguageCell, LanguageRecipe
from tapx.experiments.language.training import text_model, train_language
from tapx.experiments.outcomes import Outcome, Outcomes

LIN, DOT = ("lin", "none"), ("lin", "dot")


def outcome(size, position, score, seed, loss):
    cell = experiment.sized_cell(size, position, score, 2, seed)
    return Outcome(cell, loss, ((0, 6.0), (5, loss or 7.0)), {"parameters": 100})


ROWS = Outcomes(
    outcome("16x1", "lin", score, seed, loss)
    for score, losses in (("none", (4.0, 4.1, None)), ("dot", (3.9, 3.9, 3.9)))
    for seed, loss in enumerate(losses)
)


def test_grid():
    cells = experiment.cells_by_size(["16x1", "24x2", "32x3"], "lin", 4, (5, 6))
    assert len(cells) == len(set(cells)) == 2 * (3 * 3 + 2 * 2)
    assert {cell.seed for cell in cells} == {5, 6}
    logs = {experiment.size_of(cell) for cell in cells if cell.position == "log"}
    assert logs == {"16x1", "32x3"}
    assert all(cell.width == 4 * cell.dimension for cell in cells)
    one = experiment.cells_by_size(["16x1"], "log", 1, (0,))
    assert len(one) == 5 and one[0].position == "log"
    for size in experiment.SIZES:
        assert experiment.size_of(experiment.sized_cell(size, "lin", "dot", 1)) == size
    cell = experiment.sized_cell("512x8", "lin", "dot", 1)
    assert (cell.dimension, cell.layers) == (512, 8)


def test_gain_counts_only_what_ended_well():
    won = experiment.gain(ROWS, "16x1", LIN, DOT)
    assert won.runs == 2
    assert won.median == pytest.approx(0.15)
    assert won.range == pytest.approx(0.1)
    assert f"{won:+.3f}" == "+0.150 (+0.100 to +0.200)"
    assert experiment.gain(ROWS, "16x1", LIN, ("log", "dot")) is None


def test_the_table_says_what_diverged():
    table = experiment.loss_by_size(ROWS, ["16x1"], "losses")
    assert "1 diverged" in repr(table)
    assert "+0.150" in repr(table)
    assert len(table.rows) == 2


@pytest.mark.parametrize("position", ["lin", "log"])
def test_weights_by_lag(position):
    """Against what the block does: its output from the weights, by hand."""
    cell = replace(experiment.sized_cell("16x1", position, "dot", 3), layers=2)
    model = text_model(cell, 20, 8)
    ids = [3, 1, 4, 1, 5, 9, 2, 6]
    got = experiment.weights_by_lag(model, ids, 1)
    assert got.shape == (3, 8, 8)
    seen = np.tril(np.ones((8, 8))) > 0
    assert (got[:, ~seen] == 0).all()
    rows = got.sum(-1)
    np.testing.assert_allclose(rows[:, 1:], 1, atol=1e-5)
    stream = model.embedding[torch.tensor([ids])]
    first, net = model.blocks()[0]
    stream = stream + first(stream)
    stream = stream + net(stream)
    block = model.blocks()[1][0]
    past = [stream[0, : t + 1].flip(0) for t in range(8)]  # by lag
    mixed = torch.stack([torch.tensor(got[:, t, : t + 1]) @ past[t] for t in range(8)])
    values = torch.einsum("thd,hed->te", mixed, block.value) @ block.output.T
    torch.testing.assert_close(values, block(stream)[0], rtol=1e-4, atol=1e-5)


def test_without_dot_products_all_rows_are_alike():
    model = text_model(experiment.sized_cell("16x1", "lin", "none", 2), 20, 16)
    weights = experiment.weights_by_lag(model, list(range(16)), 0)
    np.testing.assert_allclose(weights[0, 15, :8], weights[0, 14, :8], rtol=1e-3)
    other = experiment.weights_by_lag(model, list(range(16))[::-1], 0)
    np.testing.assert_array_equal(weights, other)
    chosen = experiment.most_telling(model, list(range(16)))
    assert chosen.shape == (16, 16)


def test_controls_exchange_lag_0():
    both = experiment.controls()
    assert both["lin"].first_lag == 1 and both["log"].first_lag == 0
    lags = torch.tensor([1.0, 2.0])
    torch.testing.assert_close(both["lin"](lags), -lags)
    torch.testing.assert_close(both["log"](lags), -torch.log1p(lags))
    assert both["lin"](torch.tensor([0.0])) == -torch.inf
    text = corpus.load_corpus("characters")
    cell = experiment.sized_cell("16x1", "lin", "none", 2)
    recipe = LanguageRecipe(steps=2, batch=2, context=8, points=1)
    own, changed = (
        train_language(cell, text, recipe, position=one) for one in (None, both["lin"])
    )
    assert own.loss != changed.loss


def test_figures_draw():
    _, axes = pyplot.subplots()
    experiment.draw_gains_by_size(axes, ROWS, ["16x1", "24x2"], DOT)
    assert [one.get_text() for one in axes.get_xticklabels()] == ["16x1", "24x2"]
    experiment.draw_weights(axes, np.eye(4), ["a", "\n", "b"], "title")
    assert [one.get_text() for one in axes.get_yticklabels()] == ["a", "\\n", "b"]


def test_the_record_is_complete():
    given, seeds, rows = recorded("exp-3b", LanguageCell, "paper-small")
    kinds = (given["sizes"], given["rpe"], given["heads"])
    assert len(rows) == len(experiment.cells_by_size(*kinds, seeds))


def test_a_widened_model_is_as_large_as_one_with_dot_products():
    def size(cell):
        model = text_model(cell, 20, 16)
        return sum(one.numel() for one in model.parameters())

    plain = experiment.sized_cell("32x3", "lin", "none", 4)
    wide = experiment.widened(plain)
    assert wide.layers == plain.layers and wide.width > plain.width
    one_neuron = 3 * (2 * 32 + 1)
    assert abs(size(wide) - size(replace(plain, score="dot"))) <= one_neuron / 2
