"""The book's own chapters at their smoke setting: repeatable, and guarded."""

import json
from functools import cache

import pytest

from tapx.chapters import claims, notebooks, records, runs, stored_results

CHAPTERS = notebooks.chapters()


@pytest.fixture(scope="session")
def smoked(tmp_path_factory):
    """A complete run of a chapter at the smoke profile, made once."""

    @cache
    def run(id):
        folder = tmp_path_factory.mktemp("smoke")
        return runs.run(id, profile="smoke", output=folder)

    return run


@pytest.fixture(
    params=[
        pytest.param(entry, id=entry.id, marks=pytest.mark.xdist_group(entry.id))
        for entry in CHAPTERS
    ]
)
def smoke(request, smoked):
    """A chapter and its run."""
    return request.param, smoked(request.param.id)


def without_times(notebook):
    """What each cell shows, apart from times.

    Those are the claims and reports of the kind "timed" and, in a chapter that reads a
    clock, the digits that a cell tagged ``measured`` prints, the pictures and the kept
    rows.
    """
    entries = stored_results.claims_of(notebook, "")
    timed = {claim.id for claim in entries if claim.kind == "timed"}
    clock = timed or any("perf_counter" in cell.source for cell in notebook.cells)
    shown = []
    for cell in notebook.cells:
        found = list(cell.get("outputs", []))
        if clock:
            found = [untimed(output, timed) for output in found]
            if stored_results.MEASURED in cell.metadata.get("tags", ()):
                found = [masked(output) for output in found]
        shown.append(json.dumps(found, sort_keys=True))
    return shown


def untimed(output, timed):
    data = output.get("data", {})
    if data.get(stored_results.CLAIM_MIME, {}).get("id") in timed:
        return data[stored_results.CLAIM_MIME] | {"measured": 0, "reference": 0}
    if data.get(stored_results.REPORT_MIME, {}).get("kind") == "timed":
        return data[stored_results.REPORT_MIME] | {"value": None}
    drawn = [mime for mime in data if "image/" in mime]
    for mime in (*drawn, stored_results.TABLE_MIME, stored_results.RESULTS_MIME):
        if mime in data:
            return mime
    return output


def masked(output):
    return stored_results.words(json.dumps(output, sort_keys=True))


def test_two_runs_with_one_seed_agree_bit_for_bit(smoke, tmp_path):
    entry, first = smoke
    second = runs.run(entry.id, profile="smoke", output=tmp_path)
    one, other = notebooks.load(first.notebook), notebooks.load(second.notebook)
    assert without_times(other) == without_times(one)


def test_smoke_is_quick_and_recorded(smoke):
    entry, done = smoke
    record = json.loads(done.record.read_text())
    kept = ("results", "reports")
    assert tuple(key for key in record if key not in kept) == records.KEYS
    assert record["profile"] == "smoke"
    assert record["duration_s"] < 60
    assert {claim.chapter for claim in done.claims} == {entry.id}


# Claims that ask for more than smoke runs: a rate over a longer ladder, a training of
# more steps. All others hold at smoke size too, on any machine.
BEYOND_SMOKE = {
    "exp-1a/base-below-unigram",
    "exp-1a/peaked-start-turns-depth",
    "exp-3b/dot-product-gain-large",
    "exp-3b/matched-lag-1-gain",
    "exp-3b/log-below-lin",
    "exp-3b/log-gain-below-lin-gain",
    "exp-3b/tmx-below-dot-products",
    "exp-3b/widened-gain",
    "exp-4a/free-1-trained-mse-worst-run",
    "exp-4a/length-8000-over-1000",
    "exp-4a/lin-64-trained-mse-best-setting",
    "exp-4a/lin-64-trained-mse-worst-setting",
    "exp-4a/log-1-below-lin-64-trained",
    "exp-4a/log-1-trained-mse-best-setting",
    "exp-4b/free-1-trained-mse-worst-run",
    "exp-4b/lin-1-trained-mse-best-setting",
    "exp-4b/log-64-trained-mse-best-setting",
    "exp-4b/log-64-trained-mse-worst-setting",
    "exp-adaptive/affine-over-floor",
    "exp-adaptive/dot-product-error",
    "exp-adaptive/dot-product-error-nested",
    "exp-adaptive/ffn-without-dot-error",
    "exp-adaptive/tmx-error",
    "exp-adaptive/tmx-error-nested",
    "thm-3.1/both-terms-smaller-share",
    "thm-4.1/width-against-gap-lin",
    "thm-4.1/width-exponent-lin",
    "thm-4.4/one-layer-over-two-trained",
    "thm-5.1/rate-lin",
    "thm-5.1/trained-one-power",
    "thm-5.1/wavelet-lin",
}


def test_smoke_claims_hold(smoke):
    """Also under the settings of `run_machines.py`, which runs this by its name."""
    _, done = smoke
    failing = {claim.id for claim in done.claims if claim.verdict == claims.FAILS}
    assert failing <= BEYOND_SMOKE


def test_claims_beyond_smoke_are_the_books():
    assert {entry.id for entry in stored_results.stored_claims()} >= BEYOND_SMOKE
