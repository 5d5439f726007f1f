"""The claims of a chapter follow the object behind them when it changes by 1 %."""

import os
from fractions import Fraction

import claim_probe
import numpy as np
import parameter_use
import probe_changes
import pytest
import small_book
import torch

from tapx.chapters import notebooks, parameters, profiles
from tapx.kernels.family import LIN

CHAPTERS = notebooks.chapters()
STAYS = {
    "atlas/vacuous-share": "a ratio of counts of bounds",
    "barron/norm-of-parity": "the norm of whole weights",
    "cost/fft-overtakes-dense": "a length of the grid of lengths",
    "cost/fft-overtakes-keys": "a length of the grid of lengths",
    "exp-1a/parameters-match": "a ratio of counts of parameters",
    "exp-3b/shared-passages": "a ratio of counts of passages",
    "lemma-F.1/best-spacing-factor": "a closed form at the lags 1 to 1000",
    "lemma-F.1/printed-gap-factor": "a closed form at a spacing of 0.01",
    "lemma-F.5/best-uniform-l1": "at the smoke profile the best kernel is zero",
    "lemma-F.5/one-power-too-few-l1": "at the smoke profile the best kernel is zero",
    "lemma-F.6/least-decay-with-an-order": "counts decays in steps of 0.001",
    "positions/t5-recall-in-a-bucket": "is 1 for every width of a bucket",
    "positions/t5-table-deviation": "largest where a bucket starts",
    "prop-4.2/parity-with-current-token-gain": "a game of signs has a whole value",
    "thm-4.1/log-threshold-over-printed": "a closed form at whole lags",
    "thm-4.4/built-over-required-heads": "a ratio of counts of heads",
    "thm-5.1/curse-exponent-in-omega": "of counts of exponentials",
}
"""Claims that no change of 1 % moves, with the reason; they are in no sample."""


def probed(notebook, base):
    """What becomes of the claims of a notebook at these parameters."""
    source, cells = parameter_use.code_cells(notebook)
    values = parameters.resolve(parameters.parse(source), {}, base=base)
    found, error = claim_probe.probe(cells, values)
    assert not error, f"the smoke profile fails: {error}"
    return found


def wrong(found):
    """The claims that nobody computed, and those of the sample that do not follow."""
    found = [one for one in found if one.id not in STAYS]
    constant = [one for one in found if one.outcome == "constant"]
    left = [one for one in found if one not in constant]
    asked = claim_probe.sample(left)
    return constant + [one for one in asked if one.outcome != "follows"]


@pytest.mark.parametrize("entry", CHAPTERS, ids=lambda entry: entry.id)
def test_claims_follow_what_is_behind_them(entry, monkeypatch):
    monkeypatch.chdir(entry.path.parent)
    base = profiles.available_profiles(entry.id).get("smoke", {})
    found = probed(notebooks.load(entry.path), base)
    assert not wrong(found)
    left = [one for one in found if one.id not in STAYS]
    assert len(claim_probe.sample(left)) >= min(claim_probe.LEAST, len(found))


def tiny(*lines):
    """A notebook whose only cell after the set-up is this code."""
    return small_book.chapter(
        small_book.cell(small_book.PARAMETERS, "parameters"),
        small_book.cell(small_book.MEASURE),
        small_book.cell("\n".join(lines)),
    )


def outcomes(*lines):
    return {one.id: one.outcome for one in probed(tiny(*lines), {})}


def claim(id, measured):
    return f'claim("a/{id}", {measured}, "<", 1e9, "a number", source="computed")'


def test_a_claim_of_the_tiny_chapter_follows():
    assert probed(small_book.tiny(), {})[0] == claim_probe.Probed(
        "lemma-F.1/tiny", "follows", True, "draws"
    )


@pytest.mark.parametrize(
    "lines",
    [
        (claim("x", "0.5"),),
        (claim("x", "max(0.5, 2.0 ** -3)"),),
        ("half = 0.5", "size = 2 * half", claim("x", "size")),
        ("def half():", "    return 0.5", "size = half()", claim("x", "size")),
        ("typed = {'lin': 0.5}", claim("x", "typed[position]")),
        ("for one, size in [('a', 0.5), ('b', 1.5)]:", "    " + claim("x", "size")),
    ],
)
def test_a_number_that_is_typed_is_noticed(lines):
    found = probed(tiny(*lines, claim("y", "value")), {})
    assert [one.outcome for one in found] == ["constant", "follows"]
    assert [one.id for one in wrong(found)] == ["a/x"]


def test_a_claim_that_forgets_its_object_is_noticed():
    """The object is named, but the number is not computed from it."""
    found = outcomes(
        "length = float(draws.size)",
        claim("x", "length"),
        claim("y", "0.0 * draws.sum() + 0.5"),
    )
    assert found == {"a/x": "stays", "a/y": "stays"}
    ids = ("follows", "stays", "stays", "follows")
    probes = [claim_probe.Probed(f"a/{k}", one, True) for k, one in enumerate(ids)]
    assert [one.id for one in wrong(probes)] == ["a/1", "a/2"]


