"""What each evaluation of attention costs at least, counted by formula.

Operations and bytes of one block of heads (section 2 of the paper, TMX from section
4.3), for position lin, whose lag 0 is visible. Divided by the best rates of a machine
(`measure.machine`) they give a time that the evaluation cannot beat: its floor. What
the code does beyond what the *method* needs, such as forming the masked half of a
matrix, shows in the multiple of the floor that is measured.
"""

import math
from dataclasses import dataclass

from tapx.checks import at_least, one_of
from tapx.experiments.cost.measure import Machine
from tapx.network.heads import SCORES

EVALUATIONS = ("dense", "rows", "matrix", "keys", "last", "fft", "recurrence")
ITEM = 4  # bytes of a number
MEMORIES = ("keys and values", "tokens", "states")


@dataclass(frozen=True)
class Count:
    """Operations and bytes, forward, or forward and backward.

    Attributes:
        operations: multiplications, additions, and exponentials, each counted as one.
        bytes: read from memory or written to it.
    """

    operations: float
    bytes: float

    def seconds(self, machine: Machine) -> float:
        """The floor: the longer of computing at full rate and moving at full rate."""
        return max(
            self.operations / machine.operations_per_second,
            self.bytes / machine.bytes_per_second,
        )


def has(evaluation: str, score: str) -> bool:
    """Whether a lin block of this score has this evaluation.

    "rows", "matrix" and "keys" are those of `tapx.network.practice`, under softmax,
    where "tmx" would be "none".

    Raises:
        ValueError: an unknown evaluation or score.
    """
    one_of(evaluation, EVALUATIONS, "evaluation")
    one_of(score, SCORES, "score")
    if evaluation in ("fft", "recurrence"):
        return score != "dot"
    return evaluation in ("dense", "last") or score != "tmx"


def count(
    evaluation: str,
    score: str,
    time: int,
    heads: int,
    dimension: int,
    *,
    backward: bool = False,
) -> Count:
    """Least operations and bytes of one lin block of attention, of one input.

    With `backward` the gradients of parameters and tokens are counted as well: a
    product of two numbers that both need a gradient costs two more, a transform one
    more, an exponential none, and each array that was moved is moved again.

    Raises:
        ValueError: an unknown or missing evaluation, or a number below 1.
    """
    if not has(evaluation, score):
        raise ValueError(
            f"no evaluation {evaluation!r} with score {score!r}; "
            "'dense' and 'last' have every score"
        )
    at_least(1, time=time, heads=heads, dimension=dimension)
    last = evaluation == "last"
    asking = 1 if last else time
    weights = heads * (time if last else time * (time + 1) // 2)
    # What a head gathered goes through W_V, and the sum over heads through W_O.
    products = 2 * asking * (heads * dimension**2 + dimension**2)
    exponentials, transforms = weights, 0.0
    moved = (time + asking) * dimension  # tokens in, outputs out
    if evaluation == "recurrence":
        products += 2 * time * heads * dimension
        exponentials = heads
    elif evaluation == "fft":
        exponentials = heads * time
        length = 2 * time - 1
        sequences = dimension + heads + heads * dimension
        # Half the split-radix count 4 n log2 n of a complex transform.
        transforms = 2 * length * math.log2(length) * sequences if time > 1 else 0
        products += 3 * length * heads * dimension  # of complex numbers
        moved += sequences * 2 * length
    else:
        products += 2 * weights * dimension
        if score == "dot":
            products += 2 * weights * dimension
            # Queries and keys; at one position the key matrix moves to the query.
            products += 4 * asking * heads * dimension**2
    if score == "tmx":
        products += asking * heads * 2 * dimension
        exponentials += asking * heads
    if evaluation in ("dense", "rows"):
        moved += 2 * weights  # each written once and read once
    if evaluation in ("matrix", "keys"):
        moved += 2 * time * heads * dimension  # values in, gathered values out
    if evaluation == "matrix":
        moved += 2 * weights
    if backward:
        products, transforms, moved = 3 * products, 2 * transforms, 2 * moved
    return Count(products + transforms + exponentials, ITEM * moved)


def weight_bytes(time: int, heads: int) -> int:
    """Bytes of one array (heads, time, time): one number for each weight."""
    at_least(1, time=time, heads=heads)
    return ITEM * heads * time**2


def kept_numbers(memory: str, past: int, heads: int, dimension: int) -> int:
    """Numbers that one sequence must keep of `past` tokens to take its next.

    The memory is "keys and values" (a row of D numbers each, for every head and token:
    the usual cache, with the D by D heads of the paper), "tokens" (keys and values are
    matrices times tokens, so the tokens do), or "states" (lin without dot product:
    ``h_t`` and the running denominator of each head).

    Raises:
        ValueError: an unknown memory, or a number below 1.
    """
    one_of(memory, MEMORIES, "memory")
    at_least(1, past=past, heads=heads, dimension=dimension)
    return {
        "keys and values": 2 * heads * dimension * past,
        "tokens": dimension * past,
        "states": heads * dimension + heads,
    }[memory]


def token_operations(memory: str, past: int, heads: int, dimension: int) -> int:
    """Operations that the next token costs, with what `kept_numbers` counts kept.

    With dot products each head compares the token with the whole past and gathers
    from it; with states it multiplies and adds once.
    """
    one_of(memory, MEMORIES, "memory")
    at_least(1, past=past, heads=heads, dimension=dimension)
    combine = 2 * (heads + 1) * dimension**2
    if memory == "states":
        return combine + 2 * heads * dimension + 2 * heads
    # Query, and the key matrix: applied to the new token, or moved to the query.
    return combine + 4 * heads * dimension**2 + 4 * heads * dimension * past
