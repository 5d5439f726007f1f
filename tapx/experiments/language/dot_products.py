"""Experiment 3b: the same language model with and without dot products, by size.

A *gain* is the validation loss without dot products minus the loss with them, for one
seed: both models then start from the same table of tokens and see the same windows, so
less is left to chance in a gain than in a loss. Outcomes and learning curves are those
of `outcomes` and `views`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from tapx.checks import one_of
from tapx.experiments.language.cells import LanguageCell
from tapx.experiments.language.outcomes import LanguageOutcome, number, spread
from tapx.network import lag_weights, positions
from tapx.network.language_model import LanguageModel
from tapx.network.positions import Position
from tapx.show import figures
from tapx.show.tables import Table

SIZES = {
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


def cell(
    size: str, position: str, score: str, heads: int, seed: int = 0
) -> LanguageCell:
    """The cell of a size; its feed-forwards have 4 D neurons.

    Raises:
        ValueError: an unknown size, or what `LanguageCell` refuses.
    """
    dimension, layers = SIZES[one_of(size, SIZES, "size")]
    return LanguageCell(position, score, layers, heads, dimension, 4 * dimension, seed)


def size_of(one: LanguageCell) -> str:
    """The name of a cell's size."""
    return f"{one.dimension}x{one.layers}"


def grid(
    sizes: Sequence[str], position: str, heads: int, seeds: Iterable[int]
) -> list[LanguageCell]:
    """The cells of the experiment, in the order of training, seeds fastest.

    At every size with dot products, without, and with TMX; at the first and the last
    size, with and without under the other position function as well.

    Raises:
        ValueError: no size, or what `cell` refuses.
    """
    if not sizes:
        raise ValueError(f"sizes={list(sizes)}: give one of {', '.join(SIZES)}")
    other = "log" if position == "lin" else "lin"
    wanted = [(size, position, score) for size in sizes for score in NAMES]
    for size in (sizes[0], sizes[-1]):
        wanted += [(size, other, "dot"), (size, other, "none")]
    kinds = [cell(*one, heads) for one in dict.fromkeys(wanted)]
    return [replace(one, seed=seed) for one in kinds for seed in tuple(seeds)]


def of_kind(
    outcomes: Iterable[LanguageOutcome], size: str, kind: Kind
) -> list[LanguageOutcome]:
    """The outcomes of a size, a position function and a score; perhaps none."""
    return [
        one
        for one in outcomes
        if (one.cell.position, one.cell.score) == kind and size_of(one.cell) == size
    ]


@dataclass(frozen=True)
class Gain:
    """What a change is worth: the median over the seeds, and their spread.

    Attributes:
        median, least, most: of the gains, in nats a token; positive is better.
        seeds: number of gains; a seed counts if neither of its runs diverged.
    """

    median: float
    least: float
    most: float
    seeds: int

    @property
    def spread(self) -> float:
        """Largest gain minus smallest."""
        return self.most - self.least

    def __str__(self) -> str:
        """As the tables print it."""
        return f"{self.median:+.3f} ({self.least:+.3f} to {self.most:+.3f})"


def gain(
    outcomes: Iterable[LanguageOutcome], size: str, worse: Kind, better: Kind
) -> Gain | None:
    """Loss of the one kind minus loss of the other, seed by seed.

    None if there is no seed for which both ended well.
    """
    rows = list(outcomes)
    first, second = (
        {o.cell.seed: o.loss for o in of_kind(rows, size, kind) if o.loss is not None}
        for kind in (worse, better)
    )
    each = [first[seed] - second[seed] for seed in sorted(first) if seed in second]
    if not each:
        return None
    return Gain(median(each), min(each), max(each), len(each))


def diverged(outcomes: Iterable[LanguageOutcome]) -> int:
    """Number of runs that diverged."""
    return sum(one.loss is None for one in outcomes)


def loss_table(
    outcomes: Sequence[LanguageOutcome], sizes: Sequence[str], caption: str
) -> Table:
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
            won = gain(outcomes, size, (position, "none"), (position, score))
            rows.append(
                [
                    size,
                    position,
                    NAMES[score],
                    f"{own[0].parameters:,}",
                    number(median(one.error for one in own)),
                    spread(own),
                    "–" if score == "none" or won is None else str(won),
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


def draw_gains(
    axes: Any, outcomes: Sequence[LanguageOutcome], sizes: Sequence[str], kind: Kind
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
            yerr=[[won.median - won.least], [won.most - won.median]],
            color=figures.series(index)["color"],
            capsize=3,
            fmt="none",
        )
    label = f"{position}, {NAMES[score]}"
    axes.plot(places, middle, **figures.series(index), label=label)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.margins(x=0.12)
