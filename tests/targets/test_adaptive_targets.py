import itertools

import hypothesis.strategies as st
import torch
from hypothesis import given
from made_draws import F64, signs, whole
from made_networks import SIGNS, last, random_tables

from tapx.targets.adaptive import AdaptiveMemory, boolean_example


def by_hand(x):
    def g(sign):
        return 1 if sign > 0 else 2

    first = x[-1 - g(x[-1])]
    return x[-1] * first * x[-1 - g(first)]


def test_the_boolean_example_by_hand():
    target = boolean_example()
    assert (target.depth, len(target.tables)) == (2, 2)
    assert target.largest_lags == (2, 2)
    assert (target.reach, target.dimension, target.input_dimension) == (2, 3, 1)
    inputs = list(itertools.product([1.0, -1.0], repeat=4))
    found = target(torch.tensor(inputs, dtype=F64)[..., None])
    assert found.tolist() == [by_hand(x) for x in inputs]


def test_every_position_that_has_its_past():
    target = boolean_example()
    x = signs(3, 9, 1)
    found = target(x, last_only=False)
    assert found.shape == (3, 9 - target.reach)
    assert torch.equal(found[:, -1], target(x))
    assert torch.equal(found[:, 1], target(x[:, :4]))


def test_depths_m_and_m_minus_1_are_the_same():
    deep = boolean_example()
    shallow = AdaptiveMemory(deep.alphabet, deep.tables, deep.readout, depth=1)
    x = torch.tensor(list(itertools.product([1.0, -1.0], repeat=3)), dtype=F64)
    assert torch.equal(deep(x[..., None]), shallow(x[..., None]))


def test_memories_beyond_the_depth_read_the_same_tokens():
    """K = 1, M = 3: g_2 and g_3 read x_t and x_{t-t_1}."""
    tables = ([1, 2], [[1, 2], [3, 4]], [[4, 3], [2, 1]])
    target = AdaptiveMemory(SIGNS, tables, lambda z: z.sum(-1), depth=1)
    x = torch.tensor([[[1.0], [-1], [1], [-1], [-1]]], dtype=F64)
    # x_t = -1 (index 1), t_1 = 2, x_{t-2} = 1 (index 0), t_2 = 3, t_3 = 2.
    assert target.lags(x).tolist() == [[2, 3, 2]]
    assert target.memories(x).tolist() == [[-1, 1, -1, 1]]


@given(st.data())
def test_functions_and_tables_agree(data):
    tokens = data.draw(st.integers(2, 4))
    memories = data.draw(st.integers(1, 3))
    depth = data.draw(st.integers(0, memories))
    seed = data.draw(st.integers(0, 99))
    alphabet = torch.eye(tokens, dtype=F64)
    tables = random_tables(tokens, memories, depth, seed)

    def function(table):
        return lambda *rows: table[tuple(int(row.argmax()) for row in rows)]

    one = AdaptiveMemory(alphabet, tuple(tables), last, depth)
    other = AdaptiveMemory.from_functions(
        alphabet, [function(table) for table in tables], last, depth
    )
    x = alphabet[whole(0, tokens, 5, 8, seed=seed)]
    assert torch.equal(one.memories(x), other.memories(x))
    # The reference, one step after another.
    for row, lags in zip(x, one.lags(x).tolist(), strict=True):
        read = [row[-1]]
        for i, table in enumerate(tables):
            args = [int(token.argmax()) for token in read[: min(i, depth) + 1]]
            assert lags[i] == int(table[tuple(args)])
            read.append(row[-1 - lags[i]])


def test_beyond_the_reach_any_token_may_stand():
    target = boolean_example()
    x = torch.ones(1, 5, 1, dtype=F64)
    x[0, 0] = 0
    assert target(x).tolist() == [1]
