"""Stored results: what they show is what they say, and a re-run is compared."""

import dataclasses

import nbformat
import pytest
import small_book
from hypothesis import given
from hypothesis import strategies as st

from tapx.chapters import claim_views, claims, stored_results
from tapx.chapters.claim_views import CLAIM_MIME, GLUE_PREFIX, REPORT_MIME
from tapx.chapters.claims import evaluate
from tapx.chapters.stored_results import LedgerError


def output(data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def notebook(*outputs):
    return {"cells": [{"outputs": [output(data)]} for data in outputs]}


def made(id="a/b", measured=1.5, **rest):
    return evaluate(id, measured, "<=", 2.0, "a sentence", **rest)


REPORT = {"name": "key", "value": 0.5, "format": ".4g", "kind": "certified"}


def full():
    made_claims = [made("a/b"), made("a/c", 1.5e-9, kind="trained")]
    outputs = [claim_views.render(claim) for claim in made_claims]
    outputs += [claim_views.render_report(REPORT)]
    outputs += [claim_views.render_table(made_claims)]
    return notebook(*outputs)


def test_reads_claims_in_order():
    found = stored_results.claims_of(full(), "kernels")
    assert [claim.id for claim in found] == ["a/b", "a/c"]
    assert {claim.chapter for claim in found} == {"kernels"}
    assert stored_results.reports_of(full()) == {"key": REPORT}


def test_text_stored_as_lines_is_the_same_text():
    stored = full()
    data = stored["cells"][3]["outputs"][0]["data"]
    data["text/plain"] = data["text/plain"].splitlines(keepends=True)
    stored_results.claims_of(stored, "kernels")


@pytest.mark.parametrize("place", range(4))
def test_every_wrong_number_shown_is_found(place):
    """Each text of each output, with one digit changed."""
    data = full()["cells"][place]["outputs"][0]["data"]
    for mime in [mime for mime in data if isinstance(data[mime], str)]:
        stored = full()
        wrong = stored["cells"][place]["outputs"][0]["data"]
        wrong[mime] = wrong[mime].replace("5", "6", 1)
        assert wrong[mime] != data[mime]
        with pytest.raises(LedgerError, match="not what the stored data say"):
            stored_results.claims_of(stored, "kernels")


@pytest.mark.parametrize(
    ("place", "mime", "key"), [(0, CLAIM_MIME, "measured"), (2, REPORT_MIME, "value")]
)
def test_wrong_number_in_the_data_is_found(place, mime, key):
    stored = full()
    stored["cells"][place]["outputs"][0]["data"][mime][key] = 1.6
    with pytest.raises(LedgerError):
        stored_results.claims_of(stored, "kernels")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (claim_views.render(made()), "'a/b' is made twice"),
        (claim_views.render_report(REPORT), "'key' is reported twice"),
    ],
)
def test_twice_is_an_error(data, words):
    with pytest.raises(LedgerError, match=words):
        stored_results.claims_of(notebook(data, data), "kernels")


def test_twice_in_the_book_is_an_error(tmp_path):
    chapters = {}
    for place, id in enumerate(("one", "two")):
        chapters[id] = small_book.chapter(small_book.cell(""), id=id, order=place)
        data = output(claim_views.render(made()))
        chapters[id].cells[1].outputs = [nbformat.from_dict(data)]
    book = small_book.make(tmp_path, **chapters)
    with pytest.raises(LedgerError, match="in one and in two"):
        stored_results.stored_claims(book)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"measured": 1.51}, "measured was 1.5, is 1.51"),
        ({"measured": 2.5}, "verdict was 'holds', is 'fails'"),
        ({"id": "a/d"}, "a/d: not stored, but made by"),
        ({"id": "a/d"}, "a/b: stored, but not made by"),
        ({"verdict": "sharper than stated"}, "verdict was"),
        ({"result": "Lemma"}, "result was"),
        ({"kind": "computed"}, "kind was 'certified', is 'computed'"),
        ({"role": "check"}, "role was '', is 'check'"),
        ({"setting": "one seed"}, "setting was '', is 'one seed'"),
        ({"measured": 1.500001}, "certified numbers must be equal"),
    ],
)
def test_differences(change, words):
    fresh = made(**{"id": "a/b", **change})
    assert words in "\n".join(stored_results.differences([made()], [fresh]))


@pytest.mark.parametrize(
    ("kind", "stored", "fresh", "same"),
    [
        ("certified", {"measured": 1.5}, {"measured": 1.5}, True),
        ("certified", {"measured": 1.5}, {"measured": 1.500001}, False),
        ("certified", {"reference": 2.0}, {"reference": 2.000001}, False),
        ("computed", {"measured": 1.5}, {"measured": 1.5 + 1.4e-6}, True),
        ("computed", {"measured": 1.5}, {"measured": 1.5 + 1.6e-6}, False),
        ("computed", {"measured": 0.0}, {"measured": 1e-300}, False),
        ("evaluated", {"measured": 1.5}, {"measured": 0.1}, True),
        ("evaluated", {"measured": 1e-15}, {"measured": 9e-13}, True),
        ("evaluated", {"measured": 1e-15}, {"measured": 1.2e-12}, False),
        ("evaluated", {"rounding": 1e-12}, {"rounding": 1e-11}, False),
        ("evaluated", {"rounding": 1e-12}, {"rounding": 1e-12 + 1e-20}, True),
        ("evaluated", {"rounding": 1e-12}, {"rounding": None}, False),
        ("evaluated", {"reference": 2.0}, {"reference": 2.1}, False),
        ("trained", {"measured": 1.5}, {"measured": 0.1}, True),
        ("trained", {"reference": 2.0}, {"reference": 2.1}, False),
        ("trained", {"source": "computed"}, {"reference": 2.1}, True),
        ("timed", {"measured": 1.5}, {"measured": 0.1}, True),
    ],
)
def test_each_kind_is_compared_in_its_own_way(kind, stored, fresh, same):
    old, new = made(kind=kind), made(kind=kind)
    if stored.get("measured") == 1e-15:
        old = dataclasses.replace(old, rounding=1e-12)
        new = dataclasses.replace(new, rounding=1e-12)
    old = dataclasses.replace(old, **stored)
    new = dataclasses.replace(new, **{**stored, **fresh})
    assert (stored_results.differences([old], [new]) == []) is same


