"""What the benchmark measures, each part in a process of its own.

``python -m tapx.bench_parts NAME`` prints one JSON object. Own processes, because the
peak memory of a process is that of everything it ever did.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tapx import measure
from tapx.attention import Attention
from tapx.transformer import FeedForward, Transformer

TIME, BATCH, HEADS, DIMENSION, WIDTH = 1000, 100, 8, 4, 32


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


def _ours() -> Transformer:
    return Transformer(1, DIMENSION, 1, HEADS, WIDTH, "lin", normalisation="finite")


def last_position_step() -> dict[str, float]:
    """One training step of a one-layer network, last position only."""
    model, (x, y) = _ours(), _data(BATCH, TIME)
    step = _training_step(model, lambda: model(x, "last"), y)
    return {
        "seconds": measure.median_seconds(step, 200, 20),
        "peak_bytes": measure.peak_bytes(),
    }


class DenseRival(nn.Module):
    """The same network with its attention block from x-transformers (ALiBi, fused).

    Queries are zero, so that the weights depend on the lag alone; layer norms are left
    out; values, output matrix, embedding and readout are those of `ours`.
    """

    def __init__(self, ours: Transformer) -> None:
        """Copy the weights of `ours`."""
        super().__init__()
        from x_transformers import Decoder

        self.block = Decoder(
            dim=DIMENSION,
            depth=1,
            heads=HEADS,
            attn_dim_head=DIMENSION,
            custom_layers=("a",),
            alibi_pos_bias=True,
            alibi_num_heads=HEADS,
            attn_flash=True,
        )
        for name, module in list(self.block.named_modules()):
            if type(module).__name__ == "LayerNorm" and hasattr(module, "ln"):
                parent = self.block.get_submodule(name.rpartition(".")[0])
                setattr(parent, name.rpartition(".")[2], nn.Identity())
        self.embedding = nn.Linear(1, DIMENSION)
        readout, theirs = ours.feed_forwards[0], dict(self.block.named_parameters())
        attention = ours.attentions[0]
        assert isinstance(readout, FeedForward) and isinstance(attention, Attention)
        self.readout = FeedForward(DIMENSION, WIDTH)
        self.readout.load_state_dict(readout.state_dict())
        matrices = {name.rpartition(".to_")[2]: p for name, p in theirs.items()}
        with torch.no_grad():
            self.embedding.weight.copy_(ours.embedding)
            self.embedding.bias.copy_(ours.embedding_bias)
            matrices["q.weight"].zero_()
            matrices["v.weight"].copy_(attention.value.reshape(-1, DIMENSION))
            matrices["out.weight"].copy_(attention.output.repeat(1, HEADS))

    def forward(self, x: Tensor) -> Tensor:
        """The answer at the last position; the attention is formed at all of them."""
        return self.readout(self.block(self.embedding(x))[:, -1])[..., 0]


def dense_rival_step(rows: int = BATCH, limit_gib: int = 20) -> dict[str, float]:
    """One training step of the same network, dense, in x-transformers."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit_gib * 2**30, limit_gib * 2**30))
    ours = _ours()
    rival, (x, y) = DenseRival(ours), _data(rows, TIME)
    with torch.no_grad():
        difference = (rival(x[:4]) - ours(x[:4], "last")).abs().max().item()
    step = _training_step(rival, lambda: rival(x), y)
    seconds = min(measure.median_seconds(step, 1, 0) for _ in range(2))
    return {
        "seconds": seconds,
        "peak_bytes": measure.peak_bytes(),
        "rows": rows,
        "difference": difference,
    }


def cell_4a(iterations: int = 10_000) -> dict[str, Any]:
    """One cell of experiment 4a as the chapter trains it: lin, 64 heads.

    One thread, so its processor time is its time on a core that it has for itself.
    """
    from tapx.memory_experiment import experiment
    from tapx.training import Cell, Recipe, train

    recipe = Recipe(iterations=iterations)
    values = experiment("4a").target.values(np.arange(recipe.length))
    start, busy = time.perf_counter(), time.process_time()
    (trained,) = train([Cell("lin", 64, 0.01, "geometric", 0)], values, recipe)
    return {
        "seconds": time.process_time() - busy,
        "wall": time.perf_counter() - start,
        "mse": trained.mse,
    }


