"""What searches found: looked up, checked, searched only if missing, kept if better."""

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


def ask(question, found, calls=None):
    def look():
        if calls is not None:
            calls.append(found)
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


def test_require_refuses_a_search_and_names_the_question(folder, monkeypatch):
    monkeypatch.setenv(witnesses.VARIABLE, "require")
    calls = []
    with pytest.raises(NotStored, match=r"toys/one \(heads 2, weight_bits 53\)"):
        ask(toy(), 3, calls)
    assert not calls


def test_a_mode_that_does_not_exist_is_refused(folder, monkeypatch):
    monkeypatch.setenv(witnesses.VARIABLE, "required")
    with pytest.raises(ValueError, match=r"'required'.*require, store, improve"):
        ask(toy(), 3)


def test_what_is_stored_is_found_again_without_a_search(folder, monkeypatch):
    monkeypatch.setenv(witnesses.VARIABLE, "store")
    assert ask(toy(), 3) == "3"
    monkeypatch.setenv(witnesses.VARIABLE, "require")
    calls = []
    assert ask(toy(), 9, calls) == "3"
    assert not calls
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


def damaged(folder, monkeypatch, change):
    monkeypatch.setenv(witnesses.VARIABLE, "store")
    ask(toy(), 3)
    path = toy().path
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    witnesses.stored.cache_clear()


def test_a_question_changed_by_hand_no_longer_fits_its_key(folder, monkeypatch):
    damaged(folder, monkeypatch, lambda d: d["entries"][0]["size"].update(heads=3))
    with pytest.raises(WitnessError, match=r"toys/one.*not the hash"):
        ask(toy(), 3)


def test_another_format_is_refused(folder, monkeypatch):
    damaged(folder, monkeypatch, lambda d: d.update(format=2))
    with pytest.raises(WitnessError, match="toys/one: format 2, not 1"):
        ask(toy(), 3)


def test_a_file_that_is_cut_off_is_named(folder, monkeypatch):
    damaged(folder, monkeypatch, lambda d: None)
    toy().path.write_text(toy().path.read_text()[:50])
    with pytest.raises(WitnessError, match="toys/one cannot be read"):
        ask(toy(), 3)


def test_a_claim_that_the_numbers_do_not_show_is_refused(folder, monkeypatch):
    damaged(folder, monkeypatch, lambda d: d["entries"][0].update(claim="2.9"))
    with pytest.raises(WitnessError, match=r"toys/one .*do not show at most 2\.9"):
        ask(toy(), 3)


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
    keys = [
        search.recall_question(10, 16, LIN, 53).key,
        search.recall_question(3, 8, LOG, 53).key,
        window_search.window_question(heavy, 4, LIN, 1, 999).key,
        equal_rates.limit_question(part, "log", 3, 99).key,
        Question("g", "n", "k", "", {"a": 1}, {"b": [1, 2]}, "s").key,
    ]
    assert keys == [
        "30bf6e5d8e2a56eb",
        "996375fa1dd47c81",
        "db23c646a6fe813e",
        "2f8eb4170e4f639a",
        "6527b304ab91536e",
    ]


def test_one_witness_of_each_kind_and_family_is_checked_by_its_finder():
    chosen = {}
    for entry in witnesses.stored().values():
        chosen.setdefault((entry["kind"], entry["family"]), entry)
    count, _ = finders.check(chosen.values())
    assert count == len(chosen) >= len(finders.KINDS)


@pytest.mark.parametrize("family", ["exponential", "power"])
@pytest.mark.parametrize("change", ["sign", "weight", "rate", "claim"])
def test_a_falsified_kernel_is_refused(family, change):
    stored = [
        entry
        for entry in witnesses.stored().values()
        if (entry["kind"], entry["family"]) == ("kernel-l1", family)
    ]
    entry = json.loads(json.dumps(max(stored, key=lambda e: len(e["rates"]))))
    if change == "sign":
        entry["weights"][0] = witness_numbers.fraction(-Fraction(entry["weights"][0]))
    elif change == "claim":
        entry["claim"] = witness_numbers.fraction(
            Fraction(entry["claim"]) * 999_999 / 10**6
        )
    else:
        key = change + "s"
        worse = Fraction(entry[key][0]) * (1 + Fraction(1, 1000))
        entry[key][0] = witness_numbers.fraction(worse)
    with pytest.raises(WitnessError, match="do not show an l1 error of at most"):
        search.read_kernel(entry)


def test_find_searches_again_and_keeps_the_better(folder, monkeypatch):
    poor = Kernel.of("exponential", (0.5, 1.0), (1, 0), Delta(1))
    question = search.recall_question(1, 2, LIN, 24)
    entry = witnesses.question_entry(question, search.write_kernel(poor))
    witnesses.store([entry])
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
