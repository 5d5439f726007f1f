"""Notebooks as files: one normal form, the registry, execution; the book's own too."""

import copy
import json
import os
import sys

import nbformat
import pytest
import small_book
from commands import python
from small_book import cell, chapter

from tapx.chapters import interpreter, notebooks, parameters, stored_results
from tapx.chapters.notebooks import ChapterFailed
from tapx.checks import Refusal

BOOK = notebooks.notebook_files()


def test_normal_form_is_stable_and_quiet():
    noisy = small_book.tiny()
    noisy.metadata.update(
        papermill={"duration": 3.0},
        widgets={"state": {}},
        language_info={"name": "python", "version": "3.11.7"},
        kernelspec={"name": "venv", "display_name": "mine"},
    )
    noisy.cells[2].update(
        execution_count=7,
        metadata={"execution": {"iopub.busy": "now"}, "tags": []},
        outputs=[
            nbformat.v4.new_output("stream", name="stdout", text="a"),
            nbformat.v4.new_output("stream", name="stderr", text="warning"),
            nbformat.v4.new_output("stream", name="stdout", text="b\n"),
            nbformat.v4.new_output(
                "execute_result", data={"text/plain": "1"}, execution_count=7
            ),
        ],
    )
    noisy.cells[3].id = noisy.cells[2].id
    before = copy.deepcopy(noisy)
    text = notebooks.dumps(noisy)
    assert noisy == before, "the argument is not changed"
    again = nbformat.reads(text, as_version=4)
    assert notebooks.dumps(again) == text
    assert text.endswith("}\n") and not text.endswith("\n\n")
    for word in ("papermill", "widgets", "3.11.7", "venv", "iopub", "warning", '": 7'):
        assert word not in text
    assert again.cells[2].outputs[0].text == "ab\n"
    assert len({entry.id for entry in again.cells}) == len(again.cells)
    assert again.cells[2].id == before.cells[2].id, "a valid id is kept"
    nbformat.validate(again)


def test_made_up_ids_do_not_depend_on_chance():
    texts = []
    for _ in range(2):
        notebook = small_book.tiny()
        for entry in notebook.cells:
            entry.id = "not valid!"
        texts.append(notebooks.dumps(notebook))
    assert texts[0] == texts[1]


def test_save_leaves_no_temporary_file(tmp_path):
    notebooks.save(small_book.tiny(), tmp_path / "a.ipynb")
    assert [path.name for path in tmp_path.iterdir()] == ["a.ipynb"]
    with pytest.raises(OSError, match="No such file"):
        notebooks.save(small_book.tiny(), tmp_path / "missing" / "a.ipynb")


def test_registry(tmp_path):
    book = small_book.make(
        tmp_path, b=chapter(id="first", order=1), a=chapter(id="second", order=2)
    )
    assert [entry.id for entry in notebooks.chapters(book)] == ["first", "second"]
    every = [entry.id for entry in notebooks.notebook_files(book)]
    assert every == ["first", "second", "trust", "scoreboard"]
    first = notebooks.chapters(book)[0]
    assert (first.title, first.shows) == ("A tiny chapter", "the sum of draws")
    with pytest.raises(Refusal, match=r"unknown chapter 'frist'.*'first'"):
        notebooks.find("frist", notebooks.chapters(book))


def test_an_id_used_twice_is_an_error(tmp_path):
    book = small_book.make(tmp_path, a=chapter(), b=chapter())
    with pytest.raises(ValueError, match="'tiny' is used by two"):
        notebooks.chapters(book)


def test_execution_in_a_clean_kernel(tmp_path, monkeypatch):
    """This interpreter, in the notebook's folder, whatever the user has set up."""
    kernels = tmp_path / "data" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    spec = {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "start.py").write_text("planted = 1\n")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.delenv("TAPX_THREADS", raising=False)
    source = (
        "import os, sys, tapx\nfrom pathlib import Path\n"
        "print(sys.executable, Path.cwd(), 'planted' in globals(), "
        "os.environ['OMP_NUM_THREADS'], tapx.__file__, os.environ['MPLBACKEND'])\n"
        "print('noise', file=sys.stderr)"
    )
    path = tmp_path / "a.ipynb"
    notebooks.save(chapter(cell(source)), path)
    stored = path.read_bytes()
    result = notebooks.execute(path)
    assert path.read_bytes() == stored, "execute writes nothing"
    (output,) = result.cells[1].outputs
    words = output.text.split()
    assert words[0] == sys.executable
    assert words[1] == str(tmp_path)
    assert words[2:4] == ["False", "1"]
    assert words[4] == str(notebooks.ROOT / "tapx" / "__init__.py")
    assert words[5].startswith("module://matplotlib_inline")
    assert result.cells[1].execution_count is None


