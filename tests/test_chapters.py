"""The book's own chapters at their smoke setting: repeatable, and guarded."""

import dataclasses
import json
import shutil

import pytest

from tapx import notebooks, records, reruns, runs, stored_results
from tapx.claims import agree

CHAPTERS = notebooks.chapters()


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda entry: entry.id)
def smoke(request, tmp_path_factory):
    """A chapter and a complete run of it at the smoke profile."""
    folder = tmp_path_factory.mktemp("smoke")
    return request.param, runs.run(request.param.id, profile="smoke", output=folder)


def outputs(path):
    """What each cell shows, and the numbers of those that are compared loosely."""
    shown = []
    for cell in notebooks.load(path).cells:
        found = cell.get("outputs", [])
        if "nbval-ignore-output" in cell.metadata.get("tags", ()):
            # Here a chapter may show how long something took.
            found = [
                output["data"][stored_results.CLAIM_MIME]
                for output in found
                if stored_results.CLAIM_MIME in output.get("data", {})
            ]
        shown.append(json.dumps(found, sort_keys=True))
    return shown


def test_two_runs_with_one_seed_agree_bit_for_bit(smoke, tmp_path):
    entry, first = smoke
    second = runs.run(entry.id, profile="smoke", output=tmp_path)
    assert second.claims == first.claims
    assert outputs(second.notebook) == outputs(first.notebook)


def test_smoke_is_quick_and_recorded(smoke):
    entry, done = smoke
    record = json.loads(done.record.read_text())
    assert tuple(key for key in record if key != "results") == records.KEYS
    assert record["profile"] == "smoke"
    assert record["duration_s"] < 60
    assert {claim.chapter for claim in done.claims} == {entry.id}


def test_check_finds_a_number_planted_in_a_chapter(tmp_path):
    """The first chapter, at its smoke setting, as the stored one of a book."""
    entry = CHAPTERS[0]
    done = runs.run(entry.id, profile="smoke", output=tmp_path / "smoke")
    book = tmp_path / "book"
    book.mkdir()
    shutil.copy(done.notebook, book / entry.path.name)
    notebook = notebooks.load(done.notebook)
    entries = stored_results.claims_of(notebook, "")
    # Not one that measures a rounding error, of which only the size is compared.
    place = next(
        i
        for i, claim in enumerate(entries)
        if not agree(claim.measured, 100 * claim.measured, claim.rerun_tolerance)
    )
    old = entries[place]
    entries[place] = dataclasses.replace(old, measured=old.measured * 100)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if data.get(stored_results.CLAIM_MIME, {}).get("id") == old.id:
                output["data"] = stored_results.render(entries[place])
            if stored_results.TABLE_MIME in data:
                output["data"] = stored_results.render_table(entries)
    notebooks.save(notebook, book / entry.path.name)
    problems = reruns.check(book_dir=book, tell=lambda line: None)
    assert [line for line in problems if old.id in line], problems
    assert len({line.split(": ")[1] for line in problems}) == 1
