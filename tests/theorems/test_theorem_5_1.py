"""Theorem 5.1's networks: measured within certified, certified within the bounds."""

import math

import numpy as np
import pytest
import torch
from made_draws import draw
from made_networks import HEAVY, LIGHT, ROW, essential

from tapx.kernels import decaying
from tapx.kernels.balls import upper
from tapx.kernels.kernel import Kernel
from tapx.kernels.nearest import in_float64, kernel_for, l1_error
from tapx.readouts import exact_nets, two_layer
from tapx.targets import worked_examples
from tapx.targets.memories import EssentialMemory
from tapx.theorems import lemmas, proof_spacing, theorem_5_1
from tapx.theorems.theorem_5_1 import with_lag_zero


@pytest.mark.parametrize(
    ("position", "family", "decay", "order", "memories"),
    [
        ("lin", "exponential", 1, 2, [Kernel.of("exponential", [1], [1]), LIGHT]),
        ("log", "power", 3, 1, [Kernel.of("power", [3], [1]), HEAVY]),
    ],
)
@pytest.mark.parametrize("each", [8, 14])
def test_the_proofs_network_is_within_the_explicit_bound(
    position, family, decay, order, memories, each
):
    alpha, gamma = proof_spacing.decay_spacing(family, decay, order)
    kernels = [decaying.bumps(m, each, family, alpha, gamma) for m in memories]
    goal = essential(memories)
    built = theorem_5_1.construct(
        goal, 2 * each, position, kernel=kernels, lag_zero="heads"
    )
    one = lemmas.decay_bound(position, 1, decay, each, order, alpha, gamma)
    bound = math.sqrt(2) * one
    hard = built.adversarial_inputs(count=20)
    assert built.worst_over(hard) <= built.error
    assert built.attention_error <= bound
    assert built.error <= goal.readout.lipschitz * bound
    assert built.worst_over(hard) > built.error / 3  # nor is it idle


def test_log_without_residual_cannot_see_lag_zero():
    goal = EssentialMemory([[1.0, 0.125]], exact_nets.linear([1.0]))
    blind, mended = (
        theorem_5_1.construct(goal, 4, "log", lag_zero=how)
        for how in ("heads", "residual")
    )
    assert blind.worst_over(blind.adversarial_inputs(count=4)) >= 0.999
    assert mended.corrections == (1.0,)
    assert mended.error < 0.2


def test_heads_are_split_evenly():
    built = theorem_5_1.construct(essential([ROW, ROW, ROW]), 8, "lin")
    assert [kernel.heads for kernel in built.kernels] == [3, 3, 2]


def test_a_sum_of_few_decays_is_its_own_kernel():
    built = theorem_5_1.construct(essential([LIGHT, HEAVY]), 12, "lin")
    assert built.kernels[0].rates == LIGHT.rates and built.errors[0] == 0
    assert built.errors[1] > 0
    assert theorem_5_1.construct(essential([HEAVY]), 9, "log").heads == 2


def test_lag_zero_is_folded_into_the_readout():
    net = two_layer.relu_sum(two_layer.normal_directions(4, 4, 1))
    folded = with_lag_zero(net, (2.0, -1.0), 2)
    x, z = draw(2, 7, 4)
    current = x[:, :2]
    moved = z + torch.cat([2 * current, -current], dim=1)
    stream = torch.cat([current, z], dim=1)
    assert torch.allclose(folded(stream), net(moved))


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("memory", [ROW, LIGHT, HEAVY], ids=["row", "light", "heavy"])
def test_l1_errors_are_sums_over_the_lags(memory, family, first):
    kernel = Kernel.of(family, [2.5, 3.5], [0.5, 0.25])
    lags = range(2_000)
    if isinstance(memory, Kernel):
        values = memory.values(lags)
    else:
        values = np.pad(memory, (0, len(lags) - len(memory)))
    seen = np.abs(kernel.values(lags) - values)[first:].sum()
    error = l1_error(kernel, memory, first)
    assert seen <= error * (1 + 1e-9) + 1e-12
    slow = family == "power" or memory is HEAVY
    assert error <= seen + (1e-2 if slow else 1e-9)


def test_wavelets_are_for_lin():
    wavelet = worked_examples.wavelet(3.0, 8.0, 30)
    size = np.abs(wavelet[1:]).sum()
    fitted = kernel_for(wavelet, 20, "exponential", "fitted", 1)
    assert l1_error(fitted, wavelet, 1) < size / 20


def test_in_float64_rounds_and_keeps_the_distance():
    kernel = decaying.bumps(LIGHT, 10, "exponential", 0.3, 0.3)
    rounded = in_float64(kernel)
    assert rounded.float_weights.tolist() == kernel.float_weights.tolist()
    assert upper(rounded.l1_error) == pytest.approx(upper(kernel.l1_error), rel=1e-3)