def test_objects_of_many_kinds_are_changed():
    found = outcomes(
        "import functools, math",
        "from dataclasses import dataclass",
        "from fractions import Fraction",
        "import torch",
        "from flint import arb",
        "@dataclass(frozen=True)",
        "class Box:",
        "    sides: tuple",
        "    name: str",
        "    @functools.cached_property",
        "    def volume(self):",
        "        return math.prod(self.sides)",
        "box = Box((1.0, 2.0, 3.0), 'box')",
        "box.volume",
        "layer = torch.nn.Linear(2, 1)",
        "def norm():",
        "    return float(layer.weight.norm())",
        "third = [Fraction(1, 3), arb(1) / 3]",
        "rows = [{'error': draws.max(), 'heads': 3}]",
        "least = min(row['error'] for row in rows)",
        "for row in rows:",
        "    share = row['error'] / 2",
        "    " + claim("row", "share"),
        claim("cached", "box.volume"),
        claim("module", "norm()"),
        claim("least", "least"),
        claim("number", "float(sum(third[:1]))"),
        "if True:",
        "    claim(id='a/words', measured=value, relation='<', reference=1e9,",
        "          statement='a number', source='computed')",
    )
    assert found.pop("a/number") == "constant"  # Fraction(1, 3) is typed
    others = ("a/row", "a/cached", "a/module", "a/least", "a/words")
    assert found == dict.fromkeys(others, "follows")


def test_what_takes_long_to_compute_is_data():
    found = probed(
        tiny(
            "import time",
            "def work():",
            "    end = time.process_time() + 1",
            "    while time.process_time() < end:",
            "        pass",
            "    return float(draws.max())",
            "dear = work()",
            claim("x", "2 * dear"),
        ),
        {},
    )
    assert found == [claim_probe.Probed("a/x", "follows", True, "dear")]


def test_nothing_of_a_probe_is_left_for_the_notebook():
    found = outcomes(
        "generator = np.random.default_rng(0)",
        "first = np.random.default_rng(0).random(2)",
        claim("x", "generator.random() * value"),
        claim("y", "draws.sum() * value"),
        "assert value == draws.sum() + sum(lags)",
        "assert generator.random() == first[1]",
    )
    assert set(found.values()) == {"follows"}


def test_a_change_that_is_refused_is_followed():
    assert outcomes(
        "def refuse(total):",
        "    if total != held[0]:",
        "        raise ValueError('another sum')",
        "    return 0.5",
        "held = np.array([draws.sum()])",
        claim("x", "refuse(draws.sum())"),
    ) == {"a/x": "follows"}


@pytest.mark.parametrize(
    ("value", "after"),
    [
        (2.0, 2.02),
        (3, 3),
        (True, True),
        ("text", "text"),
        (Fraction(1, 3), Fraction(101, 300)),
        ([1.0, (2.0, 3)], [1.01, (2.02, 3)]),
        ({"a": 1.0, "b": None}, {"a": 1.01, "b": None}),
        ({"a": 1.0}.values(), [1.01]),
    ],
)
def test_change_by_one_percent(value, after):
    changed = probe_changes.perturbed(value, probe_changes.Change())
    assert changed == (after, value != after)


def test_whole_numbers_grow_by_one_where_nothing_else_helps():
    grow = probe_changes.Change(whole=True)
    assert probe_changes.perturbed([3, 2.0, np.int64(4)], grow) == ([4, 2.02, 5], True)
    assert probe_changes.perturbed(np.arange(2), probe_changes.Change())[1] is False
    assert probe_changes.perturbed(np.arange(2), grow)[0].tolist() == [1, 2]


def test_some_numbers_grow_and_some_fall():
    """A ratio of two numbers of one object would not notice a common factor."""
    mixed = probe_changes.perturbed([1.0] * 8, probe_changes.Change(mixed=1))[0]
    assert set(mixed) == {0.99, 1.01}
    array = probe_changes.perturbed(np.ones(8), probe_changes.Change(mixed=1))[0]
    tensor = probe_changes.perturbed(torch.ones(8), probe_changes.Change(mixed=1))[0]
    assert array.tolist() == mixed
    assert torch.allclose(tensor, torch.tensor(mixed))
    assert outcomes(
        "rows = np.array([value, 2 * value, value + 1, value + 2])",
        claim("x", "rows[1] / rows[2]"),
    ) == {"a/x": "follows"}


def test_constants_of_the_package_are_in_no_sample():
    found = probed(
        tiny(
            "from tapx.network import positions",
            claim("x", "float(positions.alibi_slopes(3)[0])"),
        ),
        {},
    )
    assert found[0].outcome == "closed"
    assert not claim_probe.sample(found) and not wrong(found)


def test_what_there_is_one_of_is_no_data():
    made = probe_changes.perturbed([LIN, 1.0], probe_changes.Change(whole=True))
    assert made == ([LIN, 1.01], True) and made[0][0] is LIN and LIN.first_lag == 0


def test_samples_are_spread_and_prefer_real_numbers():
    made = [
        claim_probe.Probed(f"a/{k}", "late" if k == 5 else "follows", k % 2 == 0)
        for k in range(40)
    ]
    chosen = claim_probe.sample(made)
    assert len(chosen) == 8 and all(one.real for one in chosen)
    assert len(set(chosen)) == 8 and int(chosen[-1].id[2:]) > 30
    assert claim_probe.sample(made) == chosen
    few = claim_probe.sample(made[:6])
    assert [one.id for one in few] == ["a/0", "a/2", "a/4"]
    assert len(claim_probe.sample(made[:4])) == 4
    assert claim_probe.sample([]) == []


def test_threads_are_few():
    assert os.environ["OMP_NUM_THREADS"] == os.environ.get("TAPX_THREADS", "1")
