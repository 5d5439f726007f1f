"""What `tapx.theorems` refuses."""

import math

import torch
from made_calls import each
from made_networks import F64, HEAVY, LIGHT, ROW, SIGNS, TARGET, chain, last

from tapx.kernels.kernel import Kernel
from tapx.readouts.two_layer import relu_sum
from tapx.targets import worked_examples
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.targets.memories import EssentialMemory, FixedMemory
from tapx.targets.nested_targets import random_nesting
from tapx.theorems import (
    adaptive_errors,
    flattened,
    lemmas,
    proof_spacing,
    proposition_4_2,
    proposition_4_3,
    proposition_4_5,
    theorem_3_1,
    theorem_4_1,
    theorem_4_4,
    theorem_5_1,
)
from tapx.theorems.float_sums import check_length
from tapx.theorems.lemmas import decay_bound, recall_bound
from tapx.theorems.proposition_4_5 import attention_heads

FREE = Kernel.of("power", [0.5], [1])
NESTED = boolean_example()
UNKNOWN = AdaptiveMemory(SIGNS, ([1, 2],), last)


def fixed(**options):
    readout = relu_sum([[1.0, 0.5, -0.5], [0.0, 1.0, 1.0]])
    given = {"target": FixedMemory((1, 3), readout), "heads": 8} | options
    return theorem_3_1.construct(**given)


def essential(*memories, **options):
    memories = memories or (LIGHT, ROW)
    readout = relu_sum([[1.0, -0.5][: len(memories)]])
    given = {"target": EssentialMemory(memories, readout), "heads": 8} | options
    return theorem_5_1.construct(**given)


def staged(depth=0, memories=1, heads=4, *args, **options):
    return theorem_4_1.construct(chain(depth, memories), heads, *args, **options)


def deep(*args, **options):
    return proposition_4_5.construct(chain(0, 1), *args, **options)


def nested_bound(depth, **options):
    return theorem_4_4.bound(TARGET, depth, [1.0, 1.0], 9, 1, "lin", **options)


def ones(length, size=1.0):
    return torch.full((1, length, 1), size, dtype=F64)


def random_two(*args, **options):
    return theorem_4_4.construct(random_nesting(2, 3, 3), *args, **options)


