"""Nothing of the user's reaches a run, nbval or a page's kernel."""

import os
import tempfile

import pytest
import small_book
from test_nbval import nbval

from tapx.chapters import interpreter, notebooks, runs

DRAW = """\
import builtins
from matplotlib import pyplot, rcParams
from tapx.show import figures
figures.style()
1 + 1
figure, axes = pyplot.subplots()
line = axes.plot([0, 1], [0, 1])
2 + 2
print(rcParams["text.usetex"], rcParams["axes.titlepad"])
print(hasattr(builtins, "planted"), __debug__)"""
SHOWN = "False 6.0\nFalse True\n"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book whose one chapter draws, executed and stored."""
    cells = [small_book.cell("seed: int = 0  # no draws, 0 to 1", "parameters")]
    cells += [small_book.cell(DRAW)]
    place = tmp_path_factory.mktemp("isolated")
    folder = small_book.make(place, pages=(), tiny=small_book.chapter(*cells))
    small_book.rerun(folder)
    return folder


@pytest.fixture
def hostile(book, tmp_path, monkeypatch):
    """Settings of a user, and of the folder of the book, that would change the run."""
    settings = "text.usetex: True\naxes.titlepad: 30\nlines.linewidth: 9\n"
    for folder in (book, tmp_path / "matplotlib"):
        folder.mkdir(exist_ok=True)
        (folder / "matplotlibrc").write_text(settings)
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "a.py").write_text("import builtins; builtins.planted = 1")
    config = "get_config().InteractiveShell.ast_node_interactivity = 'all'\n"
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        (profile / name).write_text(config)
    start = tmp_path / "start.py"
    start.write_text("import builtins; builtins.planted = 1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlib"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    monkeypatch.setenv("PYTHONSTARTUP", str(start))
    yield
    (book / "matplotlibrc").unlink()


def shown(notebook):
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def test_a_run_sees_nothing_of_the_users(book, hostile, tmp_path):
    done = runs.run("tiny", output=tmp_path / "out", book_dir=book)
    run, stored = notebooks.load(done.notebook), notebooks.load(book / "tiny.ipynb")
    assert shown(run)[-1][0].text == SHOWN
    assert shown(run)[-1] == shown(stored)[-1], "the picture too, to the last bit"
    again = notebooks.execute(book / "tiny.ipynb")
    assert shown(again) == shown(stored)


def test_nbval_sees_nothing_of_the_users(book, hostile):
    refused, report = nbval(book, passes=True)
    assert refused == set(), report


def test_these_settings_are_hostile(book, hostile, monkeypatch):
    """A kernel that lets them in shows another thing: the two tests can fail."""
    monkeypatch.setattr(interpreter, "kernel_environment", lambda home: {
        **os.environ, "PYTHONPATH": str(notebooks.ROOT),
    })  # fmt: skip
    outputs = shown(notebooks.execute(book / "tiny.ipynb"))[-1]
    texts = [output.get("text", "") for output in outputs]
    assert "True False\n" in "".join(texts)
    assert len(outputs) > 2


def test_processor_settings_reach_the_kernel(monkeypatch):
    """What `make machines` sets, a run must see."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("PYTHONSTARTUP", "start.py")
    environment = interpreter.kernel_environment("home")
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"
    assert "PYTHONSTARTUP" not in environment


def test_kernels_take_no_ports():
    """Of the free ports that two processes look for at once, both may take one."""
    kernel = interpreter.InterpreterKernelManager()
    assert kernel.transport == ("ipc" if os.name == "posix" else "tcp")


def test_a_long_name_of_the_folder_of_temporary_files(book, tmp_path, monkeypatch):
    """A socket's path has some hundred letters; a kernel then takes ports."""
    far = tmp_path / ("far" * 40)
    far.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    chapter = notebooks.chapters(book)[0]
    assert notebooks.execute(chapter.path).cells


NOISE = "import os, atexit; atexit.register(os.write, 2, b'said at the end')"


def test_what_a_kernel_says_at_its_end_is_its_own(tmp_path, capfd):
    folder = small_book.make(tmp_path, tiny=small_book.chapter(small_book.cell(NOISE)))
    notebooks.execute(folder / "tiny.ipynb")
    assert "said" not in capfd.readouterr().err


def test_a_kernel_that_dies_says_why(book, tmp_path, monkeypatch, capfd):
    (tmp_path / "zmq.py").write_text("raise RuntimeError('not the library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(notebooks.ChapterFailed, match="died"):
        notebooks.execute(book / "tiny.ipynb")
    assert "not the library" in capfd.readouterr().err
