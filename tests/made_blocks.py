"""Blocks of attention, tokens and gradients for the tests of `tapx.network`."""

import torch
from made_draws import F64, draw, seeded

from tapx.network.attention import Attention
from tapx.network.language_model import LanguageModel
from tapx.network.positions import PerLag


def tokens(batch, time, dimension=2, seed=0):
    """As `draw`, of the shape that a block reads."""
    return draw(batch, time, dimension, seed=seed)


def block(
    position,
    normalisation="finite",
    score="none",
    heads=3,
    dimension=2,
    seed=0,
    slopes=None,
):
    """A float64 block of so many heads, or of these slopes; "per-lag" is random."""
    slopes = torch.linspace(1.1, 3, heads) if slopes is None else slopes
    heads = len(slopes)
    if position == "per-lag":
        position, slopes = PerLag(heads, 64, dtype=F64), None
        with torch.no_grad():
            position.bias.copy_(draw(heads, 64, seed=seed + 1))
    return Attention(
        *(dimension, heads, position),
        score=score,
        normalisation=normalisation,
        slopes=slopes,
        generator=seeded(seed),
        dtype=F64,
    )


def language_model(**given):
    """A small one: eleven words, two layers of three heads."""
    sizes = {"vocabulary": 11, "dimension": 6, "layers": 2, "heads": 3, "context": 12}
    return LanguageModel(**(sizes | given))


def others(position, score):
    """The evaluations besides the dense one."""
    if score == "dot":
        return ("last",)
    return ("last", "fft", "recurrence") if position == "lin" else ("last", "fft")


def size(values):
    """What 1e-10 is relative to: exponentials of products of tokens may be large."""
    return max(1.0, values.abs().max().item())


def with_gradients(module, x, run, loss):
    """What run makes of the module and x; gradients of the loss by x and parameters."""
    module.zero_grad()
    x = x.clone().requires_grad_()
    out = run(module, x)
    (loss(out) + 0 * x.sum()).backward()  # a blind head has no graph
    gradients = {name: p.grad for name, p in module.named_parameters()}
    return out.detach(), gradients | {"x": x.grad}


def assert_alike(found, wanted, relative=1e-10):
    """Gradients agree; one that has no influence may be missing."""
    for name, gradient in wanted.items():
        if found[name] is None:
            assert gradient is None or gradient.abs().max() < relative * size(
                wanted["x"]
            ), name
            continue
        assert torch.isfinite(found[name]).all(), name
        assert (found[name] - gradient).abs().max() < relative * size(gradient), name
