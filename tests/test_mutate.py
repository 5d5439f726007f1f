"""The mistakes of `mutate.py` can be planted: each old text is there once."""

import ast

import mutate
import pytest

PLANTED = [one for wing in mutate.TESTS for one in mutate.planted(wing)]


def test_each_wing_has_five():
    assert all(len(mutate.planted(wing)) >= 5 for wing in mutate.TESTS)
    assert len(PLANTED) == sum(map(len, mutate.MUTATIONS.values()))


@pytest.mark.parametrize(("place", "old", "new"), PLANTED)
def test_a_mistake_is_planted_in_one_place(place, old, new):
    text = (mutate.ROOT / "tapx" / place).read_text(encoding="utf-8")
    assert text.count(old) == 1
    changed = ast.unparse(ast.parse(text.replace(old, new)))
    assert changed != ast.unparse(ast.parse(text))


def test_tests_that_are_named_exist():
    for words in mutate.TESTS.values():
        paths = [word for word in words if word.startswith("tests/")]
        assert paths and all((mutate.ROOT / path).exists() for path in paths)
