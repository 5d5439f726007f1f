"""Experiment 3b: the same language model with and without dot products, by size.

A *gain* is the validation loss without dot products minus the loss with them, for one
seed: both models then start from the same table of tokens and see the same windows, so
less is left to chance in a gain than in a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import nn

from tapx.checks import one_of
from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.language.sizes import with_seeds
from tapx.experiments.language.views import SUMMARY, summary
from tapx.experiments.outcomes import Outcomes, Spread
from tapx.kernels.family import LIN, LOG, Family
from tapx.network import positions
from tapx.network.language_model import LanguageModel
from tapx.network.positions import Position
from tapx.show import figures
from tapx.show.tables import Table

SIZES = ["16x1", "24x2", "32x2", "32x3", "48x3", "64x4", "128x4", "256x6", "512x8"]
"""Sizes by name: the dimension of the stream and the number of layers."""

PUBLISHED = ((5.796, 5.830), (5.374, 5.486), (4.994, 5.274))
"""Losses with and without dot products that the paper prints, smallest size first."""

NAMES = {"dot": "dot products", "none": "without", "tmx": "TMX"}
"""What tables and figures call a score."""


def controls() -> dict[str, Position]:
    """Each position function with what the other one does at lag 0.

    "lin" without its view of lag 0, and "log" with one: KERPLE's ``-log(1 + s)``.
    """
    lin = replace(positions.get("lin"), first_lag=1)
    return {"lin": lin, "log": positions.get("kerple-log")}


Kind = tuple[str, str]
"""A position function and a score."""


def sized_cell(
    size: str, position: str, score: str, heads: int, seed: int = 0
) -> LanguageCell:
    """The cell of a size; its feed-forwards have 4 D neurons.

    Raises:
        ValueError: an unknown size, or what `LanguageCell` refuses.
    """
    dimension, layers = map(int, one_of(size, SIZES, "size").split("x"))
    return LanguageCell(position, score, layers, heads, dimension, 4 * dimension, seed)


def widened(cell: LanguageCell) -> LanguageCell:
    """A cell without dot products, as large as with them by neurons alone.

    A layer's queries and keys have ``2 H D^2`` numbers, a neuron has ``2 D + 1``.
    """
    more = 2 * cell.heads * cell.dimension**2 / (2 * cell.dimension + 1)
    return replace(cell, width=cell.width + round(more))


def size_of(one: LanguageCell) -> str:
    """The name of a cell's size."""
    return f"{one.dimension}x{one.layers}"


def cells_by_size(
    sizes: Sequence[str], position: str, heads: int, seeds: Iterable[int]
) -> list[LanguageCell]:
    """The cells of the experiment, in the order of training, seeds fastest.

    At every size with dot products, without, and with TMX; at the first and the last
    size, with and without under the other position function as well.

    Raises:
        ValueError: no size, or what `sized_cell` refuses.
    """
    if not sizes:
        raise ValueError(f"sizes={list(sizes)}: give one of {', '.join(SIZES)}")
    other = (LOG if Family.of(position) is LIN else LIN).name
    wanted = [(size, position, score) for size in sizes for score in NAMES]
    for size in (sizes[0], sizes[-1]):
        wanted += [(size, other, "dot"), (size, other, "none")]
    return with_seeds((sized_cell(*one, heads) for one in wanted), seeds)


def of_kind(outcomes: Outcomes, size: str, kind: Kind) -> Outcomes:
    """The outcomes of a size, a position function and a score; perhaps none."""
    return Outcomes(
        one
        for one in outcomes
        if (size_of(one.cell), (one.cell.position, one.cell.score)) == (size, kind)
    )


def gain(outcomes: Outcomes, size: str, worse: Kind, better: Kind) -> Spread | None:
    """Loss of the one kind minus loss of the other, seed by seed.

    A seed counts if neither of its runs diverged. None if there is no such seed.
    """
    ended = Outcomes(one for one in outcomes if one.loss is not None)
    first, second = (of_kind(ended, size, kind) for kind in (worse, better))
    seeds = {one.cell.seed for one in first} & {one.cell.seed for one in second}
    if not seeds:
        return None
    pairs = Outcomes((*first, *second)).where(seed=[*seeds])
    return pairs.gains(first[0].cell, second[0].cell)


