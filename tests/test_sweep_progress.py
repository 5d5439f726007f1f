"""What a sweep says of itself, and how closely it looks."""

from collections import Counter

import dask
import pytest

from tapx import cli_sweep

sweep_clusters = pytest.importorskip("tapx.chapters.sweep_clusters")


def lines(monkeypatch, capsys, moments):
    """What is said where counts of finished runs are told at some seconds."""
    now = 1000.0
    monkeypatch.setattr(cli_sweep.time, "monotonic", lambda: now)
    shown = cli_sweep.Progress(4)
    start = now
    for second, done in moments:
        now = start + second
        shown(Counter(done=done, running=2, waiting=2 - done) + Counter())
    shown.close()
    return capsys.readouterr().err.splitlines()


def test_a_line_says_something_new_or_comes_once_a_minute(monkeypatch, capsys):
    hour = [(6 * k, 0) for k in range(1, 600)]
    assert len(lines(monkeypatch, capsys, hour)) == pytest.approx(60, abs=6)
    moments = [(0, 0), (6, 1), (8, 2), (12, 2), (13, 2)]
    assert lines(monkeypatch, capsys, moments) == [
        "2 running, 2 waiting",
        "1 done, 2 running, 1 waiting, about 18 s left",
        "2 done, 2 running, about 12 s left",
    ]


def test_workers_do_not_watch_themselves_for_a_dashboard():
    """The names are those of the installed version: another name would do nothing."""
    for name in sweep_clusters.WATCHING:
        assert dask.config.get(name) is not None, name
