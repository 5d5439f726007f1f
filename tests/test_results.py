"""The rows of the paper: all there, without a circle, numbers in their order."""

import json

import pytest
from click.testing import CliRunner

from tapx import cli, registry, witnesses
from tapx.chapters import notebooks
from tapx.registry import ROWS
from tapx.result import Result, exponent

pytestmark = pytest.mark.xdist_group(__name__)  # they share what is dear to make
USES = {
    "lemma-G.5": "",
    "lemma-G.6": "",
    "prop-C.1": "",
    "lemma-F.1": "lemma-G.5",
    "lemma-F.2": "lemma-F.1",
    "lemma-F.3": "lemma-G.5",
    "lemma-F.4": "lemma-G.5",
    "lemma-F.5": "lemma-F.4",
    "lemma-F.6": "lemma-G.5",
    "thm-3.1": "lemma-F.1 lemma-F.4 lemma-G.6",
    "thm-4.1": "lemma-F.2 lemma-F.5 lemma-G.6 prop-C.1",
    "prop-4.2": "",
    "prop-4.3": "thm-4.1",
    "thm-4.4": "thm-4.1 lemma-F.1 lemma-F.4 lemma-F.2 lemma-F.5",
    "prop-4.5": "thm-4.1 thm-4.4",
    "thm-5.1": "lemma-F.3 lemma-F.6 lemma-G.6",
    "exp-1a": "thm-4.4 prop-4.5",
    "exp-1b": "thm-3.1",
    "exp-2a": "thm-3.1 lemma-G.6",
    "exp-2b": "thm-3.1 lemma-F.1 lemma-F.4",
    "exp-3a": "thm-3.1 prop-4.2",
    "exp-3b": "prop-4.2",
    "exp-4a": "thm-5.1",
    "exp-4b": "thm-5.1",
}


def test_every_result_and_experiment_has_its_row():
    assert {id: " ".join(row.uses) for id, row in ROWS.items()} == USES


def test_uses_go_in_no_circle():
    def depth(id: str) -> int:
        return 1 + max((depth(other) for other in ROWS[id].uses), default=0)

    assert max(map(depth, ROWS)) <= len(ROWS)


def test_chapters_exist():
    chapters = {entry.id for entry in notebooks.chapters()}
    assert {row.chapter for row in ROWS.values()} <= chapters


@pytest.fixture(scope="module")
def plain():
    """What the command lists, by id; all of it is stored."""
    before = len(witnesses.used()["searched"])
    found = CliRunner().invoke(cli.main, ["results", "--json"])
    assert found.exit_code == 0, found.output
    assert len(witnesses.used()["searched"]) == before
    return {row["id"]: row for row in json.loads(found.output)}


@pytest.mark.parametrize("id", ROWS)
def test_numbers_stand_in_their_order(id, plain):
    """Floor at most what is built or known, certified at most the bound."""
    row = plain[id]
    made = [row[key] for key in ("certified", "best known") if row[key] is not None]
    if row["floor"] is not None and not row["rivals"]:
        assert row["floor"] <= min(made) * (1 + 1e-9)
    if row["floor"] is not None and row["best known"] is not None:
        assert row["floor"] <= row["best known"] * (1 + 1e-9)
    if row["bound"] is not None and row["certified"] is not None:
        assert row["certified"] <= row["bound"]
    if row["useful from"]:
        first, idle = row["useful from"], row["without memory"]
        assert ROWS[id].bound(first) < idle <= ROWS[id].bound(first - 1)


def test_results_of_theorems_are_built():
    built = {id for id, row in ROWS.items() if row.construct is not None}
    assert built >= {id for id in ROWS if id.startswith(("thm", "prop-4", "lemma-F"))}


def test_what_a_row_has_no_answer_to_is_none():
    row = Result("a", "A", "a statement")
    assert row.bound(3) is row.certified() is row.useful_from is None


def test_a_row_bounds_what_it_constructs():
    row = ROWS["thm-3.1"]
    with pytest.raises(ValueError, match="1 heads cannot serve 2 lags"):
        row.certified(1)
    assert row.certified(16) <= row.bound(16)
    assert row.bound(16) == min(row.bound(16, n) for n in range(1, 17))


def test_the_command_lists_all(plain, monkeypatch):
    assert list(plain) == list(ROWS)
    assert plain["lemma-F.1"] == ROWS["lemma-F.1"].as_plain_data()
    monkeypatch.setattr(registry, "ROWS", {"thm-3.1": ROWS["thm-3.1"]})
    text = CliRunner().invoke(cli.main, ["results"]).output
    assert "Theorem 3.1: One layer" in text
    assert "the bound says something from 7,395 heads on" in text


def test_rows_whose_floor_is_for_other_models_say_so():
    """There what is built comes below the floor."""
    named = {id for id, row in ROWS.items() if row.rivals and row.floor_at}
    assert named == {"prop-4.2", "exp-2a", "exp-2b"}
    assert "layers without dot products" in ROWS["prop-4.2"].as_text()
    for id in named:
        row = ROWS[id]
        assert row.certified() < row.floor_at(row.default)


def test_a_bound_of_zero_is_useful():
    assert (
        Result("a", "A", "", bound_at=lambda n, _: 0.0, no_memory=1.0).useful_from == 1
    )


def test_the_error_without_memory_is_that_of_the_definition():
    assert [ROWS[id].no_memory for id in ("thm-4.1", "prop-4.5")] == [1, 1]
    assert ROWS["thm-4.4"].no_memory == 2  # a product of signs with the wrong sign


def test_exponents_of_power_laws():
    assert exponent([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2)
    assert exponent([5, 5], [1.0, 2.0], otherwise=-1.0) == -1.0
