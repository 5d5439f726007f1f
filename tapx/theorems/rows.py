"""The sixteen results of the paper as rows, each with a small target of its kind."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from tapx.kernels import adaptive, balls, decaying, proofs, search
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Kernel
from tapx.limits import affine_minimax, recall
from tapx.readouts import exact_nets, two_layer
from tapx.result import Result
from tapx.targets.adaptive import AdaptiveMemory, boolean_example
from tapx.targets.memories import EssentialMemory, FixedMemory
from tapx.theorems import (
    adaptive_errors,
    lemmas,
    proof_spacing,
    proposition_4_2,
    proposition_4_3,
    proposition_4_5,
    theorem_4_1,
    theorem_5_1,
)
from tapx.theorems.answers import Bound, chosen, fixed_memories, nested_memories, row


def _recall(id: str, family: Family, lag: int, *words: str, **more: Any) -> Result:
    """A lemma about deltas up to a lag: one of them, or all by one kernel."""
    return row(
        id,
        *words,
        bound_at=lambda heads, order: lemmas.recall_bound(family, lag, heads, order),
        floor_at=lambda heads: float(heads < family.heads_to_recall(lag)),
        no_memory=1.0,
        **more,
    )


def _fixed_lag(id: str, family: Family, lag: int, heads: int) -> Result:
    spacing = proof_spacing.recall_spacing(family, lag)
    return _recall(
        *(id, family, lag),
        f"{family.word.capitalize()}s recall a fixed lag at any polynomial rate in "
        "their number.",
        "lemma-G.5",
        chapter="kernels",
        target=f"the delta at lag {lag}, over all lags",
        default=heads,
        construct=lambda heads: proofs.bump(lag, heads, family, *spacing),
        error=lambda kernel: balls.upper(kernel.l1_error),
        best_at=lambda heads: balls.upper(
            search.best_delta(lag, heads, family).l1_error
        ),
    )


def _chosen_lag(id: str, family: Family, lag: int, fixed: str) -> Result:
    return _recall(
        *(id, family, lag),
        f"The same {family.word}s recall every lag up to T that a token may ask for.",
        fixed,
        chapter="kernels-adaptive",
        target=f"the deltas at the lags 1 to {lag}, one kernel for all",
        default=16,
        construct=lambda heads: adaptive.bump(
            lag, heads, family, *proof_spacing.recall_spacing(family, lag)
        ),
        error=lambda kernel: balls.upper(kernel.uniform_error),
    )


def _decays(id: str, family: Family, decay: float) -> Result:
    memory = Kernel.of(family, [decay], [1])
    order = 2 if family is LIN else max(1, round(decay) - 2)
    spacing = proof_spacing.decay_spacing(family, decay, order)

    return row(
        id,
        f"{family.word.capitalize()}s come as near as one likes to every kernel that "
        "decays like one of them.",
        "lemma-G.5",
        chapter="kernels-adaptive",
        target=f"every kernel below the {family.word} of decay {decay:g}; it is built",
        default=16,
        construct=lambda heads: decaying.bumps(memory, heads, family, *spacing),
        error=lambda kernel: balls.upper(kernel.l1_error),
        bound_at=_allowed_orders(family, 1, decay),
        best_at=lambda heads: recall.class_optimum(family, 1, decay, heads),
        rivals="heads whose rates are the same for every kernel of the class",
        no_memory=balls.upper(family.tail(balls.exact(decay))),
    )


def _allowed_orders(
    family: Family, amplitude: int, decay: float, *spacing: float
) -> Bound:
    """`lemmas.decay_bound`, infinite at orders that it does not allow."""

    def bound(heads: int, order: int) -> float:
        if order > min(lemmas.largest_order(family, decay, *spacing), heads):
            return math.inf
        return lemmas.decay_bound(family, amplitude, decay, heads, order, *spacing)

    return bound


# A token of an even alphabet asks for its lag, and the answer is that token.
CHOSEN: Any = AdaptiveMemory(
    torch.linspace(-1, 1, 3, dtype=torch.float64)[:, None],
    [torch.tensor([1, 2, 3])],
    exact_nets.linear([0.0, 1.0]),
)


_asked = partial(
    chosen,
    target=CHOSEN,
    of="the token at lag 1, 2 or 3, as the current token asks, lin",
)


def _one_layer(heads: int, order: int) -> float:
    return adaptive_errors.one_layer_error(CHOSEN.largest_lags, heads, order, "lin")


def _looked_up(*window: Any) -> Any:  # the current token first
    return window[1 + int(window[0])]


def _sparse() -> Result:
    memories = [Kernel.of(LIN, [1], [1]), Kernel.of(LIN, [1, 2], [2, -1])]
    spacing = proof_spacing.decay_spacing(LIN, 1.0, 2)
    readout = two_layer.relu_sum(two_layer.normal_directions(6, 2, 0))
    target = EssentialMemory(memories, readout)
    each = _allowed_orders(LIN, 2, 1.0, *spacing)

    def construct(heads: int) -> Any:
        share = heads // 2
        kernels = [decaying.bumps(memory, share, LIN, *spacing) for memory in memories]
        return theorem_5_1.construct(
            target, 2 * share, kernel=kernels, lag_zero="heads"
        )

    return row(
        "thm-5.1",
        "One layer without dot products computes any Barron function of memories that "
        "decay: exponentially with lin, like a power with log.",
        "lemma-F.3 lemma-F.6 lemma-G.6",
        target="six neurons on two exponential memories of decay 1, lin",
        default=16,
        construct=construct,
        bound_at=lambda heads, order: (
            readout.lipschitz * math.sqrt(2) * each(heads // 2, order)
        ),
    )


RESULTS = (
    row(
        "lemma-G.5",
        "A function with n bounded derivatives has a polynomial of m coefficients as "
        "near as m to the minus n, up to a constant (Jackson).",
        chapter="kernels",
        target="any function on [0, 1] whose derivatives up to the order are at most 1",
        size="coefficients",
        bound_at=lambda size, order: balls.upper(lemmas.jackson(order, size)),
    ),
    row(
        "lemma-G.6",
        "A Barron function has a net of m neurons as near as its norm over the root "
        "of m, up to a constant.",
        chapter="barron",
        target="|x| on [-2, 2], Barron norm 2",
        size="neurons",
        bound_at=lambda size, order: lemmas.readout(2.0, size, 1),
        best_at=lambda size: 0.0 if size >= 2 else 1.0,
        no_memory=1.0,
    ),
    row(
        "prop-C.1",
        "Rounding e to the z moves its logarithm by at most one over twice the number.",
        chapter="thm-4.1",
    ),
    _fixed_lag("lemma-F.1", LIN, 10, 16),
    _chosen_lag("lemma-F.2", LIN, 3, "lemma-F.1"),
    _decays("lemma-F.3", LIN, 1.0),
    _fixed_lag("lemma-F.4", LOG, 3, 8),
    _chosen_lag("lemma-F.5", LOG, 3, "lemma-F.4"),
    _decays("lemma-F.6", LOG, 3.0),
    fixed_memories(
        FixedMemory((3, 7), two_layer.relu_sum(two_layer.normal_directions(8, 3, 0))),
        words="eight neurons on the tokens at lags 0, 3 and 7, lin, the readout exact",
    ),
    _asked(
        "thm-4.1",
        "Two layers fetch the tokens at lags that the current token chooses.",
        "lemma-F.2 lemma-F.5 lemma-G.6 prop-C.1",
        by=theorem_4_1,
        bound=_one_layer,
    ),
    row(
        "prop-4.2",
        "A layer with dot products lets a token choose its lag; without them a layer "
        "is affine in the tokens and errs by 1 or more.",
        target="the token at lag 0, 1 or 2, as the current token asks",
        default=6,
        construct=proposition_4_2.normalisation_free,
        floor_at=lambda heads: float(
            affine_minimax.best(_looked_up, (-1, 0, 1), 3).error
        ),
        rivals="layers without dot products",
        no_memory=1.0,
        published="without dot products at least 2/3",
    ),
    _asked(
        "prop-4.3",
        "A product of one vector with the token, inside the position function, does "
        "what the dot product does.",
        "thm-4.1",
        by=proposition_4_3,
        bound=_one_layer,
    ),
    nested_memories(
        boolean_example(),
        words="the paper's product of three signs behind two pointers, lin",
    ),
    _asked(
        "prop-4.5",
        "A layer for each memory saves heads and neurons in each layer.",
        "thm-4.1 thm-4.4",
        by=proposition_4_5,
        bound=lambda heads, order: proposition_4_5.bound(CHOSEN, heads, order, "lin"),
        size="heads a layer",
    ),
    _sparse(),
)
