"""Stored results: what they show is what they say, and a re-run is compared."""

import copy

import pytest
import small_book
from hypothesis import given
from hypothesis import strategies as st

from tapx import claim_views, notebooks, stored_results
from tapx.claim_views import CLAIM_MIME, GLUE_PREFIX, REPORT_MIME
from tapx.claims import evaluate
from tapx.stored_results import LedgerError


def output(data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def notebook(*outputs):
    return {"cells": [{"outputs": [output(data)]} for data in outputs]}


def made(id="a/b", measured=1.5, **rest):
    return evaluate(id, measured, "<=", 2.0, "a sentence", **rest)


REPORT = {"name": "key", "value": 0.5, "format": ".4g", "rerun_tolerance": 1e-6}


def full():
    claims = [made("a/b"), made("a/c", 1.5e-9, rerun_tolerance="factor 10")]
    outputs = [claim_views.render(claim) for claim in claims]
    outputs += [claim_views.render_report(REPORT), claim_views.render_table(claims)]
    return notebook(*outputs)


def test_reads_claims_in_order():
    claims = stored_results.claims_of(full(), "kernels")
    assert [claim.id for claim in claims] == ["a/b", "a/c"]
    assert {claim.chapter for claim in claims} == {"kernels"}
    assert stored_results.reports_of(full()) == {"key": REPORT}


def test_text_stored_as_lines_is_the_same_text():
    stored = full()
    data = stored["cells"][3]["outputs"][0]["data"]
    data["text/plain"] = data["text/plain"].splitlines(keepends=True)
    stored_results.verify(stored, "kernels")


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
            stored_results.verify(stored, "kernels")


def test_wrong_number_in_the_data_is_found():
    stored = full()
    stored["cells"][0]["outputs"][0]["data"][CLAIM_MIME]["measured"] = 1.6
    with pytest.raises(LedgerError):
        stored_results.verify(stored, "kernels")
    stored = full()
    stored["cells"][2]["outputs"][0]["data"][REPORT_MIME]["value"] = 0.6
    with pytest.raises(LedgerError):
        stored_results.verify(stored, "kernels")


def test_twice_is_an_error():
    data = claim_views.render(made())
    with pytest.raises(LedgerError, match="'a/b' is made twice"):
        stored_results.claims_of(notebook(data, data), "kernels")
    data = claim_views.render_report(REPORT)
    with pytest.raises(LedgerError, match="'key' is reported twice"):
        stored_results.claims_of(notebook(data, data), "kernels")


def test_twice_in_the_book_is_an_error(tmp_path):
    chapters = {}
    for place, id in enumerate(("one", "two")):
        chapters[id] = small_book.chapter(small_book.cell(""), id=id, order=place)
        data = output(claim_views.render(made()))
        chapters[id].cells[1].outputs = [notebooks.nbformat.from_dict(data)]
    book = small_book.make(tmp_path, **chapters)
    with pytest.raises(LedgerError, match="in one and in two"):
        stored_results.stored_claims(book)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"measured": 1.51}, "measured was 1.5, is 1.51"),
        ({"measured": 2.5}, "verdict was 'holds', is 'fails'"),
        ({"id": "a/d"}, "not stored"),
        ({"verdict": "sharper than stated"}, "verdict was"),
        ({"result": "Lemma"}, "result was"),
        ({"rerun_tolerance": 1.0}, "rerun_tolerance was"),
    ],
)
def test_differences(change, words):
    fresh = made(**{"id": "a/b", **change})
    assert words in "\n".join(stored_results.differences([made()], [fresh]))


def test_no_difference_within_the_tolerance():
    pairs = [(made(), made(measured=1.5 + 1e-9))]
    factor = {"rerun_tolerance": "factor 10"}
    pairs += [(made(measured=1e-6, **factor), made(measured=9e-6, **factor))]
    for old, new in pairs:
        assert stored_results.differences([old], [new]) == []


def test_a_stored_failure_is_a_difference():
    fails = made(measured=3.0)
    assert stored_results.differences([fails], [fails]) == [
        "a/b: the verdict is 'fails'"
    ]


def test_report_differences():
    near = {**REPORT, "value": 0.5 + 1e-9}
    far = {**REPORT, "value": 0.6}
    word = {**REPORT, "value": "lin"}
    compare = stored_results.report_differences
    assert compare({"key": REPORT}, {"key": near}) == []
    assert "was 0.5, is 0.6" in compare({"key": REPORT}, {"key": far})[0]
    assert compare({"key": word}, {"key": {**word, "value": "log"}})
    assert compare({"key": REPORT}, {})


def stream(text):
    return [{"output_type": "stream", "name": "stdout", "text": text}]


@pytest.mark.parametrize(
    ("stored", "fresh", "tag", "same"),
    [
        ("loss 1.0e-05 in 3 s", "loss 9.0e-05  in 20 s", "within-factor-10", True),
        ("loss 1.0e-05 in 3 s", "loss 2.0e-04 in 3 s", "within-factor-10", False),
        ("loss 1.0", "loss -1.0", "within-factor-10", False),
        ("loss 1.0", "error 1.0", "within-factor-10", False),
        ("loss 1.0", "loss 1.0 2.0", "within-factor-10", False),
        ("1.000", "1.0001", "within-1e-3", True),
        ("1.000", "1.01", "within-1e-3", False),
        ("head2 1", "head3 1", "within-factor-10", False),
        ("1\n", "", "within-1e-3", False),
    ],
)
def test_text_differences(stored, fresh, tag, same):
    lines = stored_results.text_differences(stream(stored), stream(fresh), tag)
    assert (lines == []) is same


def test_within_tag():
    assert stored_results.within_tag(["a", "within-factor-10"]) == "within-factor-10"
    assert stored_results.within_tag(["within-reason"]) is None
    with pytest.raises(ValueError, match="within-1e-3"):
        stored_results.text_differences([], [], "within-reason")


@given(st.floats(0.1, 1.9), st.sampled_from([1e-9, 1e-6, 1e-3]))
def test_planted_number_beyond_tolerance_is_always_found(value, tolerance):
    old = made(measured=value, rerun_tolerance=tolerance)
    new = made(measured=value * (1 + 3 * tolerance), rerun_tolerance=tolerance)
    assert stored_results.differences([old], [new])
    assert not stored_results.differences([old], [copy.copy(old)])


def test_glue_prefix_marks_the_report():
    assert REPORT_MIME.startswith(GLUE_PREFIX)
