import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tapx.experiments.cost import counts, measure
from tapx.network.attention import Attention
from tapx.network.streaming import BlockStream

SIZES = (16, 3, 5)  # T, H, D


def test_the_smallest_block_by_hand():
    # One token, one head, one number: weight, sum, value and output matrix.
    for way, numbers in {"dense": 2 + 2, "last": 2, "recurrence": 2}.items():
        found = counts.count(way, "none", 1, 1, 1)
        assert found == counts.Count(1 + 2 + 4, 4 * numbers), way


def test_the_formulas_of_the_chapter():
    time, heads, dimension = SIZES
    pairs = time * (time + 1) // 2
    combine = 2 * time * (heads + 1) * dimension**2
    found = counts.count("keys", "none", *SIZES).operations
    assert found == combine + heads * pairs * (2 * dimension + 1)
    dot = counts.count("keys", "dot", *SIZES).operations - found
    assert dot == 2 * heads * pairs * dimension + 4 * time * heads * dimension**2
    tmx = counts.count("recurrence", "tmx", *SIZES).operations
    tmx -= counts.count("recurrence", "none", *SIZES).operations
    assert tmx == time * heads * (2 * dimension + 1)
    last = counts.count("last", "none", *SIZES).operations
    assert last == combine / time + heads * time * (2 * dimension + 1)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("score", ["none", "dot"])
def test_torch_does_at_least_what_is_counted(score, backward):
    """The products of dense: the code forms the masked half of the weights too."""
    time, heads, dimension = SIZES
    block = Attention(dimension, heads, score=score)
    x = torch.randn(1, time, dimension).requires_grad_()
    with FlopCounterMode(display=False) as counter:
        out = block(x).square().sum()
        if backward:
            out.backward()
    found = counts.count("dense", score, *SIZES, backward=backward).operations
    exponentials = heads * time * (time + 1) // 2
    masked = heads * time * (time - 1) * dimension * (2 if score == "dot" else 1)
    done = counter.get_total_flops() - (3 if backward else 1) * masked
    assert found - exponentials <= done <= 1.05 * found


def test_growth():
    def ratio(way, score):
        found = [counts.count(way, score, n, 2, 8).operations for n in (2**14, 2**15)]
        return found[1] / found[0]

    assert ratio("keys", "dot") == pytest.approx(4, rel=1e-2)
    assert ratio("fft", "none") == pytest.approx(2 * 15.5 / 14.5, rel=2e-2)
    assert ratio("recurrence", "tmx") == pytest.approx(2, rel=1e-3)
    assert ratio("last", "dot") == pytest.approx(2, rel=1e-2)


def test_which_evaluations_there_are():
    assert not counts.has("fft", "dot")
    assert not counts.has("keys", "tmx")
    assert counts.has("last", "tmx")


def test_the_floor_is_the_longer_of_two_times():
    machine = measure.Machine(bytes_per_second=10.0, operations_per_second=100.0)
    assert counts.Count(200, 10).seconds(machine) == 2
    assert counts.Count(100, 50).seconds(machine) == 5


def test_what_is_kept_is_what_the_stream_keeps():
    stream = BlockStream(Attention(5, 3, "lin"))
    stream.step(torch.ones(1, 5))
    assert counts.kept_numbers("states", 1000, 3, 5) == stream.kept
    assert counts.kept_numbers("tokens", 10, 3, 5) == 50
    assert counts.kept_numbers("keys and values", 10, 3, 5) == 300


def test_the_next_token():
    states = [counts.token_operations("states", n, 3, 5) for n in (1, 1000)]
    tokens = [counts.token_operations("tokens", n, 3, 5) for n in (1, 1000)]
    assert states[0] == states[1]
    assert tokens[1] - tokens[0] == 999 * 4 * 3 * 5


def test_the_arrays_that_do_not_fit():
    assert counts.weight_bytes(65536, 2) == 2**35
