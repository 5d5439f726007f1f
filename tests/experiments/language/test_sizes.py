"""Equal parameters, the baselines, and the recorded run of experiment 1a."""

import math

import numpy as np
import pytest
from made_outcomes import record, recorded

from tapx.experiments.language import corpus
from tapx.experiments.language import sizes as shared
from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.language.corpus import Corpus
from tapx.experiments.language.training import train_language
from tapx.network.language_model import LanguageModel


@pytest.mark.parametrize(("heads", "layers"), [(1, 2), (4, 2), (4, 4), (8, 3)])
def test_a_layer_costs_h_plus_three_heads(heads, layers):
    found = shared.equal_heads(layers, 1, heads, 32, 128)
    assert found == layers * heads + 3 * (layers - 1)
    deep, wide = (
        LanguageModel(50, 32, *sizes).parameter_counts()
        for sizes in ((layers, heads), (1, found))
    )
    assert abs(deep["total"] / wide["total"] - 1) < 0.01
    inside = deep["attention"] + deep["feed_forward"]
    assert inside == shared.parameters_of_layers(layers, heads, 32, 128)


def test_a_layer_costs_neurons():
    found = shared.equal_width(4, 2, 3, 32, 128)
    assert found == pytest.approx(128 + (3 * 3 + 9) * 32 / 2, rel=0.02)
    deep = LanguageModel(50, 32, 4, 3, 128).parameter_counts()["total"]
    wide = LanguageModel(50, 32, 2, 3, found).parameter_counts()["total"]
    assert abs(deep / wide - 1) < 0.002


def test_arms():
    small = shared.size_named("small", 400)
    both = shared.arms([2, 4], 3, small, "lin")
    sizes = {arm: [(c.layers, c.heads) for c in cells] for arm, cells in both.items()}
    assert sizes == {"depth": [(2, 3), (4, 3)], "heads": [(2, 3), (2, 9)]}
    cells = shared.with_seeds(both["depth"] + both["heads"], range(5, 7))
    assert len(cells) == 3 * 2, "the base once"
    assert [cell.seed for cell in cells[:2]] == [5, 6]
    assert small.recipe.steps == 400 and small.width == 128


def test_baselines():
    ids = np.tile(np.arange(4), 500)
    found = shared.baselines(Corpus("made", ids, ids[:400], 8, str, None))
    assert found["uniform"] == pytest.approx(math.log(8))
    assert found["unigram"] == pytest.approx(math.log(4), rel=0.01)
    assert found["trigram"] < found["bigram"] < 0.05
    assert list(found) == ["uniform", "unigram", "bigram", "trigram"]


def test_the_record_is_complete():
    given, seeds, rows = recorded("exp-1a", LanguageCell, "paper-small")
    scale = shared.size_named(given["size"], given["steps"])
    both = shared.arms(given["layers"], given["heads"], scale, given["rpe"])
    assert len(given["layers"]) >= 3 and given["repeats"] >= 3
    cells = shared.with_seeds(both["depth"] + both["heads"], seeds)
    assert [row.cell for row in rows] == cells * len(given["tokens"])
    assert record("exp-1a", "paper-small")["duration_s"] < 3600
    for row in rows:
        vocabulary = 86 if row.get("tokens") == "characters" else scale.vocabulary
        cell = row.cell
        model = LanguageModel(
            vocabulary, cell.dimension, cell.layers, cell.heads, cell.width
        )
        assert row.get("parameters") == model.parameter_counts()["total"]


def test_the_record_begins_as_it_says():
    """The first steps of the base model on pieces, whose full training is dear here."""
    given, _, rows = recorded("exp-1a", LanguageCell, "paper-small")
    scale = shared.size_named(given["size"], given["steps"])
    row = next(one for one in rows if one.get("tokens") == "bpe")
    text = corpus.load_corpus("bpe", scale.vocabulary)
    again = train_language(row.cell, text, scale.recipe, until=1).history
    assert dict(again) == pytest.approx(dict(row.history[:2]), rel=0.02)
