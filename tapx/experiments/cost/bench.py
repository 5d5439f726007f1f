"""``python -m tapx bench``: speed and memory against the aims of the book.

Times are compared within one run on one machine, one thread each, as ratios; every part
runs in a process of its own, so that its peak memory is its own.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

GIB = 2**30
Row = dict[str, Any]


def measure(part: str, *arguments: int) -> dict[str, Any]:
    """Run one function of `bench_parts` in a fresh process and return what it says.

    Raises:
        RuntimeError: the process failed; its last words are in the message.
    """
    module = "tapx.experiments.cost.bench_parts"
    command = [sys.executable, "-m", module, part, *map(str, arguments)]
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = os.environ | dict.fromkeys(threads, "1")
    # The folder of this package may be on the path only of this process.
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{part} failed: {last}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def row(
    name: str, value: float, unit: str, relation: str, target: float, detail: str = ""
) -> Row:
    """One line of the benchmark, with its verdict."""
    passed = {"<": value < target, "<=": value <= target, ">=": value >= target}
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "target": f"{relation} {target:g}",
        "passed": bool(passed[relation]),
        "detail": detail,
    }


def against_dense() -> list[Row]:
    """Last-position training step against the same network in x-transformers.

    Raises:
        ImportError: x-transformers is not installed.
    """
    importlib.import_module("x_transformers")
    ours = measure("last_position_step")
    rows, rival = 100, None
    while rival is None:
        try:
            rival = measure("dense_rival_step", rows)
        except RuntimeError:  # does not fit into 20 GiB: a part of the batch, scaled up
            if rows <= 5:
                raise
            rows //= 2
    seconds = rival["seconds"] * 100 / rows
    scaled = "" if rows == 100 else f" ({rows} rows measured, scaled to 100)"
    detail = (
        f"{1e3 * ours['seconds']:.2f} ms against {seconds:.2f} s{scaled}; "
        f"same weights, outputs differ by {rival['difference']:.1e}; "
        f"x-transformers peaked at {rival['peak_bytes'] / GIB:.2f} GiB"
    )
    return [
        row(
            "last-position training step against x-transformers dense, ratio",
            *(seconds / ours["seconds"], "times faster", ">=", 1000, detail),
        ),
        row(
            "last-position training step, peak memory",
            *(ours["peak_bytes"] / GIB, "GiB", "<", 1),
        ),
    ]


def against_plain() -> list[Row]:
    """Last-position training step against plain torch, and against reading the inputs.

    The step has a fixed part, Python and the optimiser, so the ratios depend on the
    sizes; they are those of the row against x-transformers.
    """
    found = measure("against_plain")
    held, off = found["held"], found["differences"]
    rows, length, heads, dimension = found["sizes"]
    ours, read, pooling = (
        found["seconds"][name] for name in ("last", "embedding", "pooling")
    )

    def times(way: str) -> float:
        return float(found["seconds"][way] / ours)

    def detail(way: str) -> str:
        return (
            f"{1e3 * ours:.2f} ms against {1e3 * found['seconds'][way]:.1f} ms of "
            f"processor time, {held['last'] / 2**20:.1f} MiB against "
            f"{held[way] / 2**20:.1f}; {rows} inputs of {length} "
            f"tokens, {heads} heads, D = {dimension}, float32, optimiser included; "
            f"same weights, answers differ by {off[way]:.1e} of the largest"
        )

    return [
        row(
            "last-position training step against plain torch, values of all tokens",
            *(times("sum"), "times faster", ">=", 10, detail("sum")),
        ),
        row(
            "last-position training step against fused attention with one query",
            *(times("fused"), "times faster", ">=", 50),
            f"{detail('fused')}; without keys, which do nothing here, "
            f"{times('fused without keys'):.1f} times faster",
        ),
        row(
            "last-position training step over reading the inputs with one product",
            *(1 / times("embedding"), "times", "<=", 8),
            f"{1e3 * ours:.2f} ms against {1e3 * read:.2f} ms for the product of the "
            f"inputs ({rows * length}, 1) and a matrix (1, {dimension}); the product "
            f"of ({rows}, {length}) and ({length}, {heads}), the least that a block "
            f"could do, takes {1e3 * pooling:.3f} ms: {ours / pooling:.0f} times less "
            "than the step",
        ),
    ]


def witnesses() -> list[Row]:
    """All stored witnesses checked in balls."""
    found = measure("check_witnesses")
    detail = f"processor time; {found['count']} witnesses, nothing searched"
    name = "all witnesses checked in balls"
    return [row(name, found["seconds"], "s", "<", 60, detail)]


def cell() -> list[Row]:
    """One cell of experiment 4a at the paper's scale."""
    # The better of two: a neighbour on the machine must not decide.
    found = min((measure("cell_4a") for _ in range(2)), key=lambda one: one["seconds"])
    detail = f"processor time; {found['wall']:.1f} s passed; "
    detail += f"trained error {found['mse']:.1e}"
    name = "experiment 4a, one cell: 64 heads, 10,000 iterations"
    return [row(name, found["seconds"], "s", "<", 15, detail)]


