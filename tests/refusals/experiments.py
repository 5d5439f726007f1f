"""What `tapx.experiments` refuses."""

from dataclasses import replace
from itertools import product

import numpy as np
import torch
from made_calls import each
from made_outcomes import BASE, DEEP, language
from made_outcomes import signs as outcome
from matplotlib.figure import Figure

from tapx.experiments import all_windows, number_formats
from tapx.experiments.adaptive.affine import affine_part, sign_switch
from tapx.experiments.adaptive.stack import DeepStack
from tapx.experiments.adaptive.starts import StartCell, train_from
from tapx.experiments.adaptive.training import AdaptiveCell, train_adaptive
from tapx.experiments.cost import bench_parts, counts, measure, rivals
from tapx.experiments.cost.counts import count
from tapx.experiments.cost.rivals import PlainRival
from tapx.experiments.language import corpus, ngrams, sizes
from tapx.experiments.language.cells import LanguageCell, LanguageRecipe
from tapx.experiments.language.corpus import Corpus
from tapx.experiments.language.dot_products import cells_by_size, sized_cell
from tapx.experiments.language.training import place_of, train_language
from tapx.experiments.memory import fixed_rates, projected, starts, tables
from tapx.experiments.memory.descent import Way, descend_from
from tapx.experiments.memory.fixed_rates import FixedRates
from tapx.experiments.memory.training import MemoryCell, train_memory
from tapx.experiments.outcomes import Outcomes
from tapx.experiments.signs import floors, readouts
from tapx.experiments.signs.products import product_network
from tapx.experiments.signs.stack import SignStack
from tapx.experiments.signs.training import (
    SignCell,
    sign_model,
    train_signs,
)
from tapx.experiments.signs.views import draw_curves, draw_effects
from tapx.experiments.stacks import Stack
from tapx.experiments.training import Recipe
from tapx.kernels.kernel import Delta, Kernel
from tapx.network.positions import PerLag
from tapx.network.transformer import Transformer
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.targets.signs import ToyTarget, target

# Signs
SHORT = Recipe(iterations=400, batch=50, length=104, dimension=4)
LAST = target("2b", "last", length=104)
PRODUCT = target("3a", length=104)
NEAR = ToyTarget((2,), TwoLayerNet([1.0, -1.0], [[1.0], [-1.0]]), 104)
# relu(x + y + z - 2) is 1 at one of eight patterns: all products occur.
ALL_PRODUCTS = replace(PRODUCT, readout=TwoLayerNet([1.0], [[1.0, 1.0, 1.0]], [-2.0]))
# Memory
RHO = np.append(0.0, np.arange(1, 64) ** -0.5)
SHARES = fixed_rates.columns(np.array([0.01, 0.1, 1.0]), 64)
# Language
IDS = np.arange(10)
TEXT = Corpus("made", np.zeros(99, int), np.zeros(99, int), 6, str, None)
FEW = np.zeros(12, dtype=np.int64)
SIZE = sizes.size_named("small", 1)
# Numbers
TWO = Kernel.of("exponential", [1, 2], [1, -1], Delta(1))


def train_one(task=LAST, rate=0.01, *more):
    return train_signs([SignCell("free", 1, 1, rate)], task, SHORT, *more)


def signs(**changes):
    model = Transformer(**{"input_dimension": 1, "dimension": 3, "width": 4} | changes)
    return SignStack([model], [0], 16)


def signs_of_two_sizes():
    cells = [SignCell("lin", heads, 4, 0.01) for heads in (2, 3)]
    models = [sign_model(cell, Recipe(length=16), "equal") for cell in cells]
    return SignStack(models, [0, 0], 16)


def model(position="lin", heads=3, **options):
    options |= {"heads": heads, "position": position, "feed_forward": False}
    return Transformer(1, 4, **options)


def curves(by):
    sized = Outcomes(outcome(1.0, *size) for size in product((1, 2), (4, 8)))
    draw_curves(Figure().subplots(), sized, by)


def windows(seeds=(0,), iterations=20, layers=1):
    every, answers = torch.tensor([[[-1.0]], [[1.0]]]), torch.tensor([0.0, 1.0])
    return all_windows.worst_errors(
        every.double(), answers.double(), layers, 2, 8, 4, seeds, iterations
    )


def descent(iterations=5, *more, **named):
    return projected.descend_rates(
        np.geomspace(0.01, 1.0, 4), RHO, iterations, *more, **named
    )


