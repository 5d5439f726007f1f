"""From a target with adaptive memories to a network: kernels, nets, conditions.

Every lag that an FFN computes is rounded, so it is exact as long as the FFN's own error
and what the attention's errors do to it stay below the rounding's threshold. For nested
memories that is a condition on the number of heads (Theorem 4.4); it is checked here
for every tuple of tokens.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from tapx.checks import one_of
from tapx.kernels import adaptive, balls
from tapx.kernels.adaptive import AdaptiveKernel
from tapx.kernels.family import LIN, Family
from tapx.kernels.nearest import in_float64
from tapx.readouts import memory_functions, two_layer
from tapx.readouts.memory_functions import interpolating_net
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems.certificate import check_reach
from tapx.theorems.one_layer import known_readout, readout_net
from tapx.theorems.stage_network import network
from tapx.theorems.staged_built import BuiltStages, block_rounding, carried
from tapx.theorems.stages import Stage
from tapx.theorems.theorem_3_1 import allocate

KERNELS = ("best", "bump")


def build(
    target: AdaptiveMemory,
    plan: tuple[Stage, ...],
    heads: int,
    position: str,
    width: int | None = None,
    kernel: str = "best",
    *,
    score: str = "dot",
    length: int = 64,
    seed: int = 0,
) -> BuiltStages:
    """The network of a plan, with its certificate.

    The heads of each layer are shared among the memories that it fetches. The score is
    "dot", for which the stream holds lags (lin) or their logarithms (log), or "tmx",
    for which it holds the lags themselves. The rest is as in `theorem_4_1.construct`.
    """
    family = Family.of(position)
    one_of(kernel, KERNELS, "kernel")
    pointers = pointers_of(position, score)
    readout = known_readout(target)
    check_reach(length, target.reach)
    kernels = _kernels(target, plan, heads, family, kernel, length)
    generator = torch.Generator().manual_seed(seed)
    exact = memory_nets(target, pointers)
    nets = _sampled(exact, plan, width, generator)
    size = target.input_dimension
    errors = tuple(balls.upper(k.uniform_error) for k in kernels)
    blocks = [
        error + block_rounding(k, length, heads, size)
        for k, error in zip(kernels, errors, strict=True)
    ]
    margins = _margins(target, nets, [0.0, *blocks], pointers, width, heads)
    # What the last attention hands over lies in this box.
    net, readout_error = readout_net(readout, width, 1 + max(blocks), generator)
    model = network(
        *(target, plan, kernels, nets, net, heads, position, score, pointers)
    )
    given = (model, target, length, readout_error, kernels, readout, net, errors)
    return BuiltStages(*given, plan, nets, margins)


def pointers_of(position: str, score: str = "dot") -> str:
    """What the stream holds of a memory function: "lag", or "log" for its logarithm.

    The score is "dot" or "tmx". ValueError for another position function.
    """
    return "lag" if Family.of(position) is LIN or score == "tmx" else "log"


def token_tuples(target: AdaptiveMemory, memory: int) -> Tensor:
    """All the tuples of tokens that a memory function reads, one a row."""
    arity = min(memory, target.depth) + 1
    tuples = itertools.product(target.alphabet, repeat=arity)
    return torch.stack([torch.cat(tokens) for tokens in tuples])


def pointed_at(
    target: AdaptiveMemory, memory: int, pointers: str
) -> tuple[Tensor, Tensor]:
    """What a memory function's net is to return, and how far it may be off.

    The lag at all tuples of tokens, or its logarithm: ``exp(z)`` rounds to g if
    ``|z - log g| < log(1 + 1 / (2 g))``.
    """
    lags = target.tables[memory].flatten().double()
    if pointers == "lag":
        return lags, torch.full_like(lags, 0.5)
    return lags.log(), torch.log1p(1 / (2 * lags))


def memory_nets(target: AdaptiveMemory, pointers: str) -> tuple[TwoLayerNet, ...]:
    """One net a memory with the lag, or its logarithm, at all tuples of tokens."""
    return tuple(
        interpolating_net(token_tuples(target, k), pointed_at(target, k, pointers)[0])
        for k in range(len(target.tables))
    )


def memory_slopes(target: AdaptiveMemory, position: str) -> tuple[float, ...]:
    """Lipschitz constants, or bounds, of the memory nets behind dot products.

    One a memory: of the net of g_i with lin, of that of log g_i with log. ValueError
    for another position function.
    """
    nets = memory_nets(target, pointers_of(position))
    return tuple(map(memory_functions.lipschitz, nets))


def _kernels(
    target: AdaptiveMemory,
    plan: Sequence[Stage],
    heads: int,
    family: Family,
    how: str,
    length: int,
) -> tuple[AdaptiveKernel, ...]:
    """A kernel for each memory, with the heads that its layer gives to it."""
    # What the sums over lags and heads lose (`block_rounding`) is no use to weights:
    # larger ones would drown the kernel's own error in rounding.
    terms = length + heads * target.input_dimension + 100
    bits = 53 - math.ceil(math.log2(terms))
    found: dict[int, AdaptiveKernel] = {}
    for stage in plan:
        largest = [target.largest_lags[k] for k in stage.fetch]
        shares = allocate(tuple(largest), heads, family.name) if largest else ()
        for k, count in zip(stage.fetch, shares, strict=True):
            lags = target.tables[k].unique().tolist()
            if how == "best":
                ideal = adaptive.best(lags, count, family, bits)
            else:
                ideal = adaptive.bump(lags[-1], count, family, lags=lags)
            base = in_float64(ideal.base)
            found[k] = AdaptiveKernel.of(family, base.rates, base.weights, ideal.lags)
    return tuple(found[k] for k in range(len(target.tables)))


def _sampled(
    exact: Sequence[TwoLayerNet],
    plan: Sequence[Stage],
    width: int | None,
    generator: torch.Generator,
) -> tuple[TwoLayerNet, ...]:
    """The memory nets at the width that a layer has for them."""
    nets = list(exact)
    if width is None:
        return tuple(nets)
    for layer, stage in enumerate(plan):
        room = width - (layer == 0)
        needed = sum(exact[k].width for k in stage.compute)
        if needed <= room:
            continue
        norms = [exact[k].norm for k in stage.compute]
        for k, norm in zip(stage.compute, norms, strict=True):
            count = math.floor(room * norm / sum(norms))
            if count < 1:
                raise ValueError(
                    f"width {width} leaves no neuron for memory function g_{k + 1}; "
                    f"{needed + (layer == 0)} neurons make layer {layer + 1} exact"
                )
            if count < exact[k].width:
                nets[k] = two_layer.sample(exact[k], count, generator)
    return tuple(nets)


def _margins(
    target: AdaptiveMemory,
    nets: Sequence[TwoLayerNet],
    blocks: Sequence[float],
    pointers: str,
    width: int | None,
    heads: int,
) -> tuple[float, ...]:
    """For each memory function, how far its net stays from a wrong rounding.

    `blocks` are errors of the current token and of the memories.
    """
    margins = []
    for k, net in enumerate(nets):
        wanted, threshold = pointed_at(target, k, pointers)
        own = (net(token_tuples(target, k)) - wanted).abs()
        moved, lost = carried(net, target.input_dimension, blocks, 1.0)
        margin = float((threshold - own).min()) - moved - lost
        margins.append(margin)
        if margin > 0:
            continue
        if own.max() >= threshold.min():
            raise ValueError(
                f"with width {width} the net of memory function g_{k + 1} errs by "
                f"{float(own.max()):.3g}, and rounding needs less than "
                f"{float(threshold.min()):.3g}; take a larger width, or None for an "
                "exact net"
            )
        lag = max(target.largest_lags)
        raise ValueError(
            f"{heads} heads are too few for memory function g_{k + 1}: the attention's "
            f"errors may move what is rounded by {-margin:.3g} too much; each layer "
            f"needs more heads, at least {lag + 1} for one lag of {lag}"
        )
    return tuple(margins)


def refuse_depth(target: AdaptiveMemory, result: str) -> None:
    """Refuse (ValueError) nested memories where a result is about depth 0."""
    if target.depth:
        raise ValueError(
            f"{result} is about lags that the current token chooses, depth 0, not "
            f"{target.depth}; for nested memories use theorem_4_4.construct"
        )
