"""The eight experiments of the paper as rows, in the form of its results.

What is exact is computed: networks with one free number a lag, floors and least errors
of models with one slope a head. What was trained stands in the chapters.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tapx.experiments.memory.tables import experiment
from tapx.experiments.signs import floors
from tapx.experiments.signs.networks import free_network
from tapx.result import Result
from tapx.targets.signs import target as sign_target


def _row(
    id: str, statement: str, uses: tuple[str, ...], published: str, **more: Any
) -> Result:
    names = f"exp-{id}", f"Experiment {id}", statement
    more |= {"uses": uses, "chapter": f"exp-{id}", "published": published}
    return Result(*names, **more)


def _language(id: str, *told: Any) -> Result:
    size = "layers" if id == "1a" else "models"
    return _row(id, *told, target="text, cross-entropy a token", size=size)


def _signs(id: str, task: str, *told: Any) -> Result:
    """A task on signs at lags counted from the last token.

    Where the target is affine, it is known how far lin heads of one slope each come.
    """
    target = sign_target(task, "last")
    known: dict[str, Any] = {}
    if floors.beyond_affine(target) <= 1e-9 * target.variance:
        known = {
            "best_at": lambda heads: floors.nearly_equal(target, "lin", heads).mse,
            "floor_at": partial(floors.least, target, "lin"),
            "rivals": "lin heads of one slope, affine readout",
        }
    return _row(
        *(id, *told),
        target=f"task {task} at the lags {', '.join(map(str, target.lags))}, mean "
        "squared error; built with one head and a free number a lag",
        default=32,
        construct=lambda heads: free_network(target),
        error=lambda network: float(network.mse),
        no_memory=target.variance,
        **known,
    )


def _memory(id: str, position: str, statement: str, published: str) -> Result:
    tables = experiment(id)
    return _row(
        *(id, statement, ("thm-5.1",), published),
        target=f"{position} heads, mean squared error over 1000 signs",
        default=64,
        best_at=partial(tables.best_error, position),
        floor_at=partial(tables.bound, position),
    )


EXPERIMENTS = (
    _language(
        "1a",
        "Depth lowers the loss of a language model more than heads do.",
        ("thm-4.4", "prop-4.5"),
        "best gain from depth 0.802, from heads 0.136",
    ),
    _signs(
        "1b",
        "1b",
        "One layer without dot products answers about three tokens at fixed lags.",
        ("thm-3.1",),
        "32 heads and 256 neurons are adequate",
    ),
    _signs(
        "2a",
        "2a",
        "Neurons buy a readout that bends; heads do not.",
        ("thm-3.1", "lemma-G.6"),
        "0.49 to 0.002 as neurons are added",
    ),
    _signs(
        "2b",
        "2b",
        "Heads buy memories; neurons do not.",
        ("thm-3.1", "lemma-F.1", "lemma-F.4"),
        "1.16 to 1e-6 as heads are added",
    ),
    _signs(
        "3a",
        "1b",
        "For tokens at fixed lags dot products gain little.",
        ("thm-3.1", "prop-4.2"),
        "a marginal gain",
    ),
    _language(
        "3b",
        "A language model needs its dot products.",
        ("prop-4.2",),
        "5.796 with and 5.830 without, 5.374 and 5.486, 4.994 and 5.274",
    ),
    _memory(
        "4a",
        "lin",
        "Log heads remember what fades like a power; lin heads do not.",
        "log, 1 head: below 1e-5; lin, 64 heads: 0.19",
    ),
    _memory(
        "4b",
        "log",
        "Lin heads remember what fades exponentially; log heads do not.",
        "lin, 1 head: below 1e-7; log, 64 heads: 5.3e-4",
    ),
)