@pytest.mark.parametrize("kind", ["evaluated", "trained", "timed"])
def test_the_verdict_always_counts(kind):
    old, new = made(kind=kind), made(kind=kind, measured=2.1)
    lines = stored_results.differences([old], [new])
    assert lines[0] == "a/b: the verdict is 'fails'"
    assert "verdict was 'holds', is 'fails'" in lines[1]


def test_a_stored_failure_is_a_difference():
    fails = [made(measured=3.0)]
    assert stored_results.differences(fails, fails) == ["a/b: the verdict is 'fails'"]


def test_report_differences():
    near = {**REPORT, "value": 0.5 + 1e-9}
    far = {**REPORT, "value": 0.6}
    word = {**REPORT, "value": "lin"}
    compare = stored_results.report_differences
    assert compare({"key": REPORT}, {"key": near}) == [], "the text is the same"
    assert "was '0.5', is '0.6'" in compare({"key": REPORT}, {"key": far})[0]
    assert compare({"key": word}, {"key": {**word, "value": "log"}})
    assert compare({"key": REPORT}, {})
    assert compare({"key": REPORT}, {"key": {**REPORT, "format": ".3g"}})


@pytest.mark.parametrize("kind", claims.KINDS)
def test_reports_of_each_kind(kind):
    old = {**REPORT, "kind": kind}
    lines = stored_results.report_differences({"a": old}, {"a": {**old, "value": 0.6}})
    assert (lines != []) is (kind in ("certified", "computed"))
    assert stored_results.report_differences({"a": old}, {"a": {**old, "kind": "x"}})


def stream(text):
    return [{"output_type": "stream", "name": "stdout", "text": text}]


@pytest.mark.parametrize(
    ("stored", "fresh", "tags", "same"),
    [
        ("loss 1.0e-05 in 3 s", "loss 1.0e-05 in 3 s", [], True),
        ("loss 1.0e-05 in 3 s", "loss 1.0e-05  in 3 s", [], False),
        ("loss 1.0e-05 in 3 s", "loss 1.1e-05 in 3 s", [], False),
        ("loss 1.0", "loss 1.1", ["nbval-ignore-output", "within-1e-1"], False),
        ("loss 1.0e-05 in 3 s", "loss -9,000  in 20 s", ["measured"], True),
        ("loss 1.0", "error 1.0", ["measured"], False),
        ("loss 1.0", "loss 1.0 2.0", ["measured"], False),
        ("loss 1.0", "loss inf", ["measured"], True),
        ("loss 1.0", "loss infinite", ["measured"], False),
        ("10⁻⁷ or so", "10⁻¹² or so", ["measured"], True),
        ("head2 1", "head3 1", ["measured"], False),
        ("1\n", "", ["measured"], False),
    ],
)
def test_printed_differences(stored, fresh, tags, same):
    lines = stored_results.printed_differences(stream(stored), stream(fresh), tags)
    assert (lines == []) is same


@pytest.mark.parametrize("mime", ["text/plain", "text/html", "text/markdown"])
def test_every_form_of_a_table_is_compared(mime):
    def shown(text):
        return [output({"text/plain": "a", "text/html": "b", mime: text})]

    def compare(was, now, tags=()):
        return stored_results.printed_differences(shown(was), shown(now), tags)

    assert compare("<td>0.25</td>", "<td>0.25</td>") == []
    (line,) = compare("<td>0.25</td>", "<td>0.26</td>")
    assert mime in line and "0.26" in line
    assert compare("<td>0.25</td>", "<td>0.26</td>", ["measured"]) == []
    assert compare("<td>0.25</td>", "<td>none</td>", ["measured"])


PICTURE = {"image/png": "AAAA", "text/plain": "<Figure>"}
KEPT = {claim_views.RESULTS_MIME: [{"x": 1}], "text/plain": "1 rows kept"}


@pytest.mark.parametrize(
    ("stored", "fresh", "same"),
    [
        # Of a picture only its presence counts.
        (PICTURE, [{**PICTURE, "image/png": "BBBB"}], True),
        (PICTURE, [{"text/plain": "<Figure>"}], False),
        (PICTURE, [], False),
        ({f"{GLUE_PREFIX}image/png": "A"}, [{f"{GLUE_PREFIX}image/png": "B"}], True),
        # The ledger is no printed output.
        (claim_views.render(made()), [], True),
        (KEPT, [], True),
        # Lines and one string are the same text.
        ({"text/plain": ["a\n", "b"]}, [{"text/plain": "a\nb"}], True),
    ],
)
def test_what_counts_of_an_output(stored, fresh, same):
    new = [output(data) for data in fresh]
    assert (stored_results.printed_differences([output(stored)], new) == []) is same


@given(st.floats(0.1, 1.9), st.sampled_from(["certified", "computed"]))
def test_planted_number_is_always_found(value, kind):
    old, new = (made(measured=one, kind=kind) for one in (value, value * 1.00001))
    assert stored_results.differences([old], [new])
    assert not stored_results.differences([old], [old])
