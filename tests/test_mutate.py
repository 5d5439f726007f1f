"""The mistakes of `mutate.py` can be planted: each old text is there once."""

import ast

import mutate
import pytest

PLANTED = [(wing, *one) for wing, some in mutate.MUTATIONS.items() for one in some]


def test_each_wing_has_five():
    assert set(mutate.MUTATIONS) == set(mutate.TESTS)
    assert all(len(some) >= 5 for some in mutate.MUTATIONS.values())


@pytest.mark.parametrize(("wing", "place", "old", "new"), PLANTED)
def test_a_mistake_is_planted_in_one_place(wing, place, old, new):
    assert place.startswith(f"{wing}/") or (wing == "ground" and "/" not in place)
    text = (mutate.ROOT / "tapx" / place).read_text(encoding="utf-8")
    assert text.count(old) == 1
    changed = ast.unparse(ast.parse(text.replace(old, new)))
    assert changed != ast.unparse(ast.parse(text))


def test_tests_that_are_named_exist():
    for words in mutate.TESTS.values():
        paths = [word for word in words if word.startswith("tests/")]
        assert paths and all((mutate.ROOT / path).exists() for path in paths)
