import math
import time
from multiprocessing import get_context

import pytest
import torch

from tapx.experiments.cost import measure
from tapx.network.attention import Attention


def test_turns_are_taken_in_order():
    told = []
    steps = {name: lambda name=name: told.append(name) for name in "ab"}
    found = measure.take_turns(steps, 3, least_seconds=0)
    # Each has a watched run and one that tells how often to repeat it.
    assert told[:4] == ["a", "a", "b", "b"]
    assert "".join(told[4:]) in ("ababab", "abab")
    assert set(found) == {"a", "b"}


def test_sleeping_is_not_work():
    found = measure.take_turns({"sleep": lambda: time.sleep(0.02)}, 1)
    assert found["sleep"].seconds < 0.01


def test_work_is_measured_in_proportion():
    def work(n):
        return lambda: math.fsum(range(n))

    found = measure.take_turns({"one": work(20_000), "ten": work(200_000)}, 5)
    assert 4 < found["ten"].seconds / found["one"].seconds < 25


def test_patience():
    told = []

    def step():
        told.append(1)
        sum(range(3_000_000))

    measure.take_turns({"slow": step}, 50, patience=1e-4)
    assert len(told) == 1  # the watched run is its only turn


def test_held_bytes_counts_what_is_alive():
    size = 4 * 1000

    def step():
        a = torch.ones(1000)
        b = a + 1  # two at once
        del a
        c = b.view(10, 100)[:5]  # a view holds nothing of its own
        return (c * 2).sum()

    assert 2 * size <= measure.held_bytes(step) < 2.6 * size
    assert measure.held_bytes(step) == measure.held_bytes(step)
    assert measure.held_bytes(lambda: None) == 0


def test_held_bytes_sees_the_backward_pass_and_not_the_inputs():
    weight = torch.ones(100, 100, requires_grad=True)

    def step():
        weight.grad = None
        (weight * weight).sum().backward()

    held = measure.held_bytes(step)
    assert 2 * 40_000 <= held <= 5 * 40_000
    kept = torch.ones(1000)
    assert measure.held_bytes(lambda: kept.view(10, 100).t()) == 0


def held(length):
    """Bytes that a dense step holds: counted, and by how much the process grew."""
    attention, x = Attention(4, 8), torch.ones(1, length, 4)

    def step(x):
        attention.zero_grad()
        attention(x).square().sum().backward()

    step(x[:, :32])  # what torch needs once
    before = measure.peak_bytes()
    step(x)
    grown = measure.peak_bytes() - before
    return measure.held_bytes(lambda: step(x)), grown


def test_held_bytes_are_those_of_the_process():
    """The count against the peak of a fresh process, where tensors are large."""
    with get_context("spawn").Pool(1) as pool:
        counted, grown = pool.apply(held, (2048,))
    assert counted > 4 * 8 * 2048**2 * 4  # arrays of weights
    assert grown == pytest.approx(counted, rel=0.1)


def test_rates_of_this_machine():
    found = measure.machine(size=128, megabytes=1, repeats=1)
    assert 1e7 < found.bytes_per_second < 1e13
    assert 1e8 < found.operations_per_second < 1e14


def test_where_lines_cross():
    lengths = [1, 2, 4, 8]
    assert measure.overtakes(lengths, [1, 3, 5, 9], [2, 2, 2, 2]) == 2
    assert measure.overtakes(lengths, [3, 1, 5, 9], [2, 2, 2, 2]) == 4
    assert measure.overtakes(lengths, [1, 1, 1, 1], [2, 2, 2, 2]) is None


def test_median_and_peak():
    assert 0 <= measure.median_seconds(lambda: None, 3, 1) < 0.1
    assert measure.peak_bytes() > 10**7
