"""Dot products multiply signs: a target of degree 2 with one neuron."""

import pytest
import torch
from test_sign_networks import LENGTH

from tapx.experiments.signs.networks import FreeNetwork
from tapx.experiments.signs.products import product_network
from tapx.targets.signs import target


@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize("seed", range(3))
def test_the_target_of_3a_with_one_neuron(end, seed):
    task = target("3a", end, directions_seed=seed, length=LENGTH)
    built = product_network(task)
    assert len(built.heads) <= 5
    assert len(built.model.feed_forwards[0].bias) == 1
    assert built.worst < 1e-10
    assert FreeNetwork.worst_on(built, task, 64, 3) < 1e-10


def test_without_its_dot_products_the_network_fails():
    task = target("3a", length=LENGTH)
    built = product_network(task)
    with torch.no_grad():
        built.model.attentions[0].key.zero_()
    assert FreeNetwork.worst_on(built, task, 64, 3) > 1


def test_any_bend_does_with_its_own_size():
    task = target("3a", length=LENGTH)
    sizes = [product_network(task, bend).heads[0].size for bend in (0.5, 0.9)]
    assert sizes[0] == pytest.approx(1.8 * sizes[1])
    assert product_network(task, 0.9).worst < 1e-10


def test_an_affine_target_needs_no_dot_product():
    task = target("2a", length=LENGTH)
    built = product_network(task)
    assert [head.bend for head in built.heads] == [0.0]
    assert built.worst < 1e-10
