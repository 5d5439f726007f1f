"""Numbers of claims as sentences quote them."""

import pytest
from made_claims import entry

from tapx.chapters import claim_words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3344, "3,344"),
        (1.0, "1"),
        (0.1699571, "0.17"),
        (52.29, "52"),
        (7395.0, "7,400"),
        (0.001, "0.001"),
        (3.263201e-28, "3.3 × 10⁻²⁸"),
        (394443384484.2, "3.9 × 10¹¹"),
        (-2.5e-9, "-2.5 × 10⁻⁹"),
        (0.0, "0"),
    ],
)
def test_in_words(value, shown):
    assert claim_words.in_words(value) == shown


def test_certified_numbers_are_rounded_to_the_safe_side():
    claim = entry("a/b", measured=0.1211, reference=0.9299, relation="<=")
    assert claim_words.measured(claim) == "0.13"
    assert claim_words.reference(claim) == "0.92"
    claim = entry("a/b", measured=0.9299, reference=0.1211, relation=">")
    assert (claim_words.measured(claim), claim_words.reference(claim, 3)) == (
        "0.92",
        "0.122",
    )
    claim = entry("a/b", measured=0.1211, kind="trained")
    assert claim_words.measured(claim) == "0.12"


def test_a_figure_that_is_not_known_is_not_shown():
    with pytest.raises(ValueError, match="no reference"):
        claim_words.reference(entry("a/b", reference=None))
