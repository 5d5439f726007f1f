"""Settings of arithmetic: what is chosen, what is missing here, what is counted."""

import sys
from dataclasses import replace

import machine_settings
import pytest
import run_machines
import small_book
from machine_settings import OLDEST, OWN, SETTINGS, Setting

from tapx.chapters import claim_views, claims, environment, notebooks

HERE = {
    "python": "3.11.0",
    "has": ["AVX2", "FMA3", "SSE42", "X86_V3"],
    "known": ["X86_V3", "X86_V4"],
    "numpy": ["X86_V3"],
    "torch": "AVX2",
    "threads": 1,
    "openblas": "Haswell",
    "mkl": "OFF",
}


def setting(name):
    (found,) = [one for one in SETTINGS if one.name == name]
    return found


# What is chosen ----------------------------------------------------------------------


def test_settings_choose_nothing_but_arithmetic():
    allowed = {*machine_settings.CHOOSING, *machine_settings.THREADS}
    assert len({one.name for one in SETTINGS}) == len(SETTINGS)
    for one in SETTINGS:
        assert one.variables.keys() <= allowed
    assert SETTINGS[0] == OWN and SETTINGS[-1] == OLDEST


def test_a_users_own_choice_reaches_no_setting(monkeypatch):
    for name in ("OPENBLAS_L2_SIZE", "MKL_CBWR", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    found = machine_settings.environment({"MKL_CBWR": "COMPATIBLE"})
    assert "OPENBLAS_L2_SIZE" not in found
    assert (found["MKL_CBWR"], found["OMP_NUM_THREADS"]) == ("COMPATIBLE", "1")
    two = machine_settings.environment(setting("two threads").variables)
    assert (two["OMP_NUM_THREADS"], two["TAPX_THREADS"]) == ("2", "2")


def test_what_is_missing_here_is_named():
    _, reason = machine_settings.possible(setting("OpenBLAS SkylakeX"), HERE)
    assert reason == "the processor lacks AVX512_SKX"
    assert machine_settings.possible(setting("OpenBLAS Haswell"), HERE)[1] == ""
    asked = setting("numpy without AVX512")
    variables, reason = machine_settings.possible(asked, HERE)
    assert (variables, reason) == ({"NPY_DISABLE_CPU_FEATURES": "X86_V4"}, "")
    _, reason = machine_settings.possible(asked, {**HERE, "known": []})
    assert reason == "this numpy knows none of X86_V4, AVX512_ICL, AVX512_SPR"
    variables, reason = machine_settings.possible(OLDEST, {**HERE, "known": []})
    assert reason == "" and "NPY_DISABLE_CPU_FEATURES" not in variables
    assert variables["OPENBLAS_CORETYPE"] == "Nehalem"


def test_what_is_no_setting_of_its_own_is_named():
    haswell = setting("OpenBLAS Haswell")
    assert machine_settings.difference(OWN, HERE, HERE) == ""
    same = machine_settings.difference(haswell, HERE, HERE)
    assert same == "what the machine takes by itself"
    other = {**HERE, "openblas": "Katmai"}
    found = machine_settings.difference(haswell, HERE, other)
    assert found == "asked for Haswell, OpenBLAS took Katmai"
    nehalem = setting("OpenBLAS Nehalem")
    taken = {**HERE, "openblas": "Nehalem"}
    assert machine_settings.difference(nehalem, HERE, taken) == ""


def test_what_this_machine_takes():
    own = machine_settings.probe(sys.executable, {})
    assert own["threads"] == 1 and set(own["numpy"]) <= set(own["known"])
    assert own["python"] in machine_settings.in_words(own)
    two = machine_settings.probe(sys.executable, setting("two threads").variables)
    assert two["threads"] == 2
    variables, reason = machine_settings.possible(OLDEST, own)
    if not reason:
        taken = machine_settings.probe(sys.executable, variables)
        assert taken["openblas"] == "Nehalem"
        assert (taken["numpy"], taken["torch"]) == ([], "DEFAULT")
        assert taken["mkl"] in ("COMPATIBLE", "none")
    with pytest.raises(RuntimeError, match="exit status"):
        machine_settings.probe("false", {})


# What is run and counted -------------------------------------------------------------


def test_tests_are_counted_and_failures_named(tmp_path):
    path = tmp_path / "test_a.py"
    path.write_text(
        "import os, unittest\n"
        "def test_good(): assert os.environ['MKL_CBWR'] == 'COMPATIBLE'\n"
        "def test_bad(): assert False\n"
        "def test_absent(): (_ for _ in ()).throw(unittest.SkipTest())\n"
    )
    variables = setting("MKL compatible").variables
    ran, bad = run_machines.pytest(sys.executable, variables, [str(path)])
    assert ran == 2
    assert len(bad) == 1 and bad[0].endswith("test_a::test_bad")
    _, bad = run_machines.pytest(sys.executable, {}, [str(tmp_path / "none.py")])
    assert bad == ("pytest ended with status 4",)


@pytest.fixture
def runs(monkeypatch):
    """Calls of pytest, of which those with `failing` among their words fail."""
    calls, failing = [], []

    def pytest(python, variables, words):
        calls.append((python, variables, words))
        bad = tuple(word for word in failing if word in words)
        return 10, bad

    monkeypatch.setattr(run_machines, "pytest", pytest)

    def probe(python, variables):
        return {**HERE, "openblas": variables.get("OPENBLAS_CORETYPE", "Haswell")}

    monkeypatch.setattr(run_machines, "probe", probe)
    return calls, failing


def test_a_setting_runs_tests_and_notebooks(runs):
    calls, failing = runs
    row = run_machines.run(setting("OpenBLAS Nehalem"), HERE, 2)
    assert (row.tests, row.cells, row.failed, row.agrees) == (10, 10, 0, True)
    assert "OpenBLAS Nehalem" in row.taken
    assert all(call[1] == {"OPENBLAS_CORETYPE": "Nehalem"} for call in calls)
    (tests, cells) = (call[2] for call in calls)
    ignored = "--ignore=tests/experiments/memory/test_memory_training.py"
    assert "tests" in tests and ignored in tests
    assert "--nbval" in cells and "book/kernels.ipynb" in cells
    assert "book/environment.ipynb" in cells
    failing.append("--nbval")
    row = run_machines.run(setting("OpenBLAS Nehalem"), HERE, 2)
    assert (row.failed, row.agrees, row.failures) == (1, False, ("--nbval",))


def test_a_setting_that_is_missing_is_not_run(runs):
    row = run_machines.run(setting("OpenBLAS SkylakeX"), HERE, 2)
    assert row.note == "the processor lacks AVX512_SKX" and not row.agrees
    assert row.failed == 0 and runs[0] == []


def test_the_gate_runs_the_oldest(runs):
    calls, failing = runs
    assert run_machines.main(["--gate"]) == 0
    (tests, cells) = (call[2] for call in calls)
    assert "--nbval" in cells
    named = [word for word in tests if "::" in word]
    assert len(named) == len(run_machines.notebooks(training=True))
    failing.append("--nbval")
    assert run_machines.main(["--gate"]) == 1


def test_the_table_is_the_one_that_the_book_shows(runs, tmp_path, monkeypatch):
    _, failing = runs
    book = small_book.make(tmp_path)
    monkeypatch.setattr(run_machines, "TABLE", book / "records" / "machines.json")
    monkeypatch.setattr(run_machines, "SETTINGS", (OWN, SETTINGS[2], SETTINGS[3]))
    monkeypatch.setenv("PYTHONS", "no-such-python")
    assert run_machines.main([]) == 0
    found = environment.settings(book)
    assert (found.agreeing, found.ran) == (2, 2)
    notes = {row["setting"]: row["note"] for row in found.rows if row["note"]}
    assert notes.keys() == {"OpenBLAS SkylakeX", "Python no-such-python"}
    failing.append("tests")
    assert run_machines.main(["--only", "OpenBLAS Nehalem"]) == 1
    found = environment.settings(book)
    assert (found.agreeing, found.ran) == (1, 2), "one row is replaced"
    names = [row["setting"] for row in found.rows][:3]
    assert names == ["the machine's own", "OpenBLAS SkylakeX", "OpenBLAS Nehalem"]
    assert run_machines.main([]) == 1
    assert environment.settings(book).agreeing == 0


def test_the_summary_names_what_failed():
    good = run_machines.Row("own", "OpenBLAS Zen", 12, 34, seconds=90)
    bad = replace(good, setting="old", failed=1, failures=("test_a::test_bad",))
    lacking = run_machines.Row("new", note="the processor lacks it")
    text = run_machines.show([good, bad, lacking])
    assert "own  12 tests, 34 cells, 0 failed, 2 min; OpenBLAS Zen" in text
    assert "FAILED test_a::test_bad" in text
    assert "new  not run: the processor lacks it" in text
    assert text.endswith("1 of 2 settings that ran agree throughout")


# Which notebooks and tests train -----------------------------------------------------


@pytest.mark.parametrize(("trained", "others"), [(1, 5), (2, 5), (0, 0), (0, 2)])
def test_a_notebook_trains_if_over_a_sixth_of_its_claims_do(tmp_path, trained, others):
    cell = small_book.cell("pass")
    for number, kind in enumerate(["trained"] * trained + ["certified"] * others):
        entry = claims.evaluate(f"a/b{number}", 1.0, "<", 2.0, "so", kind=kind)
        output = {"output_type": "display_data", "metadata": {}}
        cell.outputs.append({**output, "data": claim_views.render(entry)})
    path = tmp_path / "a.ipynb"
    notebooks.save(small_book.chapter(cell), path)
    assert run_machines.trains(path) == (6 * trained > trained + others)


def test_chapters_on_training_can_run_small():
    """Each has an id; the experiments are among them, and no page is."""
    found = {run_machines.chapter_id(path) for path in run_machines.notebooks(True)}
    assert found <= {entry.id for entry in notebooks.chapters()}
    experiments = {f"exp-{number}" for number in ("1b", "2a", "2b", "3a", "3b")}
    assert experiments <= found
    others = {path.stem for path in run_machines.notebooks()}
    assert others >= {"kernels", "scoreboard", "theorem-5-1"}


def test_trained_tests_exist():
    for name in run_machines.TRAINED_TESTS:
        assert (machine_settings.ROOT / "tests" / name).is_file(), name


def test_another_python_needs_an_environment(monkeypatch, tmp_path):
    monkeypatch.setattr(run_machines, "ROOT", tmp_path)
    with pytest.raises(RuntimeError, match="could not be made"):
        run_machines.interpreter("false")
    ready = tmp_path / ".venv" / "pythons" / "some-python3.13"
    ready.mkdir(parents=True)
    (ready / "ready").touch()
    found = run_machines.interpreter("some/python3.13")
    assert found == Setting("Python python3.13", {}, python=str(ready / "bin/python"))
