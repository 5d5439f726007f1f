"""Seeded training of language models on a corpus of tokens.

Every step takes random windows of the training part; all cells with one seed see the
same windows in the same order. The loss is the mean cross-entropy of the next token in
nats, over all positions of a window, so early positions, which see little, count too.
The validation loss is that mean over fixed windows, evenly spaced in the validation
part. The optimiser is AdamW, with warm-up, then a cosine to a tenth of the largest
step, and gradients clipped to norm 1. The same cell and recipe give the same bits on
the same machine and device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from tapx.checks import one_of
from tapx.experiments.language import corpus as corpora
from tapx.experiments.language.cells import LanguageCell, LanguageRecipe
from tapx.experiments.language.corpus import Corpus
from tapx.experiments.outcomes import Outcome
from tapx.experiments.training import descend, one_thread
from tapx.network.language_model import LanguageModel
from tapx.network.positions import Position

DEVICES = ("cpu", "auto")
WEIGHT_DECAY = 0.01  # of matrices, not of slopes and biases
CLIP = 1.0  # largest norm of a gradient
AT_ONCE = 16  # validation windows evaluated together


def text_model(cell: LanguageCell, vocabulary: int, context: int) -> LanguageModel:
    """The cell's model at its start, float32."""
    sizes = vocabulary, cell.dimension, cell.layers, cell.heads, cell.width
    kind = cell.position, cell.score
    return LanguageModel(*sizes, *kind, context=context, seed=cell.seed)


def train_language(
    cell: LanguageCell,
    corpus: Corpus,
    recipe: LanguageRecipe,
    device: str = "cpu",
    until: int | None = None,
    position: Position | None = None,
    model: LanguageModel | None = None,
) -> Outcome:
    """Train one cell, on one thread.

    The history is of validation losses, from step 0 to where training diverged: where a
    loss was no number, or above twice that of a uniform guess.

    Args:
        cell: what is trained.
        corpus: on what.
        recipe: how.
        device: as in `place_of`.
        until: stop after the first checkpoint at or beyond this step; the learning
            rates stay those of the whole recipe. None trains to the end.
        position: in place of the cell's own position function, for a control.
        model: in place of the cell's own start; it is trained itself.

    Raises:
        ValueError: an unknown device, or a part with less than one window.
    """
    place = place_of(device)
    judged = validation_windows(corpus, recipe).to(place)
    stream = window_stream(corpus, recipe, cell.seed)
    own = (model or text_model(cell, corpus.vocabulary, recipe.context)).to(place)
    if position is not None:
        for attention, _ in own.blocks():
            attention.position = position
    bound = 2 * math.log(corpus.vocabulary)
    later = recipe.checkpoints[1:]
    last = next((one for one in later if one >= (until or recipe.steps)), recipe.steps)

    def pull() -> bool:
        _loss(own, stream().to(place)).backward()
        return bool(nn.utils.clip_grad_norm_(own.parameters(), CLIP).isfinite())

    def note() -> float | None:
        found = validation_loss(own, judged)
        return found if found <= bound else None

    with one_thread():
        optimiser = _optimiser(own, recipe)
        curve = {0: validation_loss(own, judged)}
        curve |= descend(optimiser, pull, last, note, later, recipe.rate)
    facts = {"parameters": own.parameter_counts()["total"]}
    return Outcome(cell, curve.get(last), tuple(curve.items()), facts, own.cpu())


def validation_loss(
    model: LanguageModel, judged: Int[Tensor, "windows length"]
) -> float:
    """Mean loss in nats a token; the last token of a window is only predicted."""
    with torch.no_grad():
        parts = judged.split(AT_ONCE)
        return sum(float(_loss(model, one)) * len(one) for one in parts) / len(judged)


def place_of(device: str) -> torch.device:
    """Where to train: with "auto" on a GPU if there is one."""
    one_of(device, DEVICES, "device")
    gpu = device == "auto" and torch.cuda.is_available()
    return torch.device("cuda" if gpu else "cpu")


def validation_windows(
    corpus: Corpus, recipe: LanguageRecipe
) -> Int[Tensor, "windows length"]:
    """The fixed windows, ``context + 1`` tokens each; fewer if the part is short."""
    length = recipe.context + 1
    last = _last_start(corpus.validation, length, "validation")
    starts = np.linspace(0, last, min(recipe.validation_windows, last + 1))
    cut = corpora.windows_at(corpus.validation, starts.astype(np.int64), length)
    return torch.from_numpy(cut)


def window_stream(
    corpus: Corpus, recipe: LanguageRecipe, seed: int
) -> Callable[[], Int[Tensor, "batch length"]]:
    """A function that returns the next batch of random training windows."""
    length = recipe.context + 1
    last = _last_start(corpus.train, length, "training")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 3])))

    def following() -> Tensor:
        starts = generator.integers(0, last + 1, recipe.batch)
        return torch.from_numpy(corpora.windows_at(corpus.train, starts, length))

    return following


def _last_start(tokens: np.ndarray, length: int, part: str) -> int:
    if len(tokens) < length:
        raise ValueError(
            f"the {part} part has {len(tokens)} tokens: a context of {length - 1} "
            f"needs {length}; nearest: {max(len(tokens) - 1, 2)}"
        )
    return len(tokens) - length


def _loss(model: LanguageModel, windows: Tensor) -> Tensor:
    logits, wanted = model(windows[:, :-1]), windows[:, 1:]
    return nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())


def _optimiser(model: LanguageModel, recipe: LanguageRecipe) -> torch.optim.AdamW:
    """AdamW in three groups, whose steps are `factor` times the recipe's rate.

    Queries and keys step sqrt(D) times less, as if the usual factor of dot products
    stood between them. The paper has none, and without it the steps that suit all
    other matrices overshoot here.
    """
    less = 1 / math.sqrt(model.embedding.shape[1])
    groups: dict[str, dict[str, Any]] = {
        "matrices": {"params": [], "weight_decay": WEIGHT_DECAY, "factor": 1.0},
        "others": {"params": [], "weight_decay": 0.0, "factor": 1.0},
        "paired": {"params": [], "weight_decay": WEIGHT_DECAY, "factor": less},
    }
    for name, parameter in model.named_parameters():
        kind = "matrices" if parameter.dim() > 1 else "others"
        kind = "paired" if name.endswith((".query", ".key")) else kind
        groups[kind]["params"].append(parameter)
    some = [group for group in groups.values() if group["params"]]
    rate = recipe.learning_rate
    return torch.optim.AdamW(some, lr=rate, betas=(0.9, 0.99), fused=True)
