"""Networks with adaptive memories: the certificate holds, at every stage plan."""

import math

import pytest
import torch
from made_draws import F64, whole
from made_nets import rounded
from made_networks import SIGNS, chain, measured

from tapx.kernels import balls
from tapx.readouts import exact_nets, rounding, two_layer
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import proposition_4_3, theorem_4_1

TARGET = AdaptiveMemory(
    [[-1.0], [0.0], [1.0]], ([3, 1, 2],), exact_nets.linear([0.0, 1.0])
)


def test_normalised_attention_forgets_what_the_token_asks(position):
    """Question 5: under softmax the token's part of the logit cancels.

    The value matrices are scaled so that tokens that ask for lag 2 get it.
    """
    target = AdaptiveMemory(SIGNS, ([1, 2],), exact_nets.linear([0.0, 1.0]))
    built = theorem_4_1.construct(target, 4, position)
    inputs = built.exhaustive_inputs(12)
    asks_for_two = inputs[:, -1, 0] < 0
    attention = built.model.attentions[1]
    with torch.no_grad():
        before = (built.model(inputs, "last") - target(inputs)).abs()
        attention.normalisation = "infinite"
        lag = (
            2.0**attention.slopes
            if position == "log"
            else torch.exp(2 * attention.slopes)
        )
        scales = attention.position.infinite_sum(attention.slopes) * lag
        attention.value *= scales[:, None, None]
        after = (built.model(inputs, "last") - target(inputs)).abs()
    assert float(before.max()) <= built.error
    assert float(after[asks_for_two].max()) < 1e-3
    assert float(after[~asks_for_two].max()) > 0.99


@pytest.mark.parametrize("result", [theorem_4_1, proposition_4_3])
def test_rounding_is_covered(result, position):
    """The network in float64 against its own kernel, summed with exact values."""
    built = result.construct(TARGET, 7, position)
    inputs = built.adversarial_inputs()
    with torch.no_grad():
        found = built.model(inputs, "last")
    worst = 0.0
    for x, answer in zip(inputs[..., 0].flip(1), found.tolist(), strict=True):
        lag = int(TARGET.tables[0][int(x[0]) + 1])
        values = built.kernels[0].values(range(len(x)), lag)
        worst = max(worst, abs(math.fsum((values * x.numpy()).tolist()) - answer))
    assert 0 < worst <= built.rounding_error
    assert built.rounding_error < 0.1


def test_margins_are_those_of_the_rounding(position):
    """Exact nets leave all of the threshold, log(1 + 1/(2T)) with log."""
    built = theorem_4_1.construct(TARGET, 6, position)
    (margin,) = built.margins
    assert margin == pytest.approx(rounding.margin(3, position), rel=1e-9)


def test_the_certificate_is_the_worst_over_all_tokens(position):
    built = theorem_4_1.construct(TARGET, 6, position)
    each = [balls.upper(built.kernels[0].l1_error(lag)) for lag in (1, 2, 3)]
    assert built.errors == (max(each),)
    for row, token in enumerate(TARGET.alphabet):
        inputs = TARGET.alphabet[whole(0, 3, 64, 30, seed=row)]
        inputs[:, -1] = token
        lag = int(TARGET.tables[0][row])
        assert built.worst_over(inputs) <= each[lag - 1] + built.rounding_error


def test_a_sampled_readout_has_its_certified_error():
    exact = theorem_4_1.construct(chain(0, 1), 4)
    assert exact.net is exact.readout
    assert exact.readout_error == 0
    directions = torch.linspace(-1, 1, 40, dtype=F64).reshape(20, 2)
    readout = two_layer.relu_sum(directions / 20)
    target = AdaptiveMemory(SIGNS, ([1, 2],), readout)
    built = theorem_4_1.construct(target, 4, width=8, seed=1)
    assert built.model.feed_forwards[1].inner.shape[0] == 8
    assert built.readout_error > 0
    assert measured(built) <= built.error


def test_bump_kernels_hold():
    built = theorem_4_1.construct(chain(0, 1), 3, kernel="bump")
    assert measured(built) <= built.error


def test_ffn_with_precision():
    numbers = [0.0, 0.4, 1.0, 1.6]
    assert rounded(numbers, "integer").tolist() == [0, 0, 1, 2]
    wanted = torch.tensor([1.0, 1, 3, 5], dtype=F64).log()
    assert torch.equal(rounded(numbers, "log"), wanted)
