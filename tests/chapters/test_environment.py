"""Run records of the book and the tables made of them."""

import json

import pytest
from small_book import make, record, store

from tapx.chapters import environment, notebooks, parameters, records, stored_results
from tapx.show.tables import Table


def test_tables(tmp_path):
    book = make(tmp_path)
    store(record(), book)
    store(record("paper", 100.0, versions={"numpy": "9"}), book)
    times = repr(environment.run_times("default", 1, book)).splitlines()
    assert times[0].split() == ["Chapter", "Seconds", "Claims", "Date", "Command"]
    assert times[1].startswith("A tiny chapter  1.3")
    assert "2026-01-02" in times[1]
    assert "100.00" in repr(environment.run_times("paper", 2, book))
    assert environment.seconds("default", book) == 1.26
    assert ", 9" in repr(environment.versions(book)), "all versions that occur"
    assert "cores" in repr(environment.machines(book))


def test_no_records(tmp_path):
    book = make(tmp_path)
    assert environment.seconds("paper", book) == 0.0
    assert environment.run_times("paper", 1, book).rows == []


def settings(book, **change):
    """The stored table of two settings that ran, one changed, and one that did not."""
    row = {"setting": "own", "taken": "OpenBLAS Zen", "note": "", "failures": []}
    row |= {"tests": 12, "cells": 34, "failed": 0, "seconds": 90.0, "agrees": True}
    row |= {"date": "2026-01-02", "commit": "0" * 40}
    lacking = {**row, "setting": "new", "note": "the processor lacks it"}
    rows = [row, {**row, "setting": "old", **change}, {**lacking, "agrees": False}]
    (book / "records").mkdir()
    (book / "records" / "machines.json").write_text(json.dumps({"settings": rows}))


def test_settings(tmp_path):
    book = make(tmp_path)
    with pytest.raises(FileNotFoundError, match="make machines writes it"):
        environment.settings(book)
    settings(book)
    found = environment.settings(book)
    assert (found.agreeing, found.ran, len(found.rows)) == (2, 2, 3)
    lines = [" ".join(line.split()) for line in repr(found.table()).splitlines()]
    assert "own OpenBLAS Zen 12 34 0 2 2026-01-02 0000000000" in lines
    assert "new not run: the processor lacks it 2026-01-02 0000000000" in lines


@pytest.mark.parametrize("failed", [0, 1])
def test_the_page_states_how_many_settings_agree(tmp_path, failed):
    book = make(tmp_path, pages=["trust"])
    settings(book, failed=failed, agrees=not failed)
    done = notebooks.execute(book / "trust.ipynb")
    made = {c.id: c for c in stored_results.claims_of(done, "trust")}
    claim = made["trust/machine-settings-agreeing"]
    assert (claim.measured, claim.reference) == (2 - failed, 2)
    assert claim.verdict == ("fails" if failed else "holds")


def test_record_keeps_the_machine_anonymous():
    import getpass
    import platform

    text = records.dumps(record())
    assert platform.node() not in text
    assert f"/{getpass.getuser()}" not in text


def test_table_is_escaped_and_checked():
    table = Table(("a", "b"), [("x < y", 1)], "a & b")
    html = table._repr_html_()
    assert "x &lt; y" in html and 'aria-label="a &amp; b"' in html
    assert repr(table) == "a      b\nx < y  1"


def test_stored_records_are_those_of_the_stored_notebooks():
    """Claims, parameters and chapters agree; nothing was edited by hand."""
    for entry in notebooks.chapters():
        stored = records.load_record(entry.id)
        notebook = notebooks.load(entry.path)
        claims = stored_results.claims_of(notebook, entry.id)
        declared = parameters.of_notebook(notebook, entry.id)
        again = f"run: python -m tapx rerun {entry.id}"
        assert stored["claims"] == [claim.as_dict() for claim in claims], again
        assert stored["parameters"] == parameters.resolve(declared, {}), again
        # Two minutes of an undisturbed machine; a busy one takes half as long again.
        assert stored["duration_s"] < 180, "a chapter stays under two minutes"
