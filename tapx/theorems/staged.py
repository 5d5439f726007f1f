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
from tapx.readouts import two_layer
from tapx.readouts.memory_functions import coordinate_slopes, interpolating_net
from tapx.readouts.two_layer import TwoLayerNet
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems.certificate import check_reach
from tapx.theorems.stage_network import network
from tapx.theorems.staged_built import BuiltStages, block_rounding
from tapx.theorems.stages import Stage
from tapx.theorems.theorem_3_1 import allocate

KERNELS = ("best", "bump")


def build(
    target: AdaptiveMemory,
    plan: tuple[Stage, ...],
    heads: int,
    position: str,
    width: int | None,
    kernel: str,
    *,
    score: str = "dot",
    length: int,
    seed: int,
) -> BuiltStages:
    """The network of a plan, with its certificate; see `theorem_4_1.construct`.

    Args:
        target: its readout must be a `TwoLayerNet`.
        plan: what each layer fetches and computes.
        heads: heads of each layer, shared among the memories that a layer fetches.
        position: "lin" or "log".
        width: neurons of each FFN, or None for exact FFNs.
        kernel: "best" or "bump".
        score: "dot", for which the stream holds lags (lin) or their logarithms (log),
            or "tmx", for which it holds the lags themselves.
        length: the longest input, in tokens, that `error` covers in float64.
        seed: of sampled FFNs.
    """
    family = Family.of(position)
    one_of(kernel, KERNELS, "kernel")
    pointers = "lag" if score == "tmx" or family is LIN else "log"
    if not isinstance(target.readout, TwoLayerNet):
        raise TypeError(
            "the construction needs a readout of known norm and slope, a TwoLayerNet, "
            f"not {type(target.readout).__name__}"
        )
    check_reach(length, target.reach)
    kernels = _kernels(target, plan, heads, family, kernel, length)
    generator = torch.Generator().manual_seed(seed)
    exact = memory_nets(target, pointers)
    nets = _sampled(exact, plan, width, generator)
    size = target.input_dimension
    margins = _margins(target, nets, kernels, pointers, length, heads)
    _refuse_wrong_lags(target, nets, margins, pointers, width, heads)
    readout, net, readout_error = target.readout, target.readout, 0.0
    if width is not None and width < readout.width:
        net = two_layer.sample(readout, width, generator)
        blocks = [
            balls.upper(k.uniform_error) + block_rounding(k, length, heads, size)
            for k in kernels
        ]
        # What the last attention hands over lies in this box.
        radius = 1 + max(blocks)
        _, readout_error = two_layer.sup_distance_certified(readout, net, radius)
    model = network(
        *(target, plan, kernels, nets, net, heads, position, score, pointers)
    )
    return BuiltStages(
        model=model,
        target=target,
        plan=plan,
        kernels=kernels,
        memory_nets=nets,
        margins=margins,
        readout=readout,
        net=net,
        length=length,
        readout_error=readout_error,
    )


def token_tuples(target: AdaptiveMemory, memory: int) -> Tensor:
    """All the tuples of tokens that a memory function reads, one a row."""
    arity = min(memory, target.depth) + 1
    tuples = itertools.product(target.alphabet, repeat=arity)
    return torch.stack([torch.cat(tokens) for tokens in tuples])


def memory_nets(target: AdaptiveMemory, pointers: str) -> tuple[TwoLayerNet, ...]:
    """One net a memory with the lag, or its logarithm, at all tuples of tokens."""
    nets = []
    for k, table in enumerate(target.tables):
        values = table.flatten().double()
        values = values if pointers == "lag" else values.log()
        nets.append(interpolating_net(token_tuples(target, k), values))
    return tuple(nets)


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
                found[k] = adaptive.best(lags, count, family, bits)
                continue
            ideal = adaptive.bump(lags[-1], count, family, lags=lags)
            rates = ideal.float_rates.tolist()
            weights = ideal.float_weights.tolist()
            if not all(map(math.isfinite, weights)):
                raise ValueError(
                    f"the 'bump' kernel for lag {lags[-1]} with {count} heads has "
                    "weights beyond float64's range; take fewer heads or kernel='best'"
                )
            found[k] = AdaptiveKernel.of(family, rates, weights, lags)
    return tuple(
        AdaptiveKernel.of(
            family, k.float_rates.tolist(), k.float_weights.tolist(), k.lags
        )
        for k in (found[index] for index in range(len(target.tables)))
    )


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
    kernels: Sequence[AdaptiveKernel],
    pointers: str,
    length: int,
    heads: int,
) -> tuple[float, ...]:
    """For each memory function, how far its net stays from a wrong rounding."""
    size = target.input_dimension
    blocks = [0.0] + [
        balls.upper(k.uniform_error) + block_rounding(k, length, heads, size)
        for k in kernels
    ]
    margins = []
    for k, net in enumerate(nets):
        lags = target.tables[k].flatten().double()
        if pointers == "lag":
            wanted, threshold = lags, torch.full_like(lags, 0.5)
        else:
            # exp(z) rounds to g if |z - log g| < log(1 + 1 / (2 g)).
            wanted, threshold = lags.log(), torch.log1p(1 / (2 * lags))
        points = token_tuples(target, k)
        own = (net(points) - wanted).abs()
        slopes = coordinate_slopes(net).reshape(-1, size).norm(dim=1).tolist()
        carried = sum(
            slope * error
            for slope, error in zip(slopes, blocks[: len(slopes)], strict=True)
        )
        units = (net.width + net.dimension + 8) * 2.0**-52
        slack = units * net.norm * (1 + max(blocks[: len(slopes)]))
        margins.append(float((threshold - own).min()) - carried - slack)
    return tuple(margins)


def _refuse_wrong_lags(
    target: AdaptiveMemory,
    nets: Sequence[TwoLayerNet],
    margins: Sequence[float],
    pointers: str,
    width: int | None,
    heads: int,
) -> None:
    """Refuse a network that may round to a wrong lag, and say what would help."""
    for k, margin in enumerate(margins):
        if margin > 0:
            continue
        lags = target.tables[k].flatten().double()
        wanted = lags if pointers == "lag" else lags.log()
        room = 0.5 if pointers == "lag" else math.log1p(1 / (2 * float(lags.max())))
        own = float((nets[k](token_tuples(target, k)) - wanted).abs().max())
        if own >= room:
            raise ValueError(
                f"with width {width} the net of memory function g_{k + 1} errs by "
                f"{own:.3g}, and rounding needs less than {room:.3g}; take a larger "
                "width, or None for an exact net"
            )
        raise ValueError(
            f"{heads} heads are too few for memory function g_{k + 1}: the attention's "
            f"errors may move what is rounded by {-margin:.3g} too much; each layer "
            f"needs more heads, at least {max(target.largest_lags) + 1} for one lag of "
            f"{max(target.largest_lags)}"
        )


def refuse_depth(target: AdaptiveMemory, result: str) -> None:
    """Refuse nested memories where a result is about depth 0.

    Raises:
        ValueError: naming the depth and the result that covers it.
    """
    if target.depth:
        raise ValueError(
            f"{result} is about lags that the current token chooses, depth 0, not "
            f"{target.depth}; for nested memories use theorem_4_4.construct"
        )