def fft() -> list[Row]:
    """Where the FFT overtakes the dense evaluation, and a long input."""
    found, long = measure("crossover"), measure("long_input")
    pairs = zip(found["lengths"], found["dense"], found["fft"], strict=True)
    detail = ", ".join(f"{n}: {1e3 * d:.2g}/{1e3 * f:.2g} ms" for n, d, f in pairs)
    return [
        row(
            "FFT faster than dense from this length on (dense/FFT times beside)",
            *(found["crossover"] or float("inf"), "tokens", "<=", 2048, detail),
        ),
        row(
            "FFT forward and backward on 65,536 tokens, peak memory",
            *(long["peak_bytes"] / GIB, "GiB", "<", 4, f"{long['seconds']:.2f} s"),
        ),
    ]


def agreement() -> list[Row]:
    """All evaluations against the dense one."""
    found = measure("agreement")
    name = "largest difference of any evaluation from dense, gradients included"
    return [row(name, found["difference"], "", "<=", 1e-10, "float64")]


def floors() -> list[Row]:
    """Evaluations and steps over what they cannot do without."""
    found = measure("evaluations_over_floors")
    rows = []
    for way, name, target in (
        ("fft", "FFT over the transforms of its tokens", 5),
        ("recurrence", "recurrence over a copy of its states", 10),
    ):
        seconds = found[way]
        ratios = {
            kind: one / seconds["floor"]
            for kind, one in seconds.items()
            if kind != "floor"
        }
        claimed = ["softmax"] if way == "fft" else ["softmax", "TMX"]
        detail = ", ".join(f"{kind} {one:.1f}" for kind, one in ratios.items())
        detail = f"{1e3 * seconds['floor']:.2f} ms is the floor; times it: {detail}; "
        detail += "65,536 tokens, 8 heads, D = 8, float32"
        value = max(ratios[kind] for kind in claimed)
        rows.append(row(name, value, "times", "<=", target, detail))
    wide, narrow = measure("last_over_read", 64), measure("last_over_read", 4)
    detail = (
        f"{1e3 * wide['step']:.2f} ms, {1e3 * wide['forward']:.2f} of them forward, "
        f"against {1e3 * wide['read']:.2f} ms; with D = 4 "
        f"{1e3 * narrow['step']:.2f} against {1e3 * narrow['read']:.2f} ms: "
        f"{narrow['step'] / narrow['read']:.1f} times"
    )
    name = "last-position step over reading its tokens, D = 64"
    rows.append(row(name, wide["step"] / wide["read"], "times", "<=", 4, detail))
    return rows


def cell_parts() -> list[Row]:
    """One iteration of a cell of experiment 4a over tokens and products of its size."""
    found = measure("cell_over_tokens")
    floor = found["tokens"] + found["heads"]
    detail = ", ".join(f"{part} {1e6 * one:.0f}" for part, one in found.items())
    name = "a cell of 4a over its tokens and two products"
    value = found["iteration"] / floor
    return [row(name, value, "times", "<=", 2.5, f"microseconds: {detail}")]


PARTS: dict[str, Callable[[], list[Row]]] = {
    "dense": against_dense,
    "plain": against_plain,
    "witnesses": witnesses,
    "cell": cell,
    "fft": fft,
    "floors": floors,
    "cell-parts": cell_parts,
    "agreement": agreement,
}
"""What `python -m tapx bench` measures, by the names that it knows them by."""
