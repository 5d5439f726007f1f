"""The grid of a sweep: which values each parameter takes, and the runs that follow.

A grid is written NAME=VALUES. VALUES is a list ``1,4,64``, or ``LOW:HIGH:COUNT`` for
values at equal distances, or ``LOW:HIGH:COUNTlog`` for values at equal ratios, both
ends included. For a parameter that is itself a list, each value of the grid is a list
of one, and ``1+64`` is one value of two.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tapx.chapters import parameters
from tapx.chapters.parameters import Parameter
from tapx.checks import Refusal, one_of

MOST_RUNS = 100_000
SEED, REPEATS = "seed", "repeats"
FORM = "a range is LOW:HIGH:COUNT or LOW:HIGH:COUNTlog, such as 1e-4:1e-2:7log"
DIGITS = 12
"""Significant digits of the values between two ends: the same on every machine."""

_RANGE = re.compile(r"(?P<low>[^:]+):(?P<high>[^:]+):(?P<count>\d+)(?P<log>log)?")


def grid(
    given: Iterable[str], declared: Mapping[str, Parameter]
) -> dict[str, list[Any]]:
    """The values of each parameter of a grid, in the parameter's type, as given.

    Args:
        given: texts NAME=VALUES.
        declared: the parameters of the chapter.

    Raises:
        Refusal: another form, an unknown name, a value that `run` would refuse, or a
            value given twice.
    """
    found = {}
    for name, text in parameters.assignments(given, "--grid", "heads=1,4,64").items():
        one_of(name, declared, "parameter", Refusal)
        found[name] = values(declared[name], text)
    return found


def values(parameter: Parameter, text: str) -> list[Any]:
    """The values that a text names for one parameter.

    Raises:
        Refusal: see `grid`.
    """
    if ":" in text and parameter.item_type in ("int", "float"):
        match = _RANGE.fullmatch(text.strip())
        if match is None:
            raise Refusal(f"grid {parameter.name}={text}: {FORM}")
        texts = _between(parameter, text, **match.groupdict())
    else:
        texts = [item.strip() for item in text.split(",")]
    listed = parameter.item_type != parameter.type
    found = [parameter.validate(item.split("+") if listed else item) for item in texts]
    for value in found:
        if found.count(value) > 1:
            raise Refusal(
                f"grid {parameter.name}={text}: {value!r} comes twice; name each value "
                "once, or ask for fewer"
            )
    return found


def text(value: Any) -> str:
    """A value as a grid writes it: ``1+64`` for a list of two."""
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def _between(
    parameter: Parameter, text: str, low: str, high: str, count: str, log: str | None
) -> list[str]:
    """Numbers from `low` to `high`, both included, as texts."""
    what = f"grid {parameter.name}={text}"
    try:
        first, last = float(low), float(high)
    except ValueError:
        raise Refusal(f"{what}: {FORM}") from None
    steps = int(count) - 1
    if not (math.isfinite(first) and math.isfinite(last) and first < last):
        raise Refusal(f"{what}: LOW must be below HIGH, both finite numbers")
    if not 1 <= steps < MOST_RUNS:
        raise Refusal(
            f"{what}: COUNT is {count}, allowed is 2 to {MOST_RUNS}; nearest is "
            f"{2 if steps < 1 else MOST_RUNS}"
        )
    if log and first <= 0:
        raise Refusal(f"{what}: with log, LOW must be above 0")
    parts = (step / steps for step in range(1, steps))
    if log:
        inner = [first * (last / first) ** part for part in parts]
    else:
        inner = [first + (last - first) * part for part in parts]
    if parameter.item_type == "int":
        return [low, *(str(round(number)) for number in inner), high]
    return [low, *(f"{number:.{DIGITS}g}" for number in inner), high]


def with_seeds(
    base: Mapping[str, Any], declared: Mapping[str, Parameter], count: int
) -> dict[str, list[Any]]:
    """The grid of `count` seeds, from the value of ``seed`` on, one repeat a run.

    Args:
        base: the value of every parameter.
        declared: the parameters of the chapter.
        count: how many seeds.

    Raises:
        Refusal: the chapter has no seed, or not so many.
    """
    if SEED not in declared:
        raise Refusal(
            f"--seeds {count}: this chapter draws nothing (it has no parameter 'seed'; "
            f"its parameters are {', '.join(declared) or 'none'})"
        )
    most = min(int(declared[SEED].high or 0) - base[SEED] + 1, MOST_RUNS)
    if count > most:
        raise Refusal(
            f"--seeds {count}: from seed {base[SEED]} on there are fewer (allowed: "
            f"{declared[SEED].range}, {MOST_RUNS} in all); nearest is {most}"
        )
    seeds = [base[SEED] + step for step in range(count)]
    return {SEED: seeds} | ({REPEATS: [1]} if REPEATS in declared else {})


def runs(
    base: Mapping[str, Any], axes: Mapping[str, list[Any]]
) -> list[dict[str, Any]]:
    """The parameters of every run of a grid, the last axis fastest.

    Args:
        base: the value of every parameter.
        axes: the values of those that vary.

    Raises:
        Refusal: more runs than `MOST_RUNS`.
    """
    count = math.prod(len(values) for values in axes.values())
    if count > MOST_RUNS:
        raise Refusal(f"the grid has {count} runs; allowed are {MOST_RUNS}")
    return [
        {**base, **dict(zip(axes, chosen, strict=True))}
        for chosen in itertools.product(*axes.values())
    ]
