"""Ctrl-C and SIGTERM: one line, status 130, and nothing left lying about."""

import os
import signal
import subprocess
import sys

import pytest
import small_book
import sweep_stub

from tapx.chapters import interrupts, notebooks

SLOW = """\
import time
from pathlib import Path
print("begun")
Path("begun").touch()
time.sleep(600)"""
OUT = ("--quiet", "--output", "out/new")


@pytest.fixture
def place(tmp_path):
    """A book that never ends, and empty folders for outputs and for temporary files."""
    cells = small_book.cell(small_book.PARAMETERS, "parameters"), small_book.cell(SLOW)
    chapters = {
        id: small_book.chapter(*cells, id=id, order=order)
        for order, id in enumerate(("slow", "other"))
    }
    small_book.make(tmp_path, pages=(), **chapters)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def interrupted(place, number, *words):
    """What a command says that gets a signal while a cell runs; status 130."""
    environment = {"TAPX_BOOK": place / "book", "TMPDIR": place / "tmp"}
    with subprocess.Popen(
        [sys.executable, "-m", "tapx", *words],
        cwd=place,
        env={**os.environ, **{key: str(path) for key, path in environment.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        begun = place / "book" / "begun"
        sweep_stub.wait(lambda: begun.exists() or process.poll() is not None)
        if number == signal.SIGINT:  # Ctrl-C reaches the processes of a pool too
            os.killpg(process.pid, number)
        else:
            process.terminate()
        said, error = process.communicate(timeout=120)
        begun.unlink()
    assert process.returncode == 130, error
    assert said == ""
    assert list((place / "tmp").iterdir()) == []
    (line,) = error.splitlines()
    return line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run(place, number):
    line = interrupted(place, number, "run", "slow", *OUT)
    assert line == "interrupted; the partial notebook is slow.failed.ipynb"
    (path,) = (place / "out" / "new").iterdir()
    notebook = notebooks.load(path)
    assert notebook.metadata.tapx.run["status"] == "failed"
    assert "begun" in str(small_book.outputs(notebook))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", ["check", "rerun slow"])
def test_a_check_and_a_rerun(place, number, words):
    """The first in several processes, the second in this one."""
    before = small_book.files(place)
    assert interrupted(place, number, *words.split()) == "interrupted"
    assert small_book.files(place) == before


def test_a_run_of_which_nothing_ran_leaves_no_folder(place):
    path = place / "book" / "slow.ipynb"
    silent = notebooks.load(path)
    silent.cells[2].source = silent.cells[2].source.replace('print("begun")', "")
    notebooks.save(silent, path)
    assert interrupted(place, signal.SIGTERM, "run", "slow", *OUT) == "interrupted"
    assert not (place / "out").exists()


def test_moves_that_belong_together_are_not_torn_apart():
    done = []
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), interrupts.stops_held_back():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        done.append("the rest")
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_second_sigterm_does_not_end_the_cleaning_up():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.sigterm_interrupts():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("cleaned up")
    assert done == ["cleaned up"]
