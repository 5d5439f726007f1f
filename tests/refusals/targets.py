"""What `tapx.targets` refuses."""

import math

import torch
from made_calls import each
from made_networks import F64, SIGNS, last

from tapx.readouts.two_layer import TwoLayerNet, relu_sum
from tapx.targets import worked_examples
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.targets.influence import all_windows
from tapx.targets.memories import EssentialMemory, FixedMemory, LinearMemory
from tapx.targets.nested_targets import random_nesting, switches
from tapx.targets.signs import ToyTarget, target

LINE = TwoLayerNet([1.0], [[1.0]])
PLANE = relu_sum(torch.eye(2))
ONES = torch.ones(1, 5, 1, dtype=F64)
STRANGE = torch.tensor([1.0, 1, 1, 0.75, 1], dtype=F64)[None, :, None]


def adaptive(*tables, alphabet=SIGNS, depth=0, readout=last):
    return AdaptiveMemory(alphabet, tables, readout, depth)


def fixed(*lags):
    return FixedMemory(lags, last)


VALUE_ERROR = {
    # Lags
    "at least one memory lag": fixed,
    "memory lag (0|-2) is below 1": (
        *each(fixed, (0, 3), -2),
        lambda: worked_examples.sparse_parity((0, 2)),
    ),
    "memory lags must differ": (
        lambda: fixed(3, 3),
        lambda: target("2b", "last", 0, 20),
    ),
    "nearest valid lag is 9": lambda: ToyTarget((10,), LINE, 10),
    # Readouts
    "takes 2 numbers, but 2 lags": lambda: FixedMemory((3, 7), PLANE),
    "takes 2 numbers, but 2 kernels and tokens of 2 numbers give 4": lambda: (
        EssentialMemory([[1.0], [1.0]], PLANE, 2)
    ),
    "takes 1 numbers, but 2 lags give 2": lambda: ToyTarget((3, 4), LINE, 10),
    "takes 1 numbers, but 1 memories": lambda: adaptive([1, 2], readout=LINE),
    "levels=1: give at least 2": lambda: target("2a", levels=1),
    "levels=3: this polynomial is for signs": lambda: target("1b", levels=3).walsh(),
    # Kernels
    "at least one kernel": lambda: EssentialMemory([], last),
    "at lag 1 is not a finite number": lambda: EssentialMemory([[1.0, math.nan]], last),
    "at lag 0 is not a finite number": lambda: LinearMemory(torch.arange(4.0) ** -0.5),
    "must be a row of numbers": lambda: LinearMemory(torch.ones(2, 2)),
    # Lags that tokens choose
    "unit ball: token 1 has norm (2|nan)": (
        lambda: adaptive([1, 2], alphabet=[[1.0], [-2.0]]),
        lambda: adaptive([1, 2], alphabet=[[1.0], [math.nan]]),
    ),
    "unit ball: token 0 has norm 1.5": lambda: adaptive(
        [1, 2], [[1, 2], [1, 2]], alphabet=[[1.5], [-1.0]], depth=1
    ),
    "tokens 0 and 1 .* the same": lambda: adaptive([1, 2], alphabet=[[1.0], [1.0]]),
    "rows of tokens": lambda: adaptive([1, 2], alphabet=[1.0, -1.0]),
    "at least one memory function": (adaptive, lambda: adaptive(depth=1)),
    r"shape \(2,\), not \(3,\)": lambda: adaptive([1, 2, 3]),
    r"g_2 reads 2 .* \(2, 2\)": lambda: adaptive([1, 2], [1, 2], depth=1),
    "g_1 is 1.5 at tokens .*nearest is 2": (
        lambda: adaptive([1, 1.5]),
        lambda: AdaptiveMemory.from_functions(SIGNS, [lambda x: 1 + x[0] / 2], last),
    ),
    "g_1 is 0 at .*nearest is 1": lambda: adaptive([0, 1]),
    "g_1 is inf": lambda: adaptive([math.inf, 1]),
    "g_2 is 2.5 .* nearest is 2": lambda: adaptive([1, 2], [[1, 2], [2.5, 1]], depth=1),
    "g_2 is 0 .* nearest is 1": lambda: adaptive([1, 2], [[1, 2], [0, 1]], depth=1),
    "depth 2 with 1 memories: .*nearest is 1": lambda: adaptive([1, 2], depth=2),
    "depth -1 with 1 memories": lambda: adaptive([1, 2], depth=-1),
    "2 tokens do not reach back to lag 2": lambda: boolean_example()(ONES[:, :2]),
    r"token \[0.75\] .*nearest entry is \[1.0\]": lambda: boolean_example()(STRANGE),
    "more than 2 tokens": lambda: boolean_example()(ONES[:, :2], last_only=False),
    # Targets made for examples
    "depth=-1: give at least 0": lambda: random_nesting(-1),
    "largest_lag=0: give at least 1": lambda: random_nesting(1, 0),
    "tokens=1: give at least 2": lambda: random_nesting(1, tokens=1),
    "seed=-3: give at least 0": lambda: random_nesting(1, seed=-3),
    "memories=2: give at least 3": lambda: random_nesting(3, memories=2),
    "depth=0: give at least 1": lambda: switches(0),
    "'2c'; did you mean '2b'": lambda: target("2c"),
    "'frist'; did you mean 'first'": lambda: target("2a", "frist"),
    "an axis of tokens for each": lambda: worked_examples.n_gram([[1.0, 2.0]]),
    "pointers=0: give at least 1": lambda: worked_examples.multi_step_search(0, 1),
    "scale=0: give a finite number above 0": lambda: worked_examples.wavelet(0, 1, 5),
    "at most 1048576": lambda: all_windows(SIGNS, 21),
    "length=0: give at least 1": lambda: all_windows(SIGNS, 0),
}
TYPE_ERROR = {
    "Actual value: .1.5|numbers, not 1.5": lambda: fixed(1.5),
    "memory lags are whole numbers, not True": lambda: fixed(True),
}
