"""Exact minimax errors: known answers, proofs that are checked, bad input refused."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_decays import residues

from tapx.limits.affine_minimax import CLASSES, best, features, minimax, prove, windows

TERNARY = (-1, 0, 1)
SIGNS = (-1, 1)


def looking_back(lags):
    """``x_{t-g(x_t)}`` with g(-1), g(0), g(1) as given."""
    return lambda *x: x[lags[int(x[0]) + 1]]


def test_the_papers_target():
    for length in (3, 4):
        for kind in ("affine", "additive"):
            assert best(looking_back((0, 1, 2)), TERNARY, length, kind).error == 1
    assert best(looking_back((0, 1, 2)), TERNARY, 3, "pairwise").error == 0


def test_four_windows_prove_it():
    rows = windows(TERNARY, 3)
    values = [looking_back((0, 1, 2))(*row) for row in rows]
    witness = {
        rows.index((0, 1, -1)): Fraction(1, 4),
        rows.index((0, -1, 1)): Fraction(-1, 4),
        rows.index((1, -1, 1)): Fraction(1, 4),
        rows.index((1, 1, -1)): Fraction(-1, 4),
    }
    for kind in ("affine", "additive"):
        matrix = features(rows, kind)
        assert prove(matrix, values, [Fraction(0)] * len(matrix[0]), witness) == 1
    with pytest.raises(ArithmeticError, match="orthogonal"):
        matrix = features(rows, "pairwise")
        prove(matrix, values, [Fraction(0)] * len(matrix[0]), witness)


@pytest.mark.parametrize("lags", list(itertools.product(range(3), repeat=3))[::2])
def test_every_way_to_look_back(lags):
    """Zero only for a constant; one as soon as two tokens ask for different pasts."""
    error = best(looking_back(lags), TERNARY, 3).error
    assert (error == 0) == (len(set(lags)) == 1)
    assert (error == 1) == (len(set(lags) - {0}) == 2)
    assert error in (0, Fraction(1, 2), Fraction(2, 3), 1)


def test_known_boolean_functions():
    def conjunction(a, b):
        return 1 if a == b == 1 else -1

    half = Fraction(1, 2)
    errors = [best(conjunction, SIGNS, 2, kind).error for kind in CLASSES]
    assert errors == [half, half, 0]
    for size in (2, 3):
        parity = best(lambda *x: np.prod([int(a) for a in x]).item(), SIGNS, size)
        assert parity.error == 1
        assert sum(abs(v) for v in parity.witness.values()) == 1


@given(st.data())
@settings(max_examples=20)
def test_random_tables_are_solved_and_proved(data):
    """The optimum beats every functional tried, and its witness says why."""
    alphabet = data.draw(st.sampled_from([SIGNS, TERNARY]))
    kind = data.draw(st.sampled_from(CLASSES))
    rows = windows(alphabet, 3)
    value = st.fractions(-1, 1, max_denominator=6)
    values = data.draw(st.lists(value, min_size=len(rows), max_size=len(rows)))
    matrix = features(rows, kind)
    found = minimax(matrix, values)
    assert prove(matrix, values, found.coefficients, found.witness) == found.error
    squares = residues(np.array(matrix, float), np.array(values, float))
    assert np.abs(squares).max() >= float(found.error) - 1e-12


@pytest.mark.parametrize("alphabet", [SIGNS, TERNARY])
@pytest.mark.parametrize("length", range(1, 5))
def test_columns_are_independent_and_classes_grow(alphabet, length):
    rows = windows(alphabet, length)
    ranks = []
    for name in CLASSES:
        matrix = np.array(features(rows, name), float)
        ranks.append(np.linalg.matrix_rank(matrix))
        assert ranks[-1] == matrix.shape[1]
    assert ranks == sorted(ranks)
    both = np.hstack([np.array(features(rows, name), float) for name in CLASSES])
    assert np.linalg.matrix_rank(both) == ranks[-1]
