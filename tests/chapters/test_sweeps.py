"""Sweeps as processes, and what may go wrong: nothing is lost or counted twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
import sweep_stub as stub

from tapx.chapters import records, sweep_cost


@pytest.fixture
def place(tmp_path):
    """A book of the stub, the folder of a sweep, and one that executions tell."""
    (tmp_path / "told").mkdir()
    return stub.book(tmp_path), tmp_path / "out", tmp_path / "told"


def test_a_grid_is_run_once_and_tabled(place):
    book, out, told = place
    words = ["stub", "--grid", "x=1:4:3log", "--grid", f"told={told}", "--seeds", "2"]
    words += ["--grid", "sizes=1,2+3", "--output", str(out), "--workers", "2"]
    status, said = stub.run(book, *words)
    assert status == 0, said
    assert "12 done" in said
    rows = stub.table(out)
    assert len(rows) == 12
    assert {row["x"] for row in rows} == {"1.0", "2.0", "4.0"}
    assert {row["sizes"] for row in rows} == {"1", "2+3"}
    for row in rows:
        assert float(row["stub/x measured"]) == float(row["x"]) + int(row["seed"])
        assert row["stub/x verdict"] == "holds"
        assert float(row["report twice"]) == 2 * float(row["x"])
    page = (out / "stub.html").read_text("utf-8")
    assert "<svg" in page and "stub/x" in page and "http" not in page.split("<svg")[0]
    kept = records.read_file(out / "stub.json")["results"]
    assert Counter((row["x"], row["double"]) for row in kept) == {
        (1.0, 2.0): 4,
        (2.0, 4.0): 4,
        (4.0, 8.0): 4,
    }
    stored = {path.name for path in out.glob("runs/*")}
    assert stored == {row["run"] for row in rows}
    for run in out.glob("runs/*"):
        names = sorted(path.name for path in run.iterdir())
        assert names == ["stub.html", "stub.ipynb", "stub.json"]

    began = stub.executions(told)
    status, said = stub.run(book, *words)
    assert (status, stub.executions(told)) == (0, began), said


def test_faults_of_runs_are_named(place):
    book, out, _ = place
    words = ["stub", "--grid", "mode=fine,raises,hangs", "--grid", "x=1,2"]
    words += ["--output", str(out), "--workers", "2", "--timeout", "20"]
    status, said = stub.run(book, *words)
    assert status == 1, said
    assert "2 done, 4 failed" in said
    reasons = {row["mode"]: row["reason"] for row in stub.table(out)}
    assert reasons["fine"] == ""
    assert reasons["raises"] == "ValueError: the cell raised"
    assert "20 seconds" in reasons["hangs"]
    status, said = stub.run(book, "--status", str(out))
    assert "stub: 2 done, 4 failed" in said and "the cell raised" in said

    good, other = (row for row in stub.table(out) if row["status"] == "done")
    (out / "runs" / good["run"] / "stub.json").write_text("{")
    record = out / "runs" / other["run"] / "stub.json"
    data = json.loads(record.read_text("utf-8"))
    data["code"]["modules"] = "0" * 64
    record.write_text(json.dumps(data))
    status, said = stub.run(book, "--status", str(out))
    assert said.count("damaged") == 2, said
    assert "of other code" in said
    words[2] = "mode=fine"
    status, said = stub.run(book, *words)
    assert status == 0 and "2 done" in said
    assert len(list(out.glob("damaged/*"))) == 2


@pytest.mark.parametrize("what", ["worker", "driver"])
def test_killed(place, what):
    book, out, told = place
    words = ["stub", "--grid", "x=1:8:8", "--grid", f"told={told}"]
    words += ["--output", str(out), "--workers", "2"]
    process = stub.start(book, *words)
    stub.wait(lambda: stub.finished(out) >= 2)
    [victim, *_] = stub.wait(lambda: stub.workers(out))
    os.kill(victim if what == "worker" else process.pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=300)
    if what == "driver":
        done = stub.finished(out)
        assert done < 8
        _, said = stub.run(book, "--status", str(out))
        assert f"{done} done" in said
        status, said = stub.run(book, *words)
        assert status == 0, said
    assert "8 done" in said, said
    assert sorted(float(row["x"]) for row in stub.table(out)) == list(range(1, 9))
    # What was under way began twice, and is stored once.
    counts = Counter(stub.executions(told))
    assert len(counts) == 8 and sum(counts.values()) <= 8 + 2
    assert not list(out.glob("working/*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(place, number):
    book, out, _ = place
    words = ["stub", "--grid", "x=1:40:40", "--output", str(out), "--workers", "2"]
    process = stub.start(book, *words, start_new_session=True)
    stub.wait(lambda: stub.finished(out) >= 1)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.terminate()
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said, said
    assert f"this goes on: python -m tapx sweep {' '.join(words)}" in said, said
    rows = Counter(row["status"] for row in stub.table(out))
    assert (rows["done"], rows["failed"]) == (stub.finished(out), 0), said
    assert not list(out.glob("working/*"))


def test_two_sweeps_share_their_runs(place):
    book, out, told = place
    words = ["--grid", f"told={told}", "--output", str(out), "--workers", "1"]
    one = stub.start(book, "stub", "--grid", "x=1:6:6", *words)
    two = stub.start(book, "stub", "--grid", "x=3:8:6", *words)
    for process in (one, two):
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0 and "6 done" in said, said
    counts = Counter(stub.executions(told))
    assert len(counts) == 8 and set(counts.values()) == {1}
    assert len(stub.table(out)) == 8


def test_the_scheduler_is_restarted(place, tmp_path):
    book, out, told = place
    address = "tcp://127.0.0.1:" + str(free_port())

    def begin():
        port = address.rpartition(":")[2]
        words = ["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
        worker = ["worker", address, "--nthreads", "1", "--no-dashboard"]
        worker += ["--host", "127.0.0.1", "--local-directory", str(tmp_path)]
        return [dask(*words), dask(*worker)]

    first = begin()
    words = ["stub", "--grid", "x=1:8:8", "--grid", f"told={told}"]
    words += ["--output", str(out), "--scheduler", address]
    process = stub.start(book, *words)
    stub.wait(lambda: stub.finished(out) >= 2)
    for one in first:
        one.kill()
        one.wait()
    time.sleep(1)
    second = begin()
    said, _ = process.communicate(timeout=300)
    for one in second:
        one.terminate()
    assert process.returncode == 0, said
    assert "8 done" in said, said
    assert len(stub.table(out)) == 8
    assert len(Counter(stub.executions(told))) == 8


def test_a_full_disk(place):
    book, out, _ = place
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(out)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        words = ["stub", "--grid", "x=1:30:30", "--output", str(out), "--workers", "2"]
        status, said = stub.run(book, *words)
        assert status in (1, 2) and "Traceback" not in said, said
        assert "No space left" in said
        done = stub.finished(out)
        assert 0 < done < 30
        _, said = stub.run(book, "--status", str(out))
        assert f"{done} done" in said
    finally:
        subprocess.run(["umount", str(out)], check=True)


def free_port() -> int:
    """A port that nobody listens at."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def dask(*words: str) -> subprocess.Popen[bytes]:
    """Start a command of dask."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_the_overhead_is_the_time_that_did_not_go_into_runs():
    found = sweep_cost.measure(4, 2)
    assert found["runs"] == 4 and found["run_seconds"] > 4 * 0.2
    assert found["seconds"] > found["run_seconds"] / 2
    assert found["overhead"] == 2 * found["seconds"] / found["run_seconds"] - 1