VALUE_ERROR = {
    # Words
    "'linear'; did you mean 'lin'": (
        lambda: adaptive_errors.one_layer_error((2,), 40, 2, "linear"),
        lambda: proposition_4_5.bound(TARGET, 4, 2, "linear"),
        lambda: theorem_4_4.construct(NESTED, 4, "linear"),
        lambda: theorem_4_4.nested_tolerance(2, "linear"),
    ),
    "'(lim|lni)'; did you mean 'lin'": (
        lambda: staged(0, 1, 4, "lim"),
        lambda: deep(4, "lim"),
        lambda: theorem_4_4.required_heads([2], [1.0], 1, "lim"),
        lambda: theorem_3_1.head_shares((1,), "lni"),
    ),
    "function or family '(t5|cosine|sum)'; did you mean": (
        lambda: fixed(position="t5"),
        lambda: essential(position="cosine"),
        lambda: lemmas.largest_order("sum", 1),
    ),
    "'pwoer'; did you mean 'power'": lambda: recall_bound("pwoer", 3, 2, 1),
    "unknown kernel '(bets|bst)'; did you mean 'best'": (
        lambda: staged(kernel="bets"),
        lambda: deep(4, kernel="bets"),
        lambda: fixed(kernel="bst"),
    ),
    "unknown kernel 'best'; did you mean": lambda: essential(kernel="best"),
    "unknown lag_zero 'both'": lambda: essential(lag_zero="both"),
    "with a bound of its rounding 'fft'": lambda: fixed().error_for(64, "fft"),
    # Heads
    "(0|1) heads cannot serve [12] lags": (
        lambda: theorem_4_4.construct(chain(0, 2), 1),
        lambda: staged(0, 2, 1),
        lambda: deep(0),
        lambda: fixed(heads=1),
    ),
    "nearest valid number of heads is 2": lambda: essential(heads=1),
    "1 heads are too few .* at least 3": lambda: theorem_4_4.construct(chain(1, 2), 1),
    "1 heads are too few .* g_2.*at least 4": each(random_two, (1, "lin"), (1, "log")),
    "12 heads are too few": lambda: theorem_4_4.construct(
        chain(1, 2), 12, kernel="bump"
    ),
    "1000000000 heads do not meet the nested condition .* smaller lag": lambda: (
        theorem_4_4.required_heads([2, 2], [1.0, 1.0], 1, "lin", lambda lag, heads: 1.0)
    ),
    "1000000000 heads do not reach it .* larger error or order": lambda: (
        attention_heads([2], 1, 1e-300, 1, "lin")
    ),
    "at least one head each": lambda: fixed(groups=(8, 0)),
    "heads=0: give at least 1": lambda: proposition_4_2.normalisation_free(0),
    "kernels with [24] terms do not fit 2 memories": (
        lambda: essential(kernel=[LIGHT]),
        lambda: essential(kernel=[LIGHT, LIGHT], heads=3),
    ),
    # Widths
    "with width 2 the net of .* g_1 .* None for an exact net": (
        lambda: staged(width=2, seed=1),
        lambda: deep(4, width=2, seed=1),
    ),
    "with width 3 the net of .* g_1": (
        lambda: random_two(6, "lin", width=3),
        lambda: random_two(6, "log", width=3),
    ),
    "width 0 leaves no neuron .* 4 neurons": lambda: staged(width=0),
    "width 2 leaves no neuron .* 7 neurons": lambda: staged(0, 2, width=2, seed=1),
    "1 norms for 2 memories; one each": (
        lambda: theorem_4_1.rounding_width([2.0], (2, 3), 1, "lin"),
        lambda: proposition_4_5.widths([1.0], (2, 3), 1, "lin"),
        lambda: theorem_4_4.layer_widths([1.0], [2, 2], 1, 1, "lin"),
    ),
    "needs the norms": lambda: nested_bound(1, width=5),
    r"tolerance=(0\.0|-1\.0|nan): give a finite number above 0": each(
        adaptive_errors.sampling_width,
        *((2.0, 1, tolerance) for tolerance in (0.0, -1.0, math.nan)),
    ),
    # Depths, targets and their memories
    "Theorem 4.1 is about lags .* depth 0, not 1; .* theorem_4_4": lambda: staged(1, 2),
    "Proposition 4.3 is about lags .* depth 0, not 2; .* theorem_4_4": lambda: (
        proposition_4_3.construct(NESTED, 4)
    ),
    "Proposition 4.5 is about lags .* depth 0, not 2; .* theorem_4_4": lambda: (
        proposition_4_5.construct(NESTED, 4)
    ),
    "depth 3 with 2 memories: .* nearest is 2": (
        lambda: adaptive_errors.layered_error((2, 3), 3, 40, 2, "lin"),
        lambda: attention_heads((2, 3), 3, 0.1, 2, "lin"),
        lambda: theorem_4_4.required_heads([2, 2], [1.0, 1.0], 3, "lin"),
    ),
    "depth 4 with 2 memories": lambda: nested_bound(4),
    "lags is empty": (
        lambda: adaptive_errors.one_layer_error((), 40, 2, "lin"),
        lambda: theorem_3_1.head_shares((), "lin"),
    ),
    "1 errors, 2 slopes and 2 lags": lambda: theorem_4_4.nested_condition(
        [0.1], [1.0, 1], [2, 2], 1, "lin"
    ),
    "largest_lag=0: give at least 1": lambda: theorem_4_4.nested_tolerance(0, "lin"),
    "norms from 0 to 1": lambda: flattened.flatten(random_nesting(1, tokens=3)),
    "needs a memory given as a Kernel": lambda: essential(kernel="bumps"),
    "'power' where 'exponential' is needed": lambda: essential(kernel=[HEAVY, HEAVY]),
    "rate 0.5: its sum .* only for rates above 1": lambda: essential(
        position="log", kernel=[FREE, HEAVY]
    ),
    # Lengths and inputs
    "length [23] does not reach back to lag [23]: give at least [34]": (
        lambda: fixed(length=3),
        lambda: staged(length=2),
        lambda: deep(4, length=2),
        lambda: fixed(length=16).adversarial_inputs(length=2),
        lambda: staged().adversarial_inputs(2),
    ),
    "length=0: give at least 1": lambda: essential(length=0),
    r"allowed are 1 to 2\^40 tokens": (
        lambda: fixed().error_for(0),
        *each(check_length, 0, -1, 2**41, math.nan),
    ),
    "17 tokens, but the certificate covers 16": (
        lambda: fixed(length=16).worst_over(ones(17)),
        lambda: essential(ROW, heads=4, length=16).worst_over(ones(17)),
    ),
    "65 tokens, but the certificate covers 64": lambda: staged().worst_over(ones(65)),
    "33 tokens, but the certificate covers 32": (
        lambda: proposition_4_2.normalisation_free(6).worst_over(ones(33)),
        lambda: proposition_4_2.softmax(0.1).worst_over(ones(33)),
    ),
    "at most 18, so that all inputs": lambda: staged().exhaustive_inputs(30),
    "a token has norm (2|nan|1):": (
        lambda: fixed().worst_over(ones(8, 2.0)),
        lambda: fixed().worst_over(ones(8, math.nan)),
        lambda: fixed().worst_over(ones(8, 1 + 2e-12)),
    ),
    r"token \[0.5\] is not in the": lambda: staged().worst_over(ones(8, 0.5)),
    "'recurrence' needs position 'lin', not 'log'": (
        lambda: fixed(position="log").rounding_for(64, "recurrence"),
        lambda: staged(0, 1, 5, "log").rounding_for(64, "recurrence"),
        lambda: proposition_4_3.construct(chain(0, 1), 5, "log").rounding_for(
            64, "recurrence"
        ),
    ),
    "'recurrence' needs score 'none' or 'tmx', not 'dot'": lambda: staged(
        0, 1, 5
    ).rounding_for(64, "recurrence"),
    # The lemmas
    "with order 4: .* valid order is 2": lambda: recall_bound("lin", 3, 2, 4),
    "lag 0: log heads see lags from 1": lambda: recall_bound("log", 0, 2, 1),
    "alpha 0 must be positive": lambda: recall_bound("lin", 3, 2, 1, alpha=0),
    "order=0: give at least 1": (
        lambda: adaptive_errors.group_error(2, 40, 0, "lin"),
        lambda: recall_bound("lin", 3, 2, 0),
        lambda: lemmas.jackson(0, 2),
    ),
    "width=0: give at least 1": (
        lambda: fixed(width=0),
        lambda: essential(width=0),
        lambda: lemmas.readout(1, 0, 2),
    ),
    "dimension=0: give at least 1": (
        lambda: lemmas.readout(1, 1, 0),
        lambda: adaptive_errors.sampling_width(2.0, 0, 0.5),
        lambda: flattened.least_steepness(2, 3, 0),
    ),
    "norm=-1: give at least 0": lambda: lemmas.readout(-1, 1, 2),
    r"radius=-1\.0: give at least 0": lambda: lemmas.readout(1, 1, 2, -1.0),
    "lag=1: give at least 2": lambda: proof_spacing.recall_spacing("power", 1),
    "the allowed orders are 1 to 99": each(
        decay_bound, ("lin", 1, 1, 200, 100), ("lin", 1, 1, 200, 0)
    ),
    "decay (2|1.5): the allowed orders are none": (
        lambda: decay_bound("log", 1, 2, 200, 1),
        lambda: decay_bound("power", 1, 1.5, 10, 1),
    ),
    "amplitude -1 must be": lambda: decay_bound("lin", -1, 1, 200, 1),
    "decay 0 must be positive": lambda: decay_bound("lin", 1, 0, 200, 1),
    "heads 2 with order 3": lambda: decay_bound("lin", 1, 1, 2, 3),
    "order 2 with .* below 2": lambda: proof_spacing.decay_spacing("power", 3, 2),
    "order 0 with .* at least 1": lambda: proof_spacing.decay_spacing("lin", 3, 0),
    # Counts that must be above 0
    r"error=(0\.0|-0\.1|nan): give a finite number above 0": each(
        attention_heads,
        *(([2], 1, error, 1, "lin") for error in (0.0, -0.1, math.nan)),
    ),
    "tokens=1: give at least 2": lambda: flattened.least_steepness(1, 3, 2),
    "choices=0: give at least 1": lambda: flattened.least_steepness(2, 0, 2),
    "error (1.0|-0.1): allowed is 0 up to": each(
        flattened.least_steepness, (2, 3, 2, 1.0), (2, 3, 2, -0.1)
    ),
    # Proposition 4.2
    "length 2 does not reach back to lag 2": lambda: proposition_4_2.lookback(ones(2)),
    "token 0.4 .* nearest is 0": lambda: proposition_4_2.lookback(ones(4, 0.4)),
    "length=(3|5): give at least 6": (
        lambda: proposition_4_2.normalisation_free(3, 5),
        lambda: proposition_4_2.softmax(0.1, 3),
    ),
    "nearest is 0.125": lambda: proposition_4_2.softmax(0.5),
}
TYPE_ERROR = {
    "TwoLayerNet, not function": (
        lambda: theorem_3_1.construct(FixedMemory((1,), last), 4),
        lambda: theorem_4_1.construct(UNKNOWN, 4),
        lambda: proposition_4_5.construct(UNKNOWN, 4),
        lambda: theorem_5_1.construct(worked_examples.algebra([1.0], [1.0]), 8),
        lambda: flattened.flatten(UNKNOWN),
    ),
}
