"""The parts of the suite: all are run, and the summary says what failed."""

import run_parts
from commands import python

MAKEFILE = """\
good:
\t@echo "all well"
bad:
\t@echo "FAILED tests/test_a.py::test_b - assert 1 == 2"
\t@echo "1 failed, 3 passed in 0.12s"
\t@false
late:
\t@echo "=== 7 passed, 2 deselected in 1.00s ==="
"""


def call(folder, *parts):
    (folder / "Makefile").write_text(MAKEFILE)
    return python(run_parts.__file__, *parts, cwd=folder)


def test_runs_all_after_a_failure_and_exits_with_1(tmp_path):
    done = call(tmp_path, "good", "bad", "late")
    assert done.returncode == 1
    before, summary = done.stdout.split("=== summary ===\n")
    assert before.index("=== bad ===") < before.index("=== late ===")
    rows = [line.split() for line in summary.splitlines()]
    assert rows[0] == ["good", "passed", "0:00", "all", "well"]
    assert rows[1][:3] == ["bad", "FAILED", "0:00"]
    assert rows[1][3:] == ["1", "failed,", "3", "passed", "in", "0.12s"]
    assert rows[2][3:] == ["7", "passed,", "2", "deselected", "in", "1.00s"]
    assert "  FAILED tests/test_a.py::test_b - assert 1 == 2" in summary
    assert "1 of 3 parts failed in 0:00: bad" in summary


def test_exits_with_0_if_all_pass(tmp_path):
    done = call(tmp_path, "good", "late")
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("All 2 parts passed in 0:00.")


def test_a_missing_part_fails(tmp_path):
    assert call(tmp_path, "good", "nothing").returncode == 1


def test_many_failures_are_counted():
    part = run_parts.Part("unit", status=1, seconds=61.4)
    for number in range(run_parts.MOST + 5):
        part.hear(f"\x1b[31mFAILED\x1b[0m tests/test_a.py::test_{number}\n")
    text = run_parts.report([part])
    assert "unit  FAILED    1:01" in text
    assert "and 5 more of unit" in text
    assert "\x1b" not in text
