"""The least worst-case error of attention-like functionals on a finite set of windows.

Proposition 4.2 of the paper bounds what attention without dot product can do from
below. What such a layer computes is affine in the tokens, so its least error on a
target is a linear programme: minimise e over the coefficients c, subject to
``|y_i - (F c)_i| <= e`` for every window i. HiGHS finds the solution in floats, exact
rational arithmetic solves the equations that are tight there, and the answer is proved
from both sides:

- the coefficients attain e;
- signed weights v on the windows have ``F' v = 0``, ``sum |v_i| = 1`` and
  ``sum v_i y_i = e``. For any c then ``e = sum v_i (y - F c)_i <= max |y - F c|``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from tapx import witness_numbers, witnesses
from tapx.checks import one_of
from tapx.witnesses import Entry, Question

CLASSES = ("affine", "additive", "pairwise")
"""What attention sums over the lags: a multiple of the token, any function of it, or
any function of it and the current token."""

# Constraints within this of equality in floats are taken as equations, then proved.
TIGHT = 1e-7

Window = tuple[Fraction, ...]
Matrix = Sequence[Sequence[Fraction]]
Number = int | Fraction


@dataclass(frozen=True)
class Minimax:
    """An optimum of the linear programme with the proof that it is one.

    Attributes:
        error: the least worst error, exact.
        coefficients: of an optimal functional, one for each column of the features.
        witness: signed weight of each window that has one, by its index; empty if the
            error is 0.
    """

    error: Fraction
    coefficients: tuple[Fraction, ...]
    witness: dict[int, Fraction]


def windows(alphabet: Iterable[Number], length: int) -> list[Window]:
    """All windows ``(x_t, x_{t-1}, ..., x_{t-length+1})`` of two tokens or more."""
    tokens = [Fraction(token) for token in alphabet]
    if len(set(tokens)) < len(tokens) or len(tokens) < 2:
        raise ValueError(
            f"an alphabet has at least two tokens, all different, not "
            f"{[str(token) for token in tokens]}"
        )
    if length < 1:
        raise ValueError(f"length {length}: a window has at least 1 token")
    return list(itertools.product(tokens, repeat=length))


def features(rows: Sequence[Window], kind: str) -> list[list[Fraction]]:
    """The functions whose span is the class, as columns, on every window.

    "affine": 1 and the tokens. "additive": 1 and, for each lag, an indicator of each
    token but one. "pairwise": the same for each current token apart. The columns are
    independent on the full set of `windows`.
    """
    one_of(kind, CLASSES, "class of functionals")
    if kind == "affine":
        return [[Fraction(1), *row] for row in rows]
    first, *others = sorted({token for row in rows for token in row})
    # A column says which tokens, by lag, a window must have; the empty one is 1.
    columns: list[dict[int, Fraction]] = [{}, *({0: token} for token in others)]
    for lag, token in itertools.product(range(1, len(rows[0])), others):
        if kind == "additive":
            columns.append({lag: token})
        else:
            columns += [{0: current, lag: token} for current in (first, *others)]

    def value(row: Window, column: dict[int, Fraction]) -> Fraction:
        return Fraction(all(row[lag] == token for lag, token in column.items()))

    return [[value(row, column) for column in columns] for row in rows]


def best(
    target: Callable[..., Number],
    alphabet: Iterable[Number],
    length: int,
    kind: str = "affine",
) -> Minimax:
    """The least worst error of a class of functionals on a target, proved.

    Args:
        target: the answer from ``length`` tokens, current one first.
        alphabet: the tokens, rational numbers.
        length: how many tokens are seen, at most 8.
        kind: "affine", "additive" or "pairwise", see `features`.

    Raises:
        ValueError: an unknown class, a bad alphabet, or a length out of range.
        ArithmeticError: the exact solution could not be proved.

    Example:
        >>> tapx.minimax(lambda now, before: now * before, (-1, 1), 2).error
        Fraction(1, 1)
    """
    if length > 8:
        raise ValueError(f"length {length}: at most 8 tokens, for the size of the LP")
    tokens = [Fraction(token) for token in alphabet]
    rows = windows(tokens, length)
    matrix, values = features(rows, kind), [Fraction(target(*row)) for row in rows]

    def read(entry: Entry) -> Minimax:
        coefficients = tuple(map(Fraction, entry["coefficients"]))
        proof = {int(i): Fraction(v) for i, v in entry["dual"].items()}
        error = prove(matrix, values, coefficients, proof)
        witnesses.check(error == Fraction(entry["claim"]), entry, "a least error of")
        return Minimax(error, coefficients, proof)

    def write(found: Minimax) -> dict[str, Any]:
        proof = found.witness.items()
        return {
            "coefficients": witness_numbers.fractions(found.coefficients),
            "dual": {str(i): witness_numbers.fraction(v) for i, v in proof},
            "claim": witness_numbers.fraction(found.error),
        }

    question = Question(
        group="minimax",
        name=f"{kind}-{len(tokens)}tokens-length{length}",
        kind="minimax",
        family="",
        target={
            "alphabet": witness_numbers.fractions(tokens),
            "length": length,
            "values": witness_numbers.fractions(values),
        },
        size={"class": kind},
        statement="On all windows of these tokens, current one first, the last one "
        "changing fastest, the least worst error of a functional of this class on a "
        "target with these values is exactly the claim.",
    )
    return witnesses.answer(question, read, lambda: minimax(matrix, values), write)


def minimax(matrix: Matrix, values: Sequence[Fraction]) -> Minimax:
    """Minimise ``max_i |values_i - (matrix c)_i|`` over c, exactly.

    Each window has a row of features and a value: ValueError for none, or one that
    lacks either. ArithmeticError where the exact solution could not be proved.
    """
    if not values or len(matrix) != len(values):
        raise ValueError(
            f"{len(matrix)} rows of features and {len(values)} values: a window has "
            "one of each, and one window is needed"
        )
    from scipy.optimize import linprog  # slow to load, and only searches need it

    design = np.array(matrix, dtype=float)
    right = np.array(values, dtype=float)
    count, size = design.shape
    slack = -np.ones((count, 1))
    found = linprog(
        np.r_[np.zeros(size), 1.0],
        A_ub=np.block([[design, slack], [-design, slack]]),
        b_ub=np.r_[right, -right],
        bounds=[(None, None)] * size + [(0, None)],
        method="highs-ds",
    )
    if not found.success:
        raise ArithmeticError(f"the linear programme was not solved: {found.message}")
    upper, lower = np.split(found.ineqlin.marginals, 2)
    coefficients = _attained(matrix, values, found.x)
    witness = {} if found.fun < TIGHT else _witness(matrix, upper - lower)
    error = prove(matrix, values, coefficients, witness)
    return Minimax(error, coefficients, witness)


def prove(
    matrix: Matrix,
    values: Sequence[Fraction],
    coefficients: Sequence[Fraction],
    witness: dict[int, Fraction],
) -> Fraction:
    """The error that coefficients and witness prove to be least, in exact arithmetic.

    ArithmeticError if the witness is not orthogonal to a feature, its weights do not
    sum to 1 in absolute value, or the sides do not meet.
    """
    pairs = zip(matrix, values, strict=True)
    errors = (abs(y - _dot(row, coefficients)) for row, y in pairs)
    attained = max(errors, default=Fraction(0))
    for column in range(len(coefficients)):
        if _dot(witness.values(), (matrix[i][column] for i in witness)):
            raise ArithmeticError(f"the witness is not orthogonal to column {column}")
    if witness and sum(abs(v) for v in witness.values()) != 1:
        raise ArithmeticError("the witness's absolute weights do not sum to 1")
    forced = _dot(witness.values(), (values[i] for i in witness))
    if forced != attained:
        raise ArithmeticError(
            f"the functional attains {attained}, but the witness forces only {forced}"
        )
    return attained


def _dot(left: Iterable[Fraction], right: Iterable[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(left, right, strict=True)), Fraction())


def _attained(
    matrix: Matrix, values: Sequence[Fraction], found: np.ndarray
) -> tuple[Fraction, ...]:
    """Exact coefficients from the windows whose error is tight in floats."""
    equations = []
    for row, y in zip(matrix, values, strict=True):
        left = float(y) - float(np.array(row, dtype=float) @ found[:-1])
        if abs(abs(left) - found[-1]) < TIGHT:
            equations.append([*row, Fraction(1 if left >= 0 else -1), y])
    if found[-1] < TIGHT:  # the error is zero: say so, it has no sign
        equations.append([*[Fraction(0)] * len(matrix[0]), Fraction(1), Fraction(0)])
    return _solve(equations, found)[:-1]


def _witness(matrix: Matrix, marginals: np.ndarray) -> dict[int, Fraction]:
    """Exact signed weights on the windows where the float dual has any."""
    support = [i for i, v in enumerate(marginals) if abs(v) > TIGHT]
    equations = [
        [*(matrix[i][column] for i in support), Fraction(0)]
        for column in range(len(matrix[0]))
    ]
    signs = [Fraction(1 if marginals[i] > 0 else -1) for i in support]
    equations.append([*signs, Fraction(1)])
    return dict(zip(support, _solve(equations, marginals[support]), strict=True))


def _solve(equations: Matrix, guess: np.ndarray) -> tuple[Fraction, ...]:
    """Exact solution; unknowns that stay free take the guess, rounded to a fraction."""
    rows = [[fmpq(x.numerator, x.denominator) for x in row] for row in equations]
    reduced, rank = fmpq_mat(rows).rref()
    solution = [Fraction(float(x)).limit_denominator(1000) for x in guess]
    for line in reduced.tolist()[:rank]:
        *row, right = (Fraction(int(x.p), int(x.q)) for x in line)
        pivot = next((j for j, x in enumerate(row) if x), None)
        if pivot is None:
            raise ArithmeticError("the equations that seemed tight contradict another")
        solution[pivot] = right - _dot(row[pivot + 1 :], solution[pivot + 1 :])
    return tuple(solution)
