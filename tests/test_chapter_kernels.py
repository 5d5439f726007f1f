"""The chapters on kernels: corners of their parameters, and what their prose says."""

import re
from itertools import combinations

import pytest
from flint import fmpq, fmpq_mat
from stored_book import text
from test_repository import pages

from tapx.chapters import notebooks, runs
from tapx.kernels import search
from tapx.kernels.balls import lower, round_to_bits, upper
from tapx.kernels.family import LIN
from tapx.kernels.kernel import Kernel
from tapx.limits.weight_bounds import weight

CORNER = {"lag": 1, "heads": 2, "power_lag": 8, "power_heads": 1, "weight_bits": 8}
CORNER |= {"bump_heads": [4], "power_bump_heads": [4]}
CORNERS = {
    "kernels": (
        {"bits_grid": [8], "search_heads": [1]},
        {"lemma-F.1/best-l1-lag1-heads2", "lemma-F.4/too-few-heads-l1"},
    ),
    "kernels-adaptive": (
        {"proof_heads": 4, "decay": 0.2, "power_decay": 2.5},
        {"lemma-F.2/uniform-l1", "lemma-F.5/fractions-suffice-l1"},
    ),
}
FEW_BITS = "kernels/eight-bit-weights-lag7"


@pytest.mark.parametrize("chapter", CORNERS)
def test_smallest_parameters(chapter, tmp_path):
    own, made = CORNERS[chapter]
    done = runs.run(chapter, CORNER | own, profile="smoke", output=tmp_path)
    assert made <= {claim.id for claim in done.claims}


def test_the_chapters_share_no_claim():
    first, second = (
        set(re.findall(r'claim\(\s*f?"([^"]+)"', text(name))) for name in CORNERS
    )
    assert first and second and not first & second


def test_chapters_are_ordered_as_in_the_table_of_contents():
    found = [f"book/{entry.path.stem}" for entry in notebooks.chapters()]
    assert found == [name for name in pages() if name in found]


@pytest.mark.parametrize("name", ["theorem-4-1", "theorem-5-1"])
def test_what_moved_is_linked_where_it_is(name):
    """These two build on adaptive lags and on kernels that decay, and on those only."""
    words = text(name)
    assert "{doc}`kernels-adaptive`" in words
    assert "{doc}`kernels`" not in words


# Few bits that work ------------------------------------------------------------------


def test_eight_bit_weights_recall_lag_seven():
    kernel = search.stored_kernel(FEW_BITS)
    assert (kernel.family, kernel.target.lag, kernel.heads) == (LIN, 7, 10)
    assert all(round_to_bits(w, 8) == w for w in kernel.weights)
    assert sum(kernel.weights) == 0
    assert all(rate == fmpq(*float(rate).as_integer_ratio()) for rate in kernel.rates)
    assert abs(upper(kernel.l1_error) - 0.0196722) < 1e-6


def test_no_guarantee_with_eight_bits_and_coarse_rates_spoil_it():
    kernel = search.stored_kernel(FEW_BITS)
    assert weight(kernel) / 2**8 > 1
    rates = [round_to_bits(rate, 24) for rate in kernel.rates]
    coarse = Kernel.of("exponential", rates, kernel.weights, kernel.target)
    assert lower(coarse.l1_error) > 1


def test_the_wording_promises_no_more_than_the_search_does():
    assert "Best found* means no more" in text("kernels", "da2cf4c5")
    assert "No rounding leaves an error above" in text("kernels", "da2cf4c5")
    for id in ("da2cf4c5", "603d5303", "be3b347d", "7868ba54"):
        words = text("kernels", id)
        assert "can be stored" not in words
        assert "finds no kernel with an error" not in words
        assert "rounding" in words or "guarantee" in words
    assert "bits of a stored weight" not in text("kernels", "d79a216f")


# Too few powers ----------------------------------------------------------------------


def annihilator(rates, start):
    """Exact numbers on the window that annihilate the powers, up to a factor."""
    lags = range(start, start + len(rates) + 1)
    sizes = []
    for left_out in range(len(lags)):
        rows = [
            [fmpq(1, t**rate) for rate in rates] for t in lags if t != start + left_out
        ]
        sizes.append((-1) ** left_out * abs(fmpq_mat(rows).det()))
    return sizes


@pytest.mark.parametrize("start", range(1, 6))
def test_the_example_with_two_heads(start):
    numbers = annihilator((1, 2), start)
    told = [start**2, -2 * (start + 1) ** 2, (start + 2) ** 2]
    assert len({x / y for x, y in zip(numbers, told, strict=True)}) == 1
    if start < 5:
        row = ", ".join(map(str, told))
        assert f"${row}$" in text("kernels", "c047e2a4")


def test_the_largest_number_passes_over_no_lag():
    for count in (2, 3):
        for rates in combinations((1, 2, 4, 7, 12), count):
            places, reached = [], set()
            for start in range(1, 40):
                numbers = annihilator(rates, start)
                for rate in rates:
                    window = range(start, start + count + 1)
                    pairs = zip(numbers, window, strict=True)
                    assert sum(c * fmpq(1, t**rate) for c, t in pairs) == 0
                place = max(range(count + 1), key=lambda j: abs(numbers[j]))
                places.append(place)
                reached.add(start + place)
            assert places == sorted(places, reverse=True)
            assert set(range(count + 1, 40)) <= reached
