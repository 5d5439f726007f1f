"""The claims of the book as stored: their names, and where their numbers come from."""

import ast
from pathlib import Path

import literals
import parameter_use
import pytest
import yaml

from tapx.chapters import notebooks, stored_results
from tapx.chapters.claims import INEQUALITIES, KINDS

BOOK = notebooks.notebook_files()
IDS = Path(__file__).with_name("claim_ids.txt")
PROVED = ("'exp-4b/log-without-residual-at-lag-0'",)
"""What a chapter on training proves against the paper."""
WITHDRAWN = notebooks.ROOT / "book" / "withdrawn.yml"


@pytest.fixture(params=BOOK, ids=lambda entry: entry.id)
def entry(request):
    return request.param


@pytest.fixture
def code(entry):
    """Source of the parameters cell, and of every other code cell."""
    return parameter_use.code_cells(notebooks.load(entry.path))


def test_measured_numbers_are_computed(code):
    _, names = parameter_use.names([code[0]])
    assert literals.typed_claims(code[1], names) == []


def test_the_package_types_none_either():
    for path in sorted((notebooks.ROOT / "tapx").rglob("*.py")):
        assert literals.typed_claims([path.read_text(encoding="utf-8")]) == [], path


@pytest.fixture
def calls(code):
    """The calls of functions of these names, each with its keywords."""

    def called(*names):
        for node in (one for text in code[1] for one in ast.walk(ast.parse(text))):
            if isinstance(node, ast.Call) and literals.called(node) in names:
                yield node, {word.arg: word.value for word in node.keywords}

    return called


def test_kinds_as_written(calls):
    """Known ones; numbers that differ between runs are claimed as inequalities."""
    for call, words in calls("claim", "report", "reports"):
        where = ast.unparse(call.args[0])
        kind = words.get("kind")
        if not isinstance(kind, ast.Constant):
            continue
        assert kind.value in KINDS, where
        if literals.called(call) == "claim" and kind.value in ("trained", "timed"):
            relation = words.get("relation") or call.args[2]
            if isinstance(relation, ast.Constant):
                assert relation.value in INEQUALITIES, where


RATES_ARE_NAMED = ("learning rate", "{tried}", "setting=every.tried")
"""How the source of a claim says at which learning rates it holds."""


def test_what_training_found_contradicts_nobody(entry, calls):
    """It is not reproduced, and its sentence says at which learning rates."""
    for call, _ in calls("claim"):
        id, words = ast.unparse(call.args[0]), ast.unparse(call)
        if "'contradicted as printed'" in words:
            assert not entry.id.startswith("exp-") or id in PROVED, id
            assert "kind='trained'" not in words, id
        if "'not reproduced under our settings'" in words:
            assert any(one in words for one in RATES_ARE_NAMED), id


def test_measured_times_are_not_capped(calls):
    """A ratio that is cut at its bound would read as one that was met exactly."""
    for call, words in calls("claim"):
        if "kind" in words and ast.unparse(words["kind"]) == "'timed'":
            measured = ast.unparse(literals.given(call, 1, "measured"))
            assert "min(" not in measured, ast.unparse(call.args[0])


def test_every_id_is_kept_or_withdrawn():
    """An id never changes its meaning, and is never used again."""
    used = IDS.read_text().splitlines()
    assert used == sorted(set(used)), "sorted, one a line"
    withdrawn = yaml.safe_load(WITHDRAWN.read_text(encoding="utf-8")) or {}
    made = {claim.id for claim in stored_results.stored_claims()}
    assert sorted(made - set(used)) == [], f"new: add these to {IDS.name}"
    assert sorted(set(used) - made - set(withdrawn)) == [], "neither made nor withdrawn"
    assert sorted(made & set(withdrawn)) == [], "withdrawn, and made again"
    assert sorted(set(withdrawn) - set(used)) == [], "withdrawn, and never made"


def test_withdrawals_have_reasons():
    lines = WITHDRAWN.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    assert lines == sorted(lines)
    withdrawn = yaml.safe_load(WITHDRAWN.read_text(encoding="utf-8")) or {}
    assert len(withdrawn) == len(lines), "one line each, none twice"
    for id, reason in withdrawn.items():
        assert isinstance(reason, str) and len(reason) > 20, id


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("claim('a/b', 3, '<', 4, 's')", True),
        ("claim('a/b', -(2 + 1) / 3, '<', 4, 's')", True),
        ("claim('a/b', measured=float(3), relation='<', reference=4)", True),
        ("x = 3\nclaim('a/b', x, '<', 4, 's')", True),
        ("x = y = 3\nfor z in [x, 2]: claim('a/b', 2 * z, '<', 4, 's')", True),
        ("x = {'a': 3}\nledger.claim('a/b', x['a'], '<', 4, 's')", True),
        ("claim('a/b', max([1, 2]), '<', 4, 's')", True),
        ("claim('a/b', 3 if True else 4, '<', 4, 's')", True),
        ("claim('a/b', heads, '<', 4, 's')", False),
        ("claim('a/b', float(heads), '<', 4, 's')", False),
        ("x = 3\nx = max(x, f(x))\nclaim('a/b', x, '<', 4, 's')", False),
        ("x = 3\nx += f(2)\nclaim('a/b', x, '<', 4, 's')", False),
        ("x = []\nx.append(f(2))\nclaim('a/b', len(x), '<', 4, 's')", False),
        ("x = {}\nx[1] = f(2)\nclaim('a/b', x[1], '<', 4, 's')", False),
        ("claim('a/b', [1, 2].index(f(3)), '<', 4, 's')", False),
        ("claim('a/b', result.error, '<', 4, 's')", False),
        ("def state(x): claim('a/b', x, '<', 4, 's')", False),
        ("with f() as x: claim('a/b', x, '<', 4, 's')", False),
        ("claim('a/b', (x := 3), '<', 4, 's')", True),
        ("sum = f(2)\nclaim('a/b', sum, '<', 4, 's')", False),
    ],
)
def test_typed_numbers_are_told_from_computed_ones(cell, found):
    assert bool(literals.typed_claims([cell], ["heads"])) is found
