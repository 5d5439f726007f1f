"""Training language models: it learns, it repeats, and what diverges says so."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tapx.experiments.language import training
from tapx.experiments.language.cells import LanguageCell, LanguageRecipe
from tapx.experiments.language.corpus import Corpus

RECIPE = LanguageRecipe(
    steps=60, batch=4, context=12, learning_rate=0.02, validation_windows=8, points=3
)
CELL = LanguageCell(heads=2, dimension=8, width=16)


def made(period=4, length=600):
    """Tokens that repeat: the next one follows from the one before it."""
    ids = np.arange(length, dtype=np.int64) % period
    return Corpus("made", ids, ids[: length // 4], 6, str, None)


@pytest.mark.parametrize("score", ["dot", "none", "tmx"])
@pytest.mark.parametrize("position", ["log", "lin"])
def test_learns_what_repeats(position, score):
    cell = replace(CELL, position=position, score=score)
    trained = training.train_language(cell, made(), RECIPE)
    assert trained.history[0][1] == pytest.approx(math.log(6), rel=0.2)
    assert trained.loss < 0.3
    assert trained.loss == trained.history[-1][1]
    assert [step for step, _ in trained.history] == [0, 20, 40, 60]


def test_same_seed_same_bits_and_no_global_seed():
    first = training.train_language(CELL, made(), RECIPE)
    torch.manual_seed(77)
    np.random.seed(77)
    again = training.train_language(CELL, made(), RECIPE)
    assert again.history == first.history
    pairs = zip(first.model.parameters(), again.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    other = training.train_language(replace(CELL, seed=1), made(), RECIPE)
    assert other.history != first.history


def test_stopping_early_is_the_beginning_of_the_whole():
    whole = training.train_language(CELL, made(), RECIPE)
    start = training.train_language(CELL, made(), RECIPE, until=30)
    assert start.history == whole.history[:3]


def test_begins_with_the_model_given():
    own = training.text_model(CELL, 6, RECIPE.context)
    trained = training.train_language(CELL, made(), RECIPE, until=1, model=own)
    assert trained.model is own
    again = training.train_language(CELL, made(), RECIPE, until=1)
    assert trained.history == again.history


def test_a_diverged_run_says_so():
    wild = replace(RECIPE, learning_rate=1e6)
    trained = training.train_language(CELL, made(), wild)
    assert trained.loss is None
    assert all(math.isfinite(loss) for _, loss in trained.history)


def test_the_loss_is_over_all_positions():
    recipe = replace(RECIPE, validation_windows=3)
    windows = training.validation_windows(made(), recipe)
    assert windows.shape == (3, 13)
    assert windows[0].tolist() == made().validation[:13].tolist()
    assert windows[-1].tolist() == made().validation[-13:].tolist()
    model = training.text_model(CELL, 6, 12)
    logits = model(windows[:, :-1]).detach().log_softmax(-1)
    chosen = logits.gather(-1, windows[:, 1:, None])
    loss = training.validation_loss(model, windows)
    assert loss == pytest.approx(-float(chosen.mean()))


def test_seeds_share_no_windows_but_cells_do():
    streams = [training.window_stream(made(7), RECIPE, seed) for seed in (0, 0, 1)]
    a, b, c = (following() for following in streams)
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert a.shape == (4, 13)


def test_learning_rates():
    rates = [RECIPE.rate(step) for step in range(1, 61)]
    assert rates[5] == max(rates) == 0.02
    assert rates[0] == pytest.approx(0.02 / 6)
    assert rates[-1] == pytest.approx(0.002)
    assert RECIPE.tokens == 60 * 4 * 12
    assert replace(RECIPE, steps=2, points=10).checkpoints == [0, 1, 2]


def test_devices():
    assert training.place_of("cpu") == torch.device("cpu")
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    assert training.place_of("auto").type == kind
