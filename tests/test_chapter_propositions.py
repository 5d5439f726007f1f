"""The chapters on Propositions 4.2, 4.3 and 4.5 and on their ground: what they say."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from flint import fmpq, fmpq_mat
from scipy.optimize import linprog
from stored_book import BOOK, claims, text

from tapx.network import positions
from tapx.readouts import exact_nets
from tapx.targets.adaptive import AdaptiveMemory
from tapx.theorems import theorem_4_1

SINGLE_EXAMPLES = (
    "prop-4.2/smallest-memory-lag",  # a slip, and no contradiction
    "prop-4.3/log-width-ratio",
    "prop-4.5/best-split-ratio",
    "prop-4.5/certified-over-bound",
    "prop-4.5/parameters-without-idle-heads",
    "prop-4.5/working-heads-ratio",
)


def test_t5_nearly_recalls_a_lag_with_two_heads_more_than_the_lag():
    # Lag 3 with 5 heads of 16 exact buckets and 32 in all: see positions-t5-bucket.
    lag, last = 3, 31
    met = [*range(lag + 1), last]
    starts = [*positions.t5_starts(16, 128), None]
    widths = [b - a for a, b in pairwise(starts[:-1])]
    errors = []
    for small in (fmpq(1, 100), fmpq(1, 1000)):
        bases = [small * (h + 1) for h in range(len(met))]
        matrix = fmpq_mat([[z**b for z in bases] for b in met])
        wanted = fmpq_mat([[fmpq(int(b == lag))] for b in met])
        weights = matrix.solve(wanted).entries()
        kernel = [
            sum((w * z**b for w, z in zip(weights, bases, strict=True)), fmpq(0))
            for b in range(last + 1)
        ]
        assert kernel[last] == 0  # the bucket without end
        errors.append(
            sum(abs(v - int(b == lag)) * widths[b] for b, v in enumerate(kernel[:-1]))
        )
    assert errors[1] < errors[0] / 9 and errors[0] < fmpq(1, 5)
    words = text("position-functions", "8cb8a03f")
    assert "*exactly* zero" in words and "$T + 2$ heads" in words


@pytest.mark.parametrize(
    ("name", "lag", "most"), [("log", 3, 0.602), ("kerple-log", 1, 0.0021)]
)
def test_more_slopes_recall_better(name, lag, most):
    # A grid that ends at slope 10 gives 0.644 and 0.004.
    slopes = np.geomspace(1e-2, 50, 200)
    phi = positions.get(name)(torch.arange(96)).numpy()
    columns = np.exp(slopes * phi[:, None])
    n, heads = columns.shape
    delta, eye = np.eye(1, n, lag)[0], np.eye(n)
    rows = np.block(
        [
            [-columns, columns, -eye],
            [columns, -columns, -eye],
            [np.ones((1, 2 * heads)), np.zeros((1, n))],
        ]
    )
    cost = np.r_[np.zeros(2 * heads), np.ones(n)]
    assert linprog(cost, rows, np.r_[-delta, delta, 1000.0]).fun <= most
    assert claims()["positions/span-from-both-sides"].verdict == "holds"
    words = text("position-functions", "8c1d524c")
    assert "With the same slopes" in words


def test_the_counts_of_proposition_4_5_stand_clear_of_the_tolerance():
    clear, swept = "counts-moved-by-tolerance", "spread-ratio-over-tolerances"
    assert claims()[f"prop-4.5/{clear}"].measured == 0
    assert claims()[f"prop-4.5/{swept}"].verdict == "holds"
    alphabet = np.linspace(-1, 1, 6)[:, None]
    target = AdaptiveMemory(alphabet, [np.arange(6) + 1], exact_nets.linear([0.0, 1.0]))
    enough = theorem_4_1.construct(target, 8, "lin").error
    fewer = theorem_4_1.construct(target, 7, "lin").error
    assert enough < 0.1 / 1.25 and fewer > 0.1 * 1.25


@pytest.mark.parametrize("id", SINGLE_EXAMPLES)
def test_a_single_example_sharpens_no_statement(id):
    assert claims()[id].verdict == "holds"


@pytest.mark.parametrize(
    "id",
    [
        "prop-4.2/with-dot-product-error",
        "prop-4.3/lin-certified-error",
        "prop-4.3/log-mended-error",
        "transformer/nf-memory-error",
    ],
)
def test_a_certificate_says_how_long_an_input_it_covers(id):
    statement = claims()[id].statement
    assert "tokens" in statement and "infinite" not in statement


def test_residues_are_claimed_against_a_bound_known_before():
    residues = (
        "prop-4.3/recurrence-max-difference",
        "prop-4.3/softmax-cancels-the-token",
        "prop-4.3/streaming-max-difference",
        "sparse-memory/linear-norm-attained",
        "transformer/constant-logit-cancels",
        "transformer/evaluations-agree",
        "transformer/lin-head-is-rnn",
    )
    for id in residues:
        claim = claims()[id]
        assert claim.kind == "evaluated" and claim.relation == "<="
        assert claim.measured <= claim.reference == claim.rounding < 1e-8


def test_the_gap_of_a_norm_is_called_one_of_our_bounds():
    words = text("barron-functions", "69c5625e")
    assert "The norm is in fact 12" in words and "one of our bounds" in words
    assert "we do not know" not in words


def test_automata_communication_and_circuits_are_cited():
    words = text("transformer-variants", "2003d0ff")
    listed = (BOOK / "references.bib").read_text(encoding="utf-8")
    for key in ("liu2023shortcuts", "sanford2023", "merrill2023"):
        assert f"{{cite}}`{key}`" in words and f"{{{key}," in listed
