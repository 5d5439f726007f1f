"""Experiments 1a and 3b: sizes, and models of equal parameters.

The paper's figures are of a scale that no reader's laptop reaches, about a billion
tokens of OpenWebText. What can be compared is which change of a model lowers its
validation loss, and which lowers it more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tapx.checks import one_of
from tapx.experiments.language import ngrams
from tapx.experiments.language.cells import LanguageCell, LanguageRecipe
from tapx.experiments.language.corpus import Corpus

COUNTED = 4_000_000  # training tokens that the baselines count, at most


@dataclass(frozen=True)
class Size:
    """A scale: the stream's dimension, the vocabulary of pieces, and the recipe."""

    dimension: int
    vocabulary: int
    recipe: LanguageRecipe

    @property
    def width(self) -> int:
        """Neurons of each feed-forward: four for each dimension."""
        return 4 * self.dimension


_TINY = LanguageRecipe(
    batch=4, context=16, learning_rate=2e-2, validation_windows=16, points=4
)
_LARGE = LanguageRecipe(
    batch=64, context=256, learning_rate=1e-3, validation_windows=256
)
SIZES = {
    "tiny": Size(8, 256, _TINY),
    "small": Size(32, 512, LanguageRecipe(context=32, learning_rate=6e-3)),
    "medium": Size(64, 1024, LanguageRecipe(batch=8, context=64, learning_rate=4e-3)),
    "large": Size(256, 4096, _LARGE),
}
"""By name. Learning rates were set by a few runs of the base model and the deepest."""


def size_named(name: str, steps: int) -> Size:
    """The size of this name, with a recipe of so many steps.

    Raises:
        ValueError: an unknown name or no steps.
    """
    known = SIZES[one_of(name, SIZES, "size")]
    return replace(known, recipe=replace(known.recipe, steps=steps))


def parameters_of_layers(layers: int, heads: int, dimension: int, width: int) -> int:
    """Trainable numbers of all layers with dot products, both embeddings left out.

    Each head has a full query, key and value and a slope, all share an output matrix,
    and a feed-forward has ``2 D m + m`` numbers.
    """
    attention = (3 * heads + 1) * dimension**2 + heads
    return layers * (attention + 2 * dimension * width + width)


def equal_heads(
    layers: int, base_layers: int, heads: int, dimension: int, width: int
) -> int:
    """Heads that make `base_layers` layers as large as `layers` layers of `heads`.

    With ``m = 4 D``, ``layers = k * base_layers`` and biases left aside this is
    ``k H + 3 (k - 1)``: a further layer costs as much as H + 3 further heads.

    Raises:
        ValueError: fewer layers than the base has.
    """
    if layers < base_layers:
        raise ValueError(
            f"layers={layers}: at least the base's, {base_layers}, are needed"
        )
    wanted = parameters_of_layers(layers, heads, dimension, width)
    without = parameters_of_layers(base_layers, 0, dimension, width)
    return round((wanted - without) / (base_layers * (3 * dimension**2 + 1)))


def equal_width(
    layers: int, base_layers: int, heads: int, dimension: int, width: int
) -> int:
    """Neurons that make `base_layers` layers as large as `layers` layers of `width`.

    The heads stay as they are. Raises as `equal_heads`.
    """
    equal_heads(layers, base_layers, heads, dimension, width)
    wanted = parameters_of_layers(layers, heads, dimension, width)
    without = parameters_of_layers(base_layers, heads, dimension, 0)
    return round((wanted - without) / (base_layers * (2 * dimension + 1)))


def arms(
    layers: Sequence[int], heads: int, size: Size, position: str
) -> dict[str, list[LanguageCell]]:
    """Both arms, base model first in each, seed 0: "depth" and "heads".

    The layers, rising, are those of the depth arm, the heads those of the base and of
    every model of the depth arm.

    Raises:
        ValueError: fewer than two numbers of layers, some that do not rise, or one
            below 1.
    """
    layers = list(layers)
    if len(layers) < 2 or layers != sorted(set(layers)):
        near = sorted({max(1, count) for count in layers}) or [1]
        if len(near) == 1:
            near = [near[0] - 1, near[0]] if near[0] > 1 else [1, 2]
        raise ValueError(
            f"layers={layers}: give at least two rising numbers, the base's first; "
            f"nearest: {near}"
        )
    base = LanguageCell(position, "dot", layers[0], heads, size.dimension, size.width)
    sizes = (heads, size.dimension, size.width)
    balanced = [equal_heads(count, base.layers, *sizes) for count in layers]
    return {
        "depth": [replace(base, layers=count) for count in layers],
        "heads": [replace(base, heads=count) for count in balanced],
    }


def with_seeds(
    cells: Iterable[LanguageCell], seeds: Iterable[int]
) -> list[LanguageCell]:
    """Every different cell with every seed, seeds fastest."""
    seeds = tuple(seeds)
    return [replace(cell, seed=seed) for cell in dict.fromkeys(cells) for seed in seeds]


def baselines(corpus: Corpus) -> dict[str, float]:
    """Losses in nats of a uniform guess, and of counting up to three tokens."""
    parts = (corpus.train[:COUNTED], corpus.validation[:COUNTED])
    counted = ngrams.losses(*parts, corpus.vocabulary, 3)
    names = ("uniform", "unigram", "bigram", "trigram")
    return dict(zip(names, (math.log(corpus.vocabulary), *counted), strict=True))
