"""The two families: words at the border, one object within."""

import ast
import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from flint import arb, fmpq
from made_decays import decay

from tapx.kernels.family import LIN, LOG, Family


@pytest.mark.parametrize("family", [LIN, LOG], ids=str)
def test_two_words_name_the_one_family(family):
    assert Family.of(family.name) is Family.of(family.word) is Family.of(family)
    assert Family.of(family) is family
    assert pickle.loads(pickle.dumps(family)) is copy.deepcopy(family) is family


@pytest.mark.parametrize("family", [LIN, LOG], ids=str)
def test_decays_tails_and_widths_by_hand(family):
    rate, lag = 2.5, 3
    plain = decay(family, rate, np.arange(200_000))
    assert float(family.decay(fmpq(5, 2), lag)) == pytest.approx(plain[lag])
    assert np.exp(-rate * family.depth([1, 3])) == pytest.approx(plain[[1, 3]])
    gap = plain[lag] - plain[lag + 1]
    assert float(family.width(lag, arb(rate))) == pytest.approx(gap)
    assert float(family.tail(fmpq(5, 2))) == pytest.approx(plain.sum(), rel=1e-6)
    rest = plain[lag:].sum()
    assert float(family.tail(arb(rate), lag)) == pytest.approx(rest, rel=1e-6)
    assert float(family.depth_ball(7)) == pytest.approx(float(family.depth(7)))


def test_powers_see_lags_from_one_on():
    assert [LIN.heads_to_recall(4), LOG.heads_to_recall(4)] == [5, 4]


def compared_words(path: Path):
    """Lines that compare something with a word for a family."""
    words = {"lin", "log", "exponential", "power"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            sides += [x for side in sides for x in getattr(side, "elts", ())]
            if any(getattr(side, "value", None) in words for side in sides):
                yield ast.unparse(node)


def test_the_package_compares_families_not_words():
    house = Path(__file__).parents[2] / "tapx"
    found = {text for path in house.rglob("*.py") for text in compared_words(path)}
    assert found == {"self.precision == 'log'"}, "FFNs with precision are no family"
