"""The rows of a sweep as one record: read as that of a run is."""

import json

import pytest
from small_book import store

from tapx.chapters import records, sweep_record
from tapx.chapters.sweeps import Plan

AXES = {"rates": [[0.1], [0.2]], "schedule": ["constant", "cosine"]}
PLANS = [Plan("tiny", "settings", AXES, [])]


def ran(rate, schedule, seconds, **changes):
    """The record of a run that kept one row."""
    record = {
        "format": 1,
        "status": "complete",
        "chapter": "tiny",
        "profile": "settings",
        "parameters": {"rates": [rate], "schedule": schedule, "heads": [1, 64]},
        "seed": 3,
        "command": "python -m tapx run tiny",
        "started": f"2026-11-30T00:00:{seconds}+00:00",
        "duration_s": seconds,
        "versions": {"python": "3.11.7"},
        "machine": {"system": "s", "architecture": "a", "processor": "p", "cores": 2},
        "code": {"commit": None, "clean": None, "cells": "0" * 64, "modules": "1" * 64},
        "claims": [{"id": "tiny/x"}],
        "reports": [{"name": "x", "value": 1}],
        "results": [{"rate": rate, "mse": rate**2}],
    }
    return record | changes


RUNS = [ran(0.1, "constant", 20), ran(0.2, "constant", 10), ran(0.1, "cosine", 30)]


def test_rows_say_which_run_they_are_of():
    record = sweep_record.joined(PLANS, RUNS)
    assert record["results"] == [
        {"schedule": "constant", "rate": 0.1, "mse": 0.1**2},
        {"schedule": "constant", "rate": 0.2, "mse": 0.2**2},
        {"schedule": "cosine", "rate": 0.1, "mse": 0.1**2},
    ]
    assert record["parameters"] == {
        "rates": [0.1, 0.2],
        "schedule": ["constant", "cosine"],
        "heads": [1, 64],
    }
    assert (record["started"], record["duration_s"]) == (RUNS[1]["started"], 60)
    assert record["command"] == (
        "python -m tapx sweep tiny --profile settings --grid rates=0.1,0.2 "
        "--grid schedule=constant,cosine"
    )
    assert record["claims"] == [] and "reports" not in record


def test_it_is_read_as_the_record_of_a_run_is(tmp_path):
    record = sweep_record.joined(PLANS, RUNS)
    (tmp_path / "records" / "settings").mkdir(parents=True)
    store(record, tmp_path)
    assert records.read("tiny", "settings", tmp_path) == record
    record["results"][0]["mse"] *= 1.01
    store(record, tmp_path)
    with pytest.raises(ValueError, match="was changed after the run"):
        records.read("tiny", "settings", tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"code": None},
        {"profile": "default"},
        {"machine": {"processor": "another"}},
        {"versions": {"python": "3.12.0"}},
    ],
)
def test_runs_of_two_kinds_are_not_joined(change):
    assert sweep_record.joined(PLANS, [*RUNS, ran(0.2, "cosine", 5, **change)]) is None


def test_there_is_none_where_no_run_kept_a_row():
    assert sweep_record.joined(PLANS, [ran(0.1, "cosine", 5, results=[])]) is None
    assert sweep_record.joined(PLANS, []) is None


def test_seeds_that_varied_are_those_of_no_single_run():
    two = [
        ran(0.1, "cosine", 5, seed=n, parameters={"seed": n, "heads": [1]})
        for n in (3, 4)
    ]
    record = sweep_record.joined(PLANS, json.loads(json.dumps(two)))
    assert (record["seed"], record["parameters"]["seed"]) == (None, [3, 4])
    assert [row["seed"] for row in record["results"]] == [3, 4]