def loss_by_size(outcomes: Outcomes, sizes: Sequence[str], caption: str) -> Table:
    """A row for each size, position and score: parameters, loss, range, gain."""
    rows = []
    for size in sizes:
        cells = [one.cell for one in outcomes if size_of(one.cell) == size]
        kinds = dict.fromkeys((one.position, one.score) for one in cells)
        for position, score in kinds:
            own = of_kind(outcomes, size, (position, score))
            won = None
            if score != "none":
                won = gain(outcomes, size, (position, "none"), (position, score))
            shown = "–" if won is None else f"{won:+.3f}"
            rows.append([size, position, NAMES[score], *summary(own), shown])
    head = ["size", "position", "attention", *SUMMARY, "gain over without"]
    return Table(head, rows, caption)


@torch.no_grad()
def weights_by_lag(model: LanguageModel, tokens: Sequence[int], layer: int) -> Any:
    """What each head of a layer gives to each lag, at each position of a text.

    A (heads, positions, lags) array, zero at lags before the text; for score "dot" or
    "none", the first layer being 0.
    """
    stream = nn.functional.embedding(torch.tensor([list(tokens)]), model.embedding)
    for attention, net in model.blocks()[:layer]:
        stream = stream + attention(stream)
        stream = stream + net(stream)
    attention, _ = model.blocks()[layer]
    weights = attention.pair_weights(stream).reshape(-1, *[len(tokens)] * 2).numpy()
    found = np.zeros_like(weights)
    for at in range(len(tokens)):
        found[:, at, : at + 1] = weights[:, at, at::-1]
    return found


def most_telling(model: LanguageModel, tokens: Sequence[int]) -> Any:
    """Weights by lag, (positions, lags), of the head that shows best how a model looks.

    Judged in the text's second half: with dot products, the head whose weights vary
    most from position to position; without, where none varies, the head that gives most
    to one earlier token.
    """
    blocks, half = model.blocks(), len(tokens) // 2

    def telling(one: Any) -> float:
        rows = one[half:, :half]
        adaptive = blocks[0][0].score == "dot"
        return float(rows.std(axis=0).sum() if adaptive else rows[:, 1:].max())

    layers = (weights_by_lag(model, tokens, layer) for layer in range(len(blocks)))
    return max(chain.from_iterable(layers), key=telling)


def draw_weights(axes: Any, weights: Any, pieces: Sequence[str], title: str) -> None:
    """A head's weights: a row for each position, named by its piece of text."""
    rows = len(pieces)
    axes.imshow(weights[-rows:, :rows], cmap="Greys", vmin=0, vmax=1, aspect="auto")
    axes.set_yticks(range(rows), [repr(one)[1:-1] for one in pieces], fontsize=7)
    axes.set(xlabel="lag (tokens)", title=title)
    axes.grid(False)


def draw_gains_by_size(
    axes: Any, outcomes: Outcomes, sizes: Sequence[str], kind: Kind
) -> None:
    """Gain over no dot products against the size: median and range."""
    position, score = kind
    index = [("lin", "dot"), ("log", "dot"), ("lin", "tmx"), ("log", "tmx")].index(kind)
    look = figures.series(index)
    middle = {}
    for place, size in enumerate(sizes):
        won = gain(outcomes, size, (position, "none"), kind)
        if won is None:
            continue
        middle[place] = won.median
        reach = [[won.median - won.least], [won.largest - won.median]]
        axes.errorbar(
            *(place, won.median, reach), color=look["color"], capsize=3, fmt="none"
        )
    label = f"{position}, {NAMES[score]}"
    axes.plot(list(middle), list(middle.values()), **look, label=label)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.margins(x=0.12)