def crossover() -> dict[str, Any]:
    """Seconds of forward and backward, dense and by FFT, at growing lengths."""
    lengths = [2**k for k in range(4, 12)]
    dense: list[float] = []
    fast: list[float] = []
    attention = Attention(DIMENSION, HEADS)
    generator = torch.Generator().manual_seed(0)
    for length in lengths:
        x = torch.randn(2, length, DIMENSION, generator=generator)
        for evaluation, seconds in (("dense", dense), ("fft", fast)):

            def step(x: Tensor = x, evaluation: str = evaluation) -> None:
                attention.zero_grad()
                attention(x, evaluation).sum().backward()

            seconds.append(measure.median_seconds(step, 5, 2))
    faster = [
        length
        for k, length in enumerate(lengths)
        if all(f < d for f, d in zip(fast[k:], dense[k:], strict=True))
    ]
    return {
        "lengths": lengths,
        "dense": dense,
        "fft": fast,
        "crossover": min(faster, default=None),
    }


def long_input() -> dict[str, float]:
    """Forward and backward by FFT on 65,536 tokens, 8 heads, dimension 16, float64."""
    attention = Attention(16, HEADS, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 65_536, 16, generator=generator, dtype=torch.float64)
    start = time.perf_counter()
    attention(x, "fft").square().mean().backward()
    return {"seconds": time.perf_counter() - start, "peak_bytes": measure.peak_bytes()}


def held(length: int) -> dict[str, float]:
    """Bytes that a dense step holds: counted, and by how much the process grew."""
    attention = Attention(DIMENSION, HEADS)
    x = torch.randn(1, length, DIMENSION, generator=torch.Generator().manual_seed(0))

    def step(x: Tensor) -> None:
        attention.zero_grad()
        attention(x).square().sum().backward()

    step(x[:, :32])  # what torch needs once
    before = measure.peak_bytes()
    step(x)
    grown = measure.peak_bytes() - before
    return {"grown": grown, "counted": measure.held_bytes(lambda: step(x))}


def agreement() -> dict[str, float]:
    """Largest difference of any evaluation from the dense one, gradients included."""
    worst = 0.0
    x = torch.randn(
        2, 300, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    for position in ("lin", "log", "kerple-log", "t5"):
        for normalisation in ("finite", "infinite", "none"):
            for score in ("none", "dot", "tmx"):
                if position == "t5" and normalisation == "infinite":
                    continue
                if score == "tmx" and position not in ("lin", "log"):
                    continue
                worst = max(worst, _disagreement(position, normalisation, score, x))
    return {"difference": worst}


def _disagreement(position: str, normalisation: str, score: str, x: Tensor) -> float:
    attention = Attention(
        *(3, 4, position),
        score=score,
        normalisation=normalisation,
        slopes=torch.linspace(1.05, 3, 4),
        dtype=torch.float64,
    )

    def run(evaluation: str) -> list[Tensor]:
        attention.zero_grad()
        tokens = x.clone().requires_grad_()
        out = attention(tokens * 0.5, evaluation)[:, -1]
        out.square().sum().backward()
        assert tokens.grad is not None
        gradients = [
            torch.zeros_like(p) if p.grad is None else p.grad  # divided out, for TMX
            for p in attention.parameters()
        ]
        return [out.detach(), tokens.grad, *gradients]

    def everywhere(evaluation: str) -> Tensor:
        return attention(x * 0.5, evaluation).detach()

    whole = [] if score == "dot" else ["fft"]
    whole += ["recurrence"] if whole and position == "lin" else []
    worst = 0.0
    for evaluation in ("last", *whole):
        for a, b in zip(run("dense"), run(evaluation), strict=True):
            worst = max(worst, (a - b).abs().max().item())
    for evaluation in whole:
        off = everywhere("dense") - everywhere(evaluation)
        worst = max(worst, off.abs().max().item())
    return worst


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "last_position_step": last_position_step,
    "dense_rival_step": dense_rival_step,
    "cell_4a": cell_4a,
    "crossover": crossover,
    "long_input": long_input,
    "held": held,
    "agreement": agreement,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(PARTS[sys.argv[1]](*map(int, sys.argv[2:]))))
