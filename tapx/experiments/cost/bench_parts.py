"""What the benchmark measures, each part in a process of its own.

``python -m tapx.experiments.cost.bench_parts NAME`` prints one JSON object. Own
processes, because the peak memory of a process is that of everything it ever did.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tapx import witnesses
from tapx.checks import at_least
from tapx.experiments.cost import floors, measure, rivals
from tapx.experiments.cost.rivals import DIMENSION, HEADS
from tapx.kernels.family import LIN, LOG
from tapx.limits import finders
from tapx.network.attention import Attention
from tapx.network.heads import SCORES
from tapx.network.lag_weights import NORMALISATIONS

TIME, BATCH = 1000, 100
LEAST_TIME = 2  # with fewer tokens the network looks back at nothing


def _data(batch: int, length: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    bits = torch.randint(0, 2, (batch, length, 1), generator=generator)
    return 2.0 * bits - 1, torch.randn(batch, generator=generator)


def _training_step(model: nn.Module, run: Callable[[], Tensor], y: Tensor) -> Any:
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step() -> None:
        optimiser.zero_grad()
        ((run() - y) ** 2).mean().backward()
        optimiser.step()

    return step


def last_position_step() -> dict[str, float]:
    """One training step of a one-layer network, last position only."""
    model, (x, y) = rivals.network(), _data(BATCH, TIME)
    step = _training_step(model, lambda: model(x, "last"), y)
    seconds = measure.median_seconds(step, 200, 20)
    return {"seconds": seconds, "peak_bytes": measure.peak_bytes()}


def dense_rival_step(rows: int = BATCH, limit_gib: int = 20) -> dict[str, float]:
    """One training step of the same network, dense, in x-transformers."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit_gib * 2**30, limit_gib * 2**30))
    ours = rivals.network()
    rival, (x, y) = rivals.DenseRival(ours), _data(rows, TIME)
    with torch.no_grad():
        difference = (rival(x[:4]) - ours(x[:4], "last")).abs().max().item()
    step = _training_step(rival, lambda: rival(x), y)
    seconds = min(measure.median_seconds(step, 1, 0) for _ in range(2))
    peak = measure.peak_bytes()
    return {"seconds": seconds, "peak_bytes": peak, "difference": difference}


def against_plain(
    rows: int = BATCH, length: int = TIME, rounds: int = 5, turn_ms: int = 200
) -> dict[str, Any]:
    """Our training step, the same in plain torch, and reading the inputs; in turns.

    A turn lasts `turn_ms` or one step: so long that a step finds in the processor's
    cache what its predecessor left there, as in training, and not what a rival did.

    Returns:
        The `sizes`: rows, length, heads, D. Processor seconds (`seconds`) and most
        bytes held (`held`) by name: "last", the ways of `PlainRival`, "embedding" (the
        inputs, (rows * length, 1), times a matrix (1, D)) and "pooling" (the inputs,
        (rows, length), times a matrix (length, heads), the least that a block could
        do). And by way the largest difference from our answers before training, over
        the largest answer (`differences`).

    Raises:
        ValueError: an argument below its least value, or answers that differ by more
            than 1e-5 of the largest: then nothing is compared.
    """
    at_least(1, rows=rows, rounds=rounds, turn_ms=turn_ms)
    at_least(LEAST_TIME, length=length)
    ours, (x, y) = rivals.network(), _data(rows, length)
    plain = {way: rivals.PlainRival(ours, way) for way in rivals.PlainRival.WAYS}
    differences = {}
    with torch.no_grad():
        answers = ours(x, "last")
        for way, rival in plain.items():
            off = (rival(x) - answers).abs().max() / answers.abs().max()
            differences[way] = off.item()
            if not off <= 1e-5:
                raise ValueError(f"{way!r} is another network: off by {off:.1e}")
    matrix, pool = ours.embedding.detach().T, torch.ones(length, HEADS)
    steps = {"last": _training_step(ours, lambda: ours(x, "last"), y)}
    for way, rival in plain.items():
        steps[way] = _training_step(rival, partial(rival, x), y)
    steps["embedding"] = lambda: x.reshape(-1, 1) @ matrix
    steps["pooling"] = lambda: x.reshape(rows, length) @ pool
    costs = measure.take_turns(steps, rounds, 30.0, turn_ms / 1e3)
    return {
        "seconds": {name: cost.seconds for name, cost in costs.items()},
        "held": {name: cost.held for name, cost in costs.items()},
        "differences": differences,
        "sizes": (rows, length, HEADS, DIMENSION),
    }


def evaluations_over_floors(power: int = 16, rounds: int = 9) -> dict[str, Any]:
    """FFT and recurrence on 65,536 tokens, and what each cannot do without."""
    return floors.evaluations(power, rounds)


def cell_over_tokens(iterations: int = 1000, rounds: int = 5) -> dict[str, float]:
    """One iteration of a cell of experiment 4a, and its parts."""
    return floors.cell(iterations, rounds)


