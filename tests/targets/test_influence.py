import itertools

import hypothesis.strategies as st
import numpy as np
import torch
from hypothesis import given

from tapx.targets import worked_examples
from tapx.targets.adaptive import boolean_example
from tapx.targets.influence import all_windows, influence, lags_needed, states, table
from tapx.targets.memories import FixedMemory

SIGNS = torch.tensor([[1.0], [-1.0]])


def test_windows_are_all_there():
    windows = all_windows([[0.0], [0.5], [1.0]], 3)
    assert windows.shape == (27, 3, 1)
    assert len(torch.unique(windows, dim=0)) == 27


def test_axis_s_of_the_table_is_lag_s():
    found = table(FixedMemory((2,), lambda z: z[..., 1]), SIGNS, 3)
    assert found.shape == (2,) * 4
    assert (found[:, :, 0] == 1).all() and (found[:, :, 1] == -1).all()


def test_parity_needs_its_lags_and_no_other():
    answers = table(worked_examples.sparse_parity((2, 4)), SIGNS, 5)
    largest, share = influence(answers)
    assert largest.tolist() == [2, 0, 2, 0, 2, 0]
    assert share.tolist() == [1, 0, 1, 0, 1, 0]
    assert lags_needed(answers) == (2, 4)


def test_the_boolean_example_needs_two_lags():
    answers = table(boolean_example(), SIGNS, 4)
    assert lags_needed(answers) == (1, 2)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True))
def test_parity_takes_two_to_the_largest_lag_states(lags):
    answers = table(worked_examples.sparse_parity(lags), SIGNS, max(lags))
    assert states(answers) == 2 ** max(lags)


def test_states_by_brute_force():
    """Pasts share a state if all futures of some length give equal answers."""
    target = boolean_example()
    answers = table(target, SIGNS, target.reach)
    futures = list(itertools.product([1.0, -1.0], repeat=3))
    seen = set()
    for past in itertools.product([1.0, -1.0], repeat=target.reach):
        x = torch.tensor([past + future for future in futures]).double()[..., None]
        seen.add(tuple(target(x, last_only=False).reshape(-1).tolist()))
    assert states(answers) == len(seen)


def test_few_states():
    assert states(np.ones((2, 2, 2))) == 1
    assert states(np.array([1.0, 2.0])) == 1
    # Only whether the last token was the first of the alphabet counts.
    assert states(np.array([[5.0, 6, 6], [5, 6, 6], [5, 6, 6]])) == 2