def test_failing_cell(tmp_path):
    path = tmp_path / "a.ipynb"
    cells = (cell("print(1)"), cell("raise RuntimeError('planted')"), cell("print(2)"))
    notebooks.save(chapter(*cells), path)
    with pytest.raises(ChapterFailed, match="planted") as caught:
        notebooks.execute(path)
    assert "\x1b" not in str(caught.value)
    done = caught.value.notebook.cells
    assert [len(entry.outputs) for entry in done[1:]] == [1, 1, 0]


def test_kernel_environment_keeps_the_users_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    paths = interpreter.kernel_environment("home")["PYTHONPATH"].split(os.pathsep)
    assert paths == [str(notebooks.ROOT), "elsewhere"]


@pytest.mark.parametrize(
    ("code", "slow"),
    [
        ("notebooks.chapters()", "tapx.moved nbformat numpy yaml"),
        (
            "from tapx.chapters import parameters, profiles, stored_results; "
            "stored_results.stored_claims()",
            "torch scipy matplotlib papermill myst_nb",
        ),
    ],
)
def test_commands_start_fast(code, slow):
    """`list`; `show` and `claims`."""
    before = "import sys; from tapx import cli; from tapx.chapters import notebooks; "
    after = f"; print(set({slow.split()}) & set(sys.modules))"
    done = python("-c", before + code + after)
    assert done.stdout == "set()\n", done.stderr


# The book's own notebooks, as stored.


@pytest.fixture(params=BOOK, ids=lambda entry: entry.id)
def entry(request):
    return request.param


@pytest.fixture
def stored(entry):
    return notebooks.load(entry.path)


def test_stored_in_normal_form(entry, stored):
    again = f"run: python -m tapx rerun {entry.id}"
    assert entry.path.read_text(encoding="utf-8") == notebooks.dumps(stored), again


def test_stored_executed_without_error(entry, stored):
    """Every claim, reported number and picture is there, and nothing failed."""
    outputs = small_book.outputs(stored)
    assert outputs, f"run: python -m tapx rerun {entry.id}"
    assert not [output for output in outputs if output.output_type == "error"]
    claims = stored_results.claims_of(stored, entry.id)
    assert entry.page or claims
    assert not [claim.id for claim in claims if claim.verdict == "fails"]


def test_has_parameters_title_and_summary(entry, stored):
    assert parameters.of_notebook(stored, entry.id)
    tagged = ["parameters" in one.metadata.get("tags", ()) for one in stored.cells]
    assert tagged.count(True) == 1
    assert entry.title != "(no heading)"
    assert entry.shows


TAGS = {
    "parameters": "the cell of the parameters",
    "hide-input": "folded plumbing",
    stored_results.MEASURED: "prints measured numbers: nbval compares its words only",
}


def test_no_cell_is_beyond_comparison(stored):
    """No tag but these: none that would skip a cell, or loosen how it is compared."""
    for one in stored.cells:
        unknown = set(one.metadata.get("tags", ())) - TAGS.keys()
        assert not unknown, f"{one.id}: {unknown}; known is {TAGS}"
        assert "NBVAL" not in one.source, one.id


def test_pictures_have_the_books_look(stored):
    """And nothing that a user's matplotlibrc would set: `style` undoes it."""
    shown = [" ".join(one.get("data", {})) for one in small_book.outputs(stored)]
    if any("image/png" in one for one in shown):
        assert any("style()" in one.source for one in stored.cells)


def test_code_fits_the_page(stored):
    for one in stored.cells:
        if one.cell_type == "code":
            lines = one.source.splitlines()
            assert max(map(len, lines), default=0) <= 75, one.id
            assert len(lines) <= 45, one.id


def test_stored_outputs_name_no_place_on_disk(entry):
    text = entry.path.read_text(encoding="utf-8")
    assert str(notebooks.ROOT) not in text
    assert " at 0x" not in text