SEEDS = Outcomes(outcome(mse, seed=k) for k, mse in enumerate((3.0, 1.0, 2.0)))
PIECES = Outcomes([language(BASE, 0, 3.0), language(DEEP, 0, 2.5)])
TWICE = Outcomes([*PIECES, language(BASE, 0, 1.5, "characters")])
TWO_KINDS = Outcomes([outcome(1.0), outcome(1.0, rpe="lin")])
ALONE = Outcomes([language(BASE, 2, None), language(DEEP, 2, 2.0)])

SWITCH = sign_switch()
WORDS = AdaptiveMemory([[0.0], [1.0]], ([1, 2],), SWITCH.readout)
FAR = AdaptiveMemory([[1.0], [-1.0]], ([1, 20],), SWITCH.readout)


def adaptive(task=SWITCH, cells=1):
    own = [AdaptiveCell("none", "lin", 1, False)] * cells
    return train_adaptive(own, task, Recipe(10, 4, 16, 4))


VALUE_ERROR = {
    # Adaptive
    "tokens must be the signs": lambda: affine_part(WORDS),
    "16 tokens do not reach back to lag 20; .* nearest length is 24": lambda: adaptive(
        FAR
    ),
    "at least one cell is needed, none": lambda: adaptive(SWITCH, 0),
    "unknown arm 'dots'": lambda: AdaptiveCell("dots", "lin", 1, False),
    "unknown network 'a'": lambda: train_from(
        [StartCell("a", 0.0)], {"b": Transformer(1, 4, 1, 2, 4)}, SWITCH, Recipe(10)
    ),
    "at least one model is needed": lambda: DeepStack([]),
    "holds models with FFNs that do not round": lambda: DeepStack(
        [Transformer(1, 4, 2, 2, 4, precision="integer")]
    ),
    "a stack holds equal ones": lambda: DeepStack(
        [Transformer(1, size, 1, 2, 4) for size in (3, 4)]
    ),
    # Outcomes
    "has heads=7; there are .*heads=1, width=4": lambda: SEEDS.spread(heads=7),
    "width=4 names 2 cells; give one of .'rpe', 'heads'": lambda: Outcomes(
        [*SEEDS, outcome(1.0, heads=2)]
    ).spread(width=4),
    "'head'; did you mean 'heads'": lambda: SEEDS.where(head=1),
    "'widths'; did you mean 'width'": lambda: SEEDS.values("widths"),
    "no trained cell has rpe=lin": lambda: SEEDS.best_and_worst(("width",), rpe="lin"),
    "no outcome of LanguageCell": lambda: PIECES.of(replace(BASE, layers=9)),
    "several outcomes of .* for one seed": lambda: TWICE.of(BASE),
    "no base to compare with for seed 2": lambda: ALONE.gains(BASE, DEEP),
    "unknown by 'rp'; did you mean 'rpe'": lambda: curves("rp"),
    "(heads=1|this) names 2 cells": (
        lambda: draw_effects(TWO_KINDS),
        lambda: curves("heads"),
    ),
    # Recipes and stacks
    "a multiple of 8; nearest: 1000": lambda: Recipe(length=1001),
    "batch=0: give at least 1": lambda: Recipe(batch=0),
    "'cosin'; did you mean 'cosine'": lambda: Recipe(schedule="cosin"),
    r"weight_decay=-1\.0: give at least 0": (
        lambda: Recipe(weight_decay=-1.0),
        lambda: Way(weight_decay=-1.0),
    ),
    "models of .dimension, heads": lambda: Stack([model(heads=2), model()], 8),
    "models with score='none'$": lambda: Stack([model(score="dot")], 8),
    "models with feed_forward=False": lambda: Stack([Transformer(1, 2, width=3)], 8),
    "a stack of their own": lambda: Stack([model(), model(PerLag(3, 8))], 8),
    "models with normalisation='finite'": (
        lambda: Stack([model(normalisation="none")], 8),
        lambda: signs(normalisation="none"),
    ),
    "models with one layer": lambda: signs(layers=2),
    "models with feed_forward=True": lambda: signs(feed_forward=False),
    "models with score='none' or 'dot'": lambda: signs(score="tmx"),
    "equal heads": signs_of_two_sizes,
    # Signs
    "'fre'; did you mean 'free'": lambda: SignCell("fre", 1, 1, 0.01),
    "slope a head '(fre|free|t5)'; did you mean 'log'. One of lin, log": (
        lambda: floors.least(LAST, "fre", 2),
        lambda: floors.best_stored(LAST, "t5", 2),
        lambda: readouts.posterior_mse(NEAR, "free", 1),
    ),
    "heads=0: give at least 1": (
        lambda: SignCell("free", 0, 1, 0.01),
        lambda: floors.nearly_equal(LAST, "lin", 0),
        lambda: readouts.pooled(NEAR, "lin", 0),
    ),
    "width=(0|-1): give at least 1": (
        lambda: SignCell("free", 1, 0, 0.01),
        lambda: LanguageCell(width=-1),
    ),
    "heads=-1: give at least 0": lambda: floors.least(LAST, "lin", -1),
    "ascending order, 0 first": lambda: floors.bucketed(LAST, [1, 2]),
    "at least one cell": lambda: train_signs([], LAST, SHORT),
    "trained on 2 levels alone, not on 3": lambda: train_signs(
        [SignCell("free", 1, 1, 0.1, True)], replace(LAST, levels=3), SHORT
    ),
    "1000 tokens, but the recipe 104": lambda: train_one(target("2b")),
    "learning_rate=0: give a finite number above 0": lambda: train_one(rate=0),
    r"learning_rate=0\.0: give a finite number above 0": (
        lambda: MemoryCell("lin", 1, 0.0),
        lambda: Way(learning_rate=0.0),
        lambda: LanguageRecipe(learning_rate=0.0),
    ),
    "slopes 'geometr(c|ical)'; did you mean 'geometric'": (
        lambda: train_one(LAST, 0.01, "geometrc"),
        lambda: MemoryCell("lin", 1, 0.01, "geometrical"),
    ),
    "bend=1.0: give a number between": lambda: product_network(PRODUCT, 1.0),
    "answer -3, below 0": lambda: product_network(LAST),
    "product of the tokens at lags": lambda: product_network(ALL_PRODUCTS),
    "iterations=0: give at least 1": (
        lambda: windows((0,), 0),
        lambda: readouts.trained_mse(NEAR, "lin", 1, 4, 0),
        lambda: descent(0),
        lambda: descend_from(starts.models("equal", 4, 64, (0,)), RHO, Way(), 0),
    ),
    # Memory
    "'4c'; did you mean '4b'": lambda: tables.experiment("4c"),
    "0 or more from lag 1": each(
        tables.free_head, np.array([1.0, 0.5, -0.1]), np.array([1.0, 0.0, 0.0])
    ),
    "the recipe has 1000 lags": lambda: train_memory([MemoryCell("lin", 1, 0.1)], RHO),
    "function 'lgo'; did you mean 'log'": lambda: train_memory(
        [MemoryCell("lgo", 1, 0.01)], RHO, Recipe(40, 16, 64)
    ),
    "unknown position function or family 'lim'": (
        lambda: fixed_rates.columns(np.array([1.0]), 9, "lim"),
        lambda: descent(position="lim"),
    ),
    "function 'lim'; did you mean 'lin'": lambda: starts.at_kernel(
        [1.0], [1.0], 9, "lim"
    ),
    r"rates \[0.\]: give positive": lambda: fixed_rates.columns(np.array([0.0]), 9),
    r"\(lags, heads\)": lambda: FixedRates(SHARES, RHO[1:]),
    "iterations=-1: give at least 0": lambda: FixedRates(SHARES, RHO).error(-1),
    "'newtn'; did you mean 'newton'": lambda: descent(5, "newtn"),
    "determines .* is 6": lambda: descent(5, "adam", 5),
    "unknown initial rates 'even'": lambda: starts.initial_rates("even", 3, 10),
    "seeds: give at least one": lambda: starts.models("equal", 2, 9, ()),
    "2 weights for 1 rates": lambda: starts.at_kernel([1.0], [1.0, 2.0], 9),
    "'adma'; did you mean 'adamw'": lambda: Way("adma"),
    "unknown precision 'float16'": lambda: Way(precision="float16"),
    "only 'adamw' .* the nearest is 0": lambda: Way("sgd", weight_decay=0.1),
    "batch=-1: give at least 0": lambda: Way(batch=-1),
    "momentum=1.0: give 0 or more, below 1": lambda: Way(momentum=1.0),
    "give batch=0 and no cooling": lambda: Way("lbfgs", batch=10),
    "1 seeds for 2 models": lambda: descend_from(
        starts.models("equal", 4, 64, (0, 1)), RHO, Way(), 5, (1,)
    ),
    # All windows
    "at least one seed": lambda: windows(()),
    "layers=0: give at least 1": (
        lambda: windows(layers=0),
        lambda: LanguageCell(layers=0),
    ),
    # Language
    "did you mean 'characters'": lambda: corpus.load_corpus("character"),
    "vocabulary=100.*nearest: 128": lambda: corpus.load_corpus("bpe", 100),
    "start 8 with length 3.*nearest: 7": lambda: corpus.windows_at(IDS, [8], 3),
    "start -1.*nearest: 0": lambda: corpus.windows_at(IDS, [-1, 2], 3),
    "order=0: .*nearest: 1": lambda: ngrams.losses(IDS, IDS, 50257, 0),
    "order=5: .*nearest: 4": lambda: ngrams.losses(IDS, IDS, 50257, 5),
    "at least 3 are needed": lambda: ngrams.losses(IDS[:2], IDS, 10, 3),
    "'16x2'; did you mean '16x1'": lambda: sized_cell("16x2", "lin", "dot", 1),
    r"sizes=\[\]: give one of 16x1": lambda: cells_by_size([], "lin", 1, (0,)),
    "layers=1: at least the base's, 2": (
        lambda: sizes.equal_width(1, 2, 3, 32, 128),
        lambda: sizes.equal_heads(1, 2, 4, 32, 128),
    ),
    r"at least two rising numbers.* \[1, 2\]": lambda: sizes.arms([1], 4, SIZE, "log"),
    r"nearest: \[1, 2\]$": (
        lambda: sizes.arms([2, 1], 4, SIZE, "log"),
        lambda: sizes.arms([2], 4, SIZE, "log"),
        lambda: sizes.arms([0], 4, SIZE, "log"),
        lambda: sizes.arms([-1, -1], 4, SIZE, "log"),
        lambda: sizes.arms([], 4, SIZE, "log"),
    ),
    r"nearest: \[1, 3\]$": lambda: sizes.arms([3, 0], 4, SIZE, "log"),
    r"nearest: \[23, 24\]$": lambda: sizes.arms([24, 24], 4, SIZE, "log"),
    r"nearest: \[1, 2, 3, 4, 5\]$": lambda: sizes.arms([5, 4, 3, 2, 1], 4, SIZE, "log"),
    "'smal'; did you mean 'small'": lambda: sizes.size_named("smal", 1),
    "'logs'; did you mean 'log'": lambda: LanguageCell(position="logs"),
    "'tm'; did you mean 'tmx'": lambda: LanguageCell(score="tm"),
    "steps=0: give at least 1": lambda: LanguageRecipe(steps=0),
    "context=1: give at least 2": lambda: LanguageRecipe(context=1),
    "points=0: give at least 1": lambda: LanguageRecipe(points=0),
    "'aut'; did you mean 'auto'": lambda: place_of("aut"),
    "(training|validation) part has 12 tokens.*nearest: 11": each(
        train_language,
        (BASE, replace(TEXT, train=FEW), LanguageRecipe(context=12)),
        (BASE, replace(TEXT, validation=FEW), LanguageRecipe(context=12)),
    ),
    # Cost
    "'recurrence' with score 'dot'": lambda: count("recurrence", "dot", 9, 3, 5),
    "'fst'; did you mean 'fft'": lambda: counts.has("fst", "none"),
    "time=0: give at least 1": lambda: count("dense", "none", 0, 1, 1),
    "heads=-1: give at least 1": lambda: counts.weight_bytes(4, -1),
    "unknown memory 'key'": lambda: counts.kept_numbers("key", 10, 3, 5),
    "past=0: give at least 1": lambda: counts.token_operations("tokens", 0, 3, 5),
    "size=0: give at least 1": lambda: measure.machine(size=0),
    "rounds=0: give at least 1": (
        lambda: measure.take_turns({}, 0),
        lambda: bench_parts.against_plain(rounds=0),
    ),
    "rows=0: give at least 1": lambda: bench_parts.against_plain(0),
    "length=1: give at least 2": lambda: bench_parts.against_plain(length=1),
    "turn_ms=0: give at least 1": lambda: bench_parts.against_plain(turn_ms=0),
    "'fussed'; did you mean 'fused'": lambda: PlainRival(rivals.network(), "fussed"),
    # Number formats
    "unknown format '(float16|double|int8)'; did you mean": (
        lambda: number_formats.unit("float16"),
        lambda: number_formats.stored(TWO, "double"),
        lambda: number_formats.recall_network([TWO], "int8"),
    ),
    "pieces=0: give at least 1": lambda: number_formats.split(TWO, "float32", 0),
    "allowed are 0 to 60": lambda: number_formats.holding("power", 2, "float32", 61),
    "must be between 0 and 1": lambda: number_formats.limit("power", "float32", 1.0),
    "'powers'; did you mean": lambda: number_formats.limit("powers", "float32", 0.5),
    "length 1 must exceed": lambda: number_formats.run([TWO], "float32", length=1),
    r"count 0 be 1\+": lambda: number_formats.run([TWO], "float32", count=0),
    "is beyond float32": lambda: number_formats.stored(
        Kernel.of("exponential", [1], [10**40], Delta(0)), "float32"
    ),
}
