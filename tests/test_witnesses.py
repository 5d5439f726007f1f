"""What searches found: looked up, checked, searched only if missing, kept if better."""

import copy
import json
import os
from fractions import Fraction

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapx import witness_numbers, witnesses
from tapx.chapters import claim_views, ledger, notebooks, stored_results
from tapx.chapters.claims import Claim
from tapx.kernels import search, window_search, windows
from tapx.kernels.family import LIN, LOG
from tapx.kernels.kernel import Delta, Kernel
from tapx.limits import equal_rates, finders
from tapx.witnesses import NotStored, Question, WitnessError


def toy(**changes):
    values = dict(
        group="toys",
        name="one",
        kind="kernel-l1",
        family="exponential",
        target={"delta": 1},
        size={"heads": 2, "weight_bits": 53},
        statement="A statement that says what the claim means.",
    )
    return Question(**(values | changes))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of witnesses, and a process that has asked nothing."""
    monkeypatch.setattr(witnesses, "FOUND", tmp_path)
    monkeypatch.setattr(witnesses, "asked", {})
    monkeypatch.setattr(witnesses, "searched", {})
    monkeypatch.delenv(witnesses.VARIABLE, raising=False)
    witnesses.stored.cache_clear()
    yield tmp_path
    witnesses.stored.cache_clear()


def read(entry):
    witnesses.check(Fraction(entry["claim"]) >= int(entry["rate"]), entry, "at most")
    return entry["rate"]


def ask(question, found=None):
    """The rate stored, or else the one found; without one, nothing may be searched."""

    def look():
        assert found
        return str(found)

    def write(rate):
        return {"rate": rate, "claim": witness_numbers.decimal(int(rate))}

    return witnesses.answer(question, read, look, write)


def test_a_question_without_an_answer_is_searched_and_one_line_says_so(folder, capsys):
    assert ask(toy(), 3) == "3"
    assert ask(toy(size={"heads": 3, "weight_bits": 53}), 4) == "4"
    assert capsys.readouterr().out == (
        "searched here, not stored: toys/one (heads 2, weight_bits 53)\n"
    )
    assert len(witnesses.searched) == 2
    assert not witnesses.asked
    assert not list(folder.glob("*/*.json"))


@pytest.mark.parametrize(
    ("mode", "error", "words"),
    [
        ("require", NotStored, r"toys/one \(heads 2, weight_bits 53\)"),
        ("required", ValueError, r"'required'.*require, store, improve"),
    ],
)
def test_require_and_what_is_no_mode_refuse_a_search(
    folder, monkeypatch, mode, error, words
):
    monkeypatch.setenv(witnesses.VARIABLE, mode)
    with pytest.raises(error, match=words):
        ask(toy(), 3)


def test_what_is_stored_is_found_again_without_a_search(folder, monkeypatch):
    monkeypatch.setenv(witnesses.VARIABLE, "store")
    assert ask(toy(), 3) == "3"
    monkeypatch.setenv(witnesses.VARIABLE, "require")
    assert ask(toy()) == "3"
    assert witnesses.asked == {toy().key: "toys/one"}


@pytest.mark.parametrize(("found", "kept"), [(2, "2"), (3, "3"), (4, "3")])
def test_only_something_strictly_better_replaces_it(folder, monkeypatch, found, kept):
    monkeypatch.setenv(witnesses.VARIABLE, "store")
    ask(toy(), 3)
    before = toy().path.read_text()
    monkeypatch.setenv(witnesses.VARIABLE, "improve")
    assert ask(toy(), found) == kept
    assert (toy().path.read_text() == before) == (found >= 3)


@pytest.mark.parametrize(("side", "more"), [("larger", "0.6"), ("smaller", "0.4")])
def test_a_claim_is_better_only_if_it_says_more(side, more):
    old = {"claim": "0.5", "better": side}
    assert witnesses.better({"claim": more, "better": side}, old)
    assert not witnesses.better({"claim": "0.5", "better": side}, old)


def test_answers_to_several_questions_share_a_file(folder, monkeypatch):
    monkeypatch.setenv(witnesses.VARIABLE, "store")
    ask(toy(size={"heads": 12, "weight_bits": 53}), 3)
    ask(toy(), 5)
    found = witnesses.entries(toy().path)
    assert [entry["size"]["heads"] for entry in found] == [2, 12]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"heads": 2', '"heads": 3'), ".*not the hash"),
        (lambda text: text.replace(": 1,", ": 2,", 1), ": format 2, not 1"),
        (lambda text: text[:50], " cannot be read"),
        (lambda text: text.replace("3.000", "2.999"), " .*not show at most 2.999"),
    ],
    ids=["question", "format", "cut off", "claim"],
)
def test_a_damaged_file_is_refused(folder, monkeypatch, change, message):
    monkeypatch.setenv(witnesses.VARIABLE, "store")
    ask(toy(), 3)
    text = toy().path.read_text()
    assert change(text) != text
    toy().path.write_text(change(text))
    witnesses.stored.cache_clear()
    with pytest.raises(WitnessError, match=f"toys/one{message}"):
        ask(toy())


@given(st.fractions(min_value=-(10**9), max_value=10**9), st.booleans())
def test_claims_are_rounded_to_the_safe_side_in_seven_digits(number, up):
    text = witness_numbers.decimal(number, up)
    claim = Fraction(text)
    assert claim >= number if up else claim <= number
    assert abs(claim - number) <= abs(number) * Fraction(1, 10**6)
    jsonschema.validate(text, SCHEMA["$defs"]["decimal"])


SCHEMA = json.loads((witnesses.FOUND / "schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", witnesses.files(), ids=witnesses.short)
def test_a_stored_file_has_the_one_form(path):
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    jsonschema.validate(data, SCHEMA)
    assert witnesses.dumps(data["entries"]) == text
    assert {entry["name"] for entry in data["entries"]} == {witnesses.short(path)}
    witnesses.entries(path)  # recomputes the keys


def test_every_kind_has_a_finder_and_an_example():
    kinds = SCHEMA["properties"]["entries"]["items"]["properties"]["kind"]["enum"]
    assert sorted(kinds) == sorted(finders.KINDS)
    assert {e["kind"] for e in witnesses.stored().values()} == set(finders.KINDS)


def test_five_keys_never_change():
    part = equal_rates.Tokens((3, 8), (0.5, 0.25))
    heavy = windows.Decay(LOG, 0.5)
    asked = {
        "30bf6e5d8e2a56eb": search.recall_question(10, 16, LIN, 53),
        "996375fa1dd47c81": search.recall_question(3, 8, LOG, 53),
        "db23c646a6fe813e": window_search.window_question(heavy, 4, LIN, 1, 999),
        "2f8eb4170e4f639a": equal_rates.limit_question(part, "log", 3, 99),
        "6527b304ab91536e": Question("g", "n", "k", "", {"a": 1}, {"b": [1, 2]}, "s"),
    }
    assert [one.key for one in asked.values()] == list(asked)


def test_one_witness_of_each_kind_and_family_is_checked_by_its_finder():
    chosen = {}
    for entry in witnesses.stored().values():
        chosen.setdefault((entry["kind"], entry["family"]), entry)
    count, _ = finders.check(chosen.values())
    assert count == len(chosen) >= len(finders.KINDS)


FALSE = {
    "sign": ("weights", -1),
    "weight": ("weights", Fraction(1001, 1000)),
    "rate": ("rates", Fraction(1001, 1000)),
    "claim": ("claim", Fraction(999_999, 10**6)),
}


@pytest.mark.parametrize("family", ["exponential", "power"])
@pytest.mark.parametrize("change", FALSE)
def test_a_falsified_kernel_is_refused(family, change):
    stored = (
        entry
        for entry in witnesses.stored().values()
        if (entry["kind"], entry["family"]) == ("kernel-l1", family)
    )
    entry = copy.deepcopy(max(stored, key=lambda e: len(e["rates"])))
    key, factor = FALSE[change]
    place, key = (entry, key) if key == "claim" else (entry[key], 0)
    place[key] = str(Fraction(place[key]) * factor)
    with pytest.raises(WitnessError, match="do not show an l1 error of at most"):
        search.read_kernel(entry)


def test_find_searches_again_and_keeps_the_better(folder):
    poor = Kernel.of("exponential", (0.5, 1.0), (1, 0), Delta(1))
    question = search.recall_question(1, 2, LIN, 24)
    entry = witnesses.question_entry(question, search.write_kernel(poor))
    witnesses.store(entry)
    search._recall.cache_clear()
    told = []
    assert finders.find(tell=told.append) == (1, 1)
    assert len(told) == 1 and told[0].startswith("kernels/exponential-lag1")
    assert witnesses.VARIABLE not in os.environ
    search._recall.cache_clear()
    assert finders.find(tell=told.append) == (1, 0)
    search._recall.cache_clear()


def test_every_stored_answer_is_asked_for_by_a_chapter_and_none_is_searched():
    asked, searched = set(), []
    for chapter in notebooks.chapters():
        used = stored_results.witnesses_of(notebooks.load(chapter.path))
        asked |= set(used["stored"])
        searched += used["searched"]
    stored = {f"{e['name']} {key}" for key, e in witnesses.stored().items()}
    assert asked == stored
    assert not searched


def test_claims_of_a_run_that_searched_say_so_and_are_not_compared(monkeypatch):
    shown = []
    monkeypatch.setattr(ledger, "_display", lambda data, _=None: shown.append(data))
    monkeypatch.setattr(ledger, "_session", {})
    monkeypatch.setattr(witnesses, "searched", {})
    for measured in (0.25, 0.5):
        ledger.claim("a/b", measured, "<=", 1, "A number is at most one.")
        witnesses.searched["key"] = toy()
    first, second = (
        Claim.from_dict(data[claim_views.CLAIM_MIME], "chapter") for data in shown
    )
    assert (first.searched, second.searched) == (False, True)
    assert stored_results.differences([first], [second]) == []
    ledger.claims_table()
    assert shown[-1][claim_views.WITNESSES_MIME]["searched"] == [str(toy())]
