"""Cells and recipes refuse what cannot be trained."""

from dataclasses import replace

import pytest

from tapx.experiments.language.cells import LanguageCell, LanguageRecipe


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"position": "logs"}, "did you mean 'log'"),
        ({"score": "tm"}, "did you mean 'tmx'"),
        ({"layers": 0}, "layers=0: give at least 1"),
        ({"width": -1}, "width=-1: give at least 1"),
    ],
)
def test_cells(given, message):
    with pytest.raises(ValueError, match=message):
        LanguageCell(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "steps=0: give at least 1"),
        ({"context": 1}, "context=1: give at least 2"),
        ({"learning_rate": 0.0}, "give a positive one"),
        ({"points": 0}, "points=0: give at least 1"),
    ],
)
def test_recipes(given, message):
    with pytest.raises(ValueError, match=message):
        replace(LanguageRecipe(), **given)
