import numpy as np
import pytest
import torch
from made_draws import F64, seeded, signs, whole

from tapx.targets import worked_examples
from tapx.targets.influence import all_windows


def test_sparse_parity_is_a_product():
    x = signs(9, 12, 1)
    target = worked_examples.sparse_parity((2, 5))
    expected = x[:, -1] * x[:, -3] * x[:, -6]
    assert torch.equal(target(x, last_only=True), expected[:, 0])


@pytest.mark.parametrize("order", [2, 3])
def test_n_gram_looks_its_table_up(order):
    table = torch.rand((4,) * order, generator=seeded(1), dtype=F64)
    target = worked_examples.n_gram(table)
    assert target.lags == tuple(range(1, order))
    drawn = whole(0, 4, 20, order)
    found = target(torch.eye(4, dtype=F64)[drawn], last_only=True)
    expected = table[tuple(drawn.flip(1).T)]
    assert torch.allclose(found, expected)


@pytest.mark.parametrize(("pointers", "steps"), [(1, 2), (3, 1), (3, 2), (2, 3)])
def test_search_follows_the_chain(pointers, steps):
    target = worked_examples.multi_step_search(pointers, steps)
    assert target.reach == pointers * steps
    windows = all_windows(target.alphabet, target.reach + 1)
    expected = []
    for window in windows[..., 0].tolist():
        at = len(window) - 1
        for _ in range(steps):
            at -= round(pointers * window[at])
        expected.append(window[at])
    assert target(windows).tolist() == expected


def test_wavelets_of_one_shape():
    narrow, wide = (
        worked_examples.wavelet(2, 10, 21),
        worked_examples.wavelet(4, 20, 41),
    )
    assert np.allclose(wide[::2] * np.sqrt(2), narrow)
    assert narrow[10] == narrow.max() == 1 / np.sqrt(2)
    assert abs(worked_examples.wavelet(3, 40, 81).sum()) < 1e-12


def test_algebra_by_hand():
    weights, later = [0.5, 0.25, 0.25], [0.1, 0.2]
    target = worked_examples.algebra(weights, later)
    x = 0.5 + torch.rand(4, 130, 1, generator=seeded(3), dtype=F64) / 2
    back = x[..., 0].flip(1)
    below = sum(w * back[:, 10 + s] for s, w in enumerate(weights))
    far = sum(v * back[:, 100 + s] for s, v in enumerate(later))
    expected = 10 * back[:, 0] + back[:, 4] / below - far
    assert torch.allclose(target(x, last_only=True), expected)
    assert torch.allclose(target(x)[:, -1], expected)
