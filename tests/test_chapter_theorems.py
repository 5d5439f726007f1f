"""The chapters on Theorems 3.1, 4.1, 4.4 and 5.1: what their sentences rest on."""

import pytest
import torch
from stored_book import claims, prose

from tapx.chapters import runs
from tapx.targets import influence, nested_targets


def test_digits_are_spoken_of_as_guarantees():
    text = prose("theorem-3-1")
    assert "guaranteed under any rounding of relative size $2^{-b}$" in text
    assert "beyond/eight-bit-weights-l1" in text
    group = claims()["thm-3.1/float32-error-of-the-far-group"]
    assert "under any rounding" in group.statement
    assert "what is short" not in group.statement


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("3.1", ["lin-certified-error", "log-certified-error"]),
        ("4.1", ["certified-error-lin", "certified-error-log"]),
        ("4.4", ["certified-error-K0", "certified-error-K3-log"]),
        ("5.1", ["certified-lin", "certified-log"]),
    ],
)
def test_certificates_in_float64_say_for_how_many_tokens(number, names):
    for name in names:
        statement = claims()[f"thm-{number}/{name}"].statement
        assert "tokens" in statement and "up to" in statement, statement
    words = prose(f"theorem-{number.replace('.', '-')}")
    assert "any length" in words or "2^{40}" in words


def test_length_that_the_rounding_term_covers():
    claim = claims()["thm-4.1/error-float64-length"]
    assert claim.verdict == "holds"
    assert claim.measured >= claim.reference


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_chain_of_switches_needs_the_last_constant_and_the_turns(depth):
    """What the chapter says of two layers, on all inputs."""
    links = nested_targets.switches(depth)
    rounds = influence.all_windows(links.alphabet, links.reach + 1)
    past = rounds.flip(1)[..., 0]  # column s is lag s
    answer = past[:, 0].clone()
    for level in range(1, depth + 1):
        plus, minus = past[:, 2 * level - 1], past[:, 2 * level]
        constant = plus == minus
        answer = torch.where(constant, plus, torch.where(plus > 0, answer, -answer))
    assert torch.equal(answer, links(rounds))
    assert "does not need $K$ layers" in prose("theorem-4-4")


def test_the_slope_of_one_layer_is_not_compared_with_a_jump():
    claim = claims()["thm-4.4/places-where-depth-wins"]
    assert "rounding, a jump, is left out" in claim.statement


def test_the_ledger_grants_lag_zero_what_the_text_grants():
    assert claims()["thm-5.1/log-from-lag-one-error"].verdict == "holds"
    refused = claims()["thm-5.1/log-lag-zero-error"]
    assert refused.verdict == "contradicted as printed"
    assert "thm-5.1/log-from-lag-one-error" in refused.statement


@pytest.mark.parametrize(
    ("chapter", "given"),
    [
        ("prop-4.3", {"heads": 3, "asked": [1]}),  # an error of nothing
        ("thm-4.4", {"tokens": 2, "depth": 1}),  # a memory function with one value
    ],
)
def test_nothing_is_no_divisor(chapter, given, tmp_path):
    """A chapter ends with its claims where an error or a slope is exactly 0."""
    assert runs.run(chapter, given, profile="smoke", output=tmp_path).claims
