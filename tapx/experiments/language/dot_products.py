"""Experiment 3b: the same language model with and without dot products, by size.

A *gain* is the validation loss without dot products minus the loss with them, for one
seed: both models then start from the same table of tokens and see the same windows, so
less is left to chance in a gain than in a loss. Outcomes and learning curves are those
of `outcomes` and `views`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tapx.checks import one_of
from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.outcomes import Outcomes, Spread
from tapx.kernels.family import LIN, LOG, Family
from tapx.network import lag_weights, positions
from tapx.network.language_model import LanguageModel
from tapx.network.positions import Position
from tapx.show import figures
from tapx.show.tables import Table, number

SHAPES = {
    "16x1": (16, 1),
    "24x2": (24, 2),
    "32x2": (32, 2),
    "32x3": (32, 3),
    "48x3": (48, 3),
    "64x4": (64, 4),
    "128x4": (128, 4),
    "256x6": (256, 6),
    "512x8": (512, 8),
}
"""Sizes by name: the dimension of the stream and the number of layers."""

PUBLISHED = ((5.796, 5.830), (5.374, 5.486), (4.994, 5.274))
"""Losses with and without dot products that the paper prints, smallest size first."""

NAMES = {"dot": "dot products", "none": "without", "tmx": "TMX"}
"""What tables and figures call a score."""


def controls() -> dict[str, Position]:
    """Each position function with what the other one does at lag 0.

    "lin" without its view of lag 0, and "log" with one: ``-log(1 + s)``, which KERPLE
    uses.
    """
    return {
        "lin": replace(positions.get("lin"), first_lag=1),
        "log": positions.get("kerple-log"),
    }


Kind = tuple[str, str]
"""A position function and a score."""


def sized_cell(
    size: str, position: str, score: str, heads: int, seed: int = 0
) -> LanguageCell:
    """The cell of a size; its feed-forwards have 4 D neurons.

    Raises:
        ValueError: an unknown size, or what `LanguageCell` refuses.
    """
    dimension, layers = SHAPES[one_of(size, SHAPES, "size")]
    return LanguageCell(position, score, layers, heads, dimension, 4 * dimension, seed)


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
        raise ValueError(f"sizes={list(sizes)}: give one of {', '.join(SHAPES)}")
    other = (LOG if Family.of(position) is LIN else LIN).name
    wanted = [(size, position, score) for size in sizes for score in NAMES]
    for size in (sizes[0], sizes[-1]):
        wanted += [(size, other, "dot"), (size, other, "none")]
    kinds = [sized_cell(*one, heads) for one in dict.fromkeys(wanted)]
    return [replace(one, seed=seed) for one in kinds for seed in tuple(seeds)]


def of_kind(outcomes: Outcomes, size: str, kind: Kind) -> Outcomes:
    """The outcomes of a size, a position function and a score; perhaps none."""
    dimension, layers = SHAPES[size]
    position, score = kind
    return outcomes.where(
        dimension=dimension, layers=layers, position=position, score=score
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
    pairs = Outcomes((*first, *second)).where(seed=sorted(seeds))
    return pairs.gains(first[0].cell, second[0].cell)


def loss_by_size(outcomes: Outcomes, sizes: Sequence[str], caption: str) -> Table:
    """A row for each size, position and score: parameters, loss, range, gain."""
    rows = []
    for size in sizes:
        kinds = dict.fromkeys(
            (one.cell.position, one.cell.score)
            for one in outcomes
            if size_of(one.cell) == size
        )
        for position, score in kinds:
            own = of_kind(outcomes, size, (position, score))
            won = None
            if score != "none":
                won = gain(outcomes, size, (position, "none"), (position, score))
            rows.append(
                [
                    size,
                    position,
                    NAMES[score],
                    f"{own[0].get('parameters'):,}",
                    number(own.spread().median),
                    own.spread().ends(),
                    "–" if won is None else f"{won:+.3f}",
                ]
            )
    head = ["size", "position", "attention", "parameters", "loss", "over seeds"]
    return Table([*head, "gain over without"], rows, caption)


@torch.no_grad()
def weights_by_lag(model: LanguageModel, tokens: Sequence[int], layer: int) -> Any:
    """What each head of a layer gives to each lag, at each position of a text.

    Args:
        model: with score "dot" or "none".
        tokens: the text's ids.
        layer: 0 for the first.

    Returns:
        (heads, positions, lags) float array; zero at lags before the text.
    """
    stream = nn.functional.embedding(torch.tensor([list(tokens)]), model.embedding)
    for attention, net in model.blocks()[:layer]:
        stream = stream + attention(stream)
        stream = stream + net(stream)
    attention, place = model.blocks()[layer][0], torch.arange(len(tokens))
    first, lags = attention.position.first_lag, place[:, None] - place
    by_lag = attention.position.logits(
        attention.slopes, place.to(stream.dtype).clamp(min=first)
    )
    logits = by_lag[:, lags.clamp(min=0)]
    if attention.score == "dot":
        asked = torch.einsum("td,hed->hte", stream[0], attention.query)
        offered = torch.einsum("td,hed->hte", stream[0], attention.key)
        logits = logits + asked @ offered.transpose(-1, -2)
    weights = lag_weights.normalise(logits, lags >= first, "finite").numpy()
    found = np.zeros_like(weights)
    for at in range(len(tokens)):
        found[:, at, : at + 1] = weights[:, at, at::-1]
    return found


def most_telling(model: LanguageModel, tokens: Sequence[int]) -> Any:
    """Weights by lag of the head that shows best how a model looks back.

    With dot products, the head whose weights vary most from position to position.
    Without, where none varies, the head that gives most to one earlier token.

    Returns:
        (positions, lags), of one head; judged in the text's second half.
    """
    heads = [
        head
        for layer in range(len(model.blocks()))
        for head in weights_by_lag(model, tokens, layer)
    ]
    half = len(tokens) // 2

    def telling(one: Any) -> float:
        rows = one[half:, :half]
        adaptive = model.blocks()[0][0].score == "dot"
        return float(rows.std(axis=0).sum() if adaptive else rows[:, 1:].max())

    return max(heads, key=telling)


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
    places, middle = [], []
    for place, size in enumerate(sizes):
        won = gain(outcomes, size, (position, "none"), kind)
        if won is None:
            continue
        places.append(place)
        middle.append(won.median)
        axes.errorbar(
            place,
            won.median,
            yerr=[[won.median - won.least], [won.largest - won.median]],
            color=figures.series(index)["color"],
            capsize=3,
            fmt="none",
        )
    label = f"{position}, {NAMES[score]}"
    axes.plot(places, middle, **figures.series(index), label=label)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.margins(x=0.12)
