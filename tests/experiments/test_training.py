"""What all training shares: signs, recipes, and the descent."""

import pytest
import torch

from tapx.experiments.training import Recipe, cosine, descend, signs, stream


def test_tokens_are_independent_signs():
    tokens = signs(stream(0), 1000, 64)
    assert tokens.shape == (1000, 64)
    assert set(tokens.unique().tolist()) == {-1.0, 1.0}
    second = (tokens.T @ tokens / 1000 - torch.eye(64)).abs()
    assert float(second.max()) < 0.2
    assert not torch.equal(tokens, signs(stream(1), 1000, 64))


@pytest.mark.parametrize(
    ("iterations", "ends"),
    [(10_000, range(10_000, 9000, -100)), (20, (20, 19)), (3, (3,)), (1, (1,))],
)
def test_the_result_is_that_of_the_last_tenth(iterations, ends):
    assert list(Recipe(iterations).ends) == list(ends)
    assert list(Recipe(iterations, schedule="cosine").ends) == [iterations]


def test_a_cosine_falls_from_one_to_nearly_nothing():
    factors = [cosine(100)(step) for step in range(1, 101)]
    assert factors == sorted(factors, reverse=True)
    assert (factors[0], factors[50]) == (1.0, pytest.approx(0.5))
    assert 0 < factors[-1] < 1e-3


def halving(last=100, lost=100):
    """Steps that halve a number, where learning rate 1/2 meets gradient x."""
    x = torch.tensor([1.0], requires_grad=True)
    steps = []

    def pull():
        assert x.grad is None, "each step begins without a gradient"
        steps.append(float(x.detach()))
        (x**2 / 2).sum().backward()
        return len(steps) <= last

    def note():
        return None if len(steps) >= lost else float(x.detach())

    return torch.optim.SGD([x], lr=0.5), pull, note


def test_notes_are_taken_on_the_way_and_at_the_end():
    optimiser, pull, note = halving()
    taken = descend(optimiser, pull, 5, note, at=(1, 3, 9))
    assert taken == {1: 0.5, 3: 0.125, 5: 0.03125}


@pytest.mark.parametrize("ending", [{"last": 3}, {"lost": 4}])
def test_a_descent_that_cannot_go_on_ends(ending):
    optimiser, pull, note = halving(**ending)
    assert descend(optimiser, pull, 9, note, at=range(9)) == {1: 0.5, 2: 0.25, 3: 0.125}


def test_the_learning_rate_may_change_and_groups_may_have_their_part_of_it():
    optimiser, pull, note = halving()
    optimiser.param_groups[0]["factor"] = 0.5
    rates = {1: 1.0, 2: 2.0}
    assert descend(optimiser, pull, 2, note, (1,), rates.get) == {1: 0.5, 2: 0.0}
