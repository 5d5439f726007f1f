"""Counting: proper probabilities, the known entropy, and the rule done slowly."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from tapx.experiments.language import ngrams


def slow(train, held_back, vocabulary, order):
    """Witten and Bell's rule, one token after the other."""
    counts = defaultdict(Counter)
    for length in range(order):
        for at in range(length, len(train)):
            counts[tuple(train[at - length : at])][train[at]] += 1

    def chance(context, token):
        shorter = 1 / vocabulary
        for length in range(len(context) + 1):
            seen = counts[tuple(context[len(context) - length :])]
            if seen:
                total = sum(seen.values())
                shorter = (seen[token] + len(seen) * shorter) / (total + len(seen))
        return shorter

    return [
        -np.mean(
            [
                np.log(chance(held_back[at - length : at], held_back[at]))
                for at in range(order - 1, len(held_back))
            ]
        )
        for length in range(order)
    ]


def test_against_the_slow_rule():
    rng = np.random.default_rng(0)
    train, held_back = rng.integers(0, 5, 300), rng.integers(0, 6, 80)
    got = ngrams.losses(train, held_back, 6, 3)
    want = slow(train.tolist(), held_back.tolist(), 6, 3)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_finds_the_entropy_of_a_chain():
    rng = np.random.default_rng(1)
    steps = rng.choice([0, 1], p=[0.9, 0.1], size=200_000)
    ids = np.cumsum(steps) % 7
    one, two, three = ngrams.losses(ids[:150_000], ids[150_000:], 7, 3)
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert one == pytest.approx(np.log(7), rel=0.01)
    assert two == pytest.approx(entropy, rel=0.03)
    assert three == pytest.approx(entropy, rel=0.03)


def test_mapped_ids_of_16_bits():
    ids = (np.arange(5000) % 777 * 13).astype(np.uint16)
    assert ngrams.losses(ids, ids, 50257, 2)[1] < 1.0