def last_over_read(
    dimension: int = 64, length: int = TIME, rounds: int = 9
) -> dict[str, float]:
    """A last-position training step, and reading its inputs with one small product.

    Returns:
        Processor seconds of the "step", with its optimiser, of the "forward" pass alone
        and of the "read": the inputs, (rows * length, 1), times a matrix (1, D).
    """
    ours = rivals.network(dimension)
    x, y = _data(BATCH, length)
    matrix = ours.embedding.detach().T
    steps: dict[str, measure.Step] = {
        "step": _training_step(ours, lambda: ours(x, "last"), y),
        "forward": lambda: ours(x, "last"),
        "read": lambda: x.reshape(-1, 1) @ matrix,
    }
    costs = measure.take_turns(steps, rounds, 30.0, 0.05)
    return {name: cost.seconds for name, cost in costs.items()}


def check_witnesses() -> dict[str, float]:
    """Check every stored witness in balls; nothing is searched.

    Raises:
        WitnessError: one does not show what it claims.
        NotStored: a finder asks for something that is not stored.
    """
    os.environ[witnesses.VARIABLE] = "require"  # of this process, which does no more
    count, seconds = finders.check(finders.select([]))
    return {"count": count, "seconds": seconds}


def cell_4a(iterations: int = 10_000) -> dict[str, Any]:
    """One cell of experiment 4a as the chapter trains it: lin, 64 heads.

    One thread, so its processor time is its time on a core that it has for itself.
    """
    from tapx.experiments.memory.tables import experiment
    from tapx.experiments.memory.training import MemoryCell, train_memory
    from tapx.experiments.training import Recipe

    recipe = Recipe(iterations=iterations)
    values = experiment("4a").target.values(np.arange(recipe.length))
    start, busy = time.perf_counter(), time.process_time()
    cell = MemoryCell("lin", 64, 0.01, "geometric", 0)
    (trained,) = train_memory([cell], values, recipe)
    seconds, wall = time.process_time() - busy, time.perf_counter() - start
    return {"seconds": seconds, "wall": wall, "mse": trained.error}


def crossover() -> dict[str, Any]:
    """Seconds of forward and backward, dense and by FFT, at growing lengths."""
    lengths = [2**k for k in range(4, 12)]
    found: dict[str, list[float]] = {"dense": [], "fft": []}
    attention = Attention(DIMENSION, HEADS)
    generator = torch.Generator().manual_seed(0)

    def step(x: Tensor, evaluation: str) -> None:
        attention.zero_grad()
        attention(x, evaluation).sum().backward()

    for length in lengths:
        x = torch.randn(2, length, DIMENSION, generator=generator)
        for evaluation, seconds in found.items():
            one = partial(step, x, evaluation)
            seconds.append(measure.median_seconds(one, 5, 2))
    crossover = measure.overtakes(lengths, found["dense"], found["fft"])
    return {"lengths": lengths, **found, "crossover": crossover}


def long_input() -> dict[str, float]:
    """Forward and backward by FFT on 65,536 tokens, 8 heads, dimension 16, float64."""
    attention = Attention(16, HEADS, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 65_536, 16, generator=generator, dtype=torch.float64)
    start = time.perf_counter()
    attention(x, "fft").square().mean().backward()
    return {"seconds": time.perf_counter() - start, "peak_bytes": measure.peak_bytes()}


def agreement() -> dict[str, float]:
    """Largest difference of any evaluation from the dense one, gradients included."""
    worst = 0.0
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 300, 3, generator=generator, dtype=torch.float64)
    for position, normalisation, score in product(
        ("lin", "log", "kerple-log", "t5"), NORMALISATIONS, SCORES
    ):
        blind = position == "t5" and normalisation == "infinite"
        if not blind and (score != "tmx" or position in (LIN.name, LOG.name)):
            worst = max(worst, _disagreement(position, normalisation, score, x))
    return {"difference": worst}


def _disagreement(position: str, normalisation: str, score: str, x: Tensor) -> float:
    kind: dict[str, Any] = {"score": score, "normalisation": normalisation}
    slopes = torch.linspace(1.05, 3, 4)
    attention = Attention(3, 4, position, slopes=slopes, dtype=torch.float64, **kind)

    def run(evaluation: str) -> list[Tensor]:
        """Outputs, and the gradients of the last by tokens and parameters."""
        attention.zero_grad()
        tokens = x.clone().requires_grad_()
        out = attention(tokens * 0.5, evaluation)
        out[:, -1].square().sum().backward()
        gradients = [
            torch.zeros_like(p) if p.grad is None else p.grad  # divided out, for TMX
            for p in (tokens, *attention.parameters())
        ]
        return [out.detach(), *gradients]

    whole = [] if score == "dot" else ["fft"]
    whole += ["recurrence"] if whole and attention.position.family is LIN else []
    worst, (right, *wanted) = 0.0, run("dense")
    for evaluation in ("last", *whole):
        out, *gradients = run(evaluation)
        compared = [right[:, -out.shape[1] :], *wanted]
        for a, b in zip([out, *gradients], compared, strict=True):
            worst = max(worst, (a - b).abs().max().item())
    return worst


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(globals()[sys.argv[1]](*map(int, sys.argv[2:]))))
