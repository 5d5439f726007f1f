"""The way out of Jupyter Book: its settings as Sphinx reads them; our extensions."""

import importlib.util
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from small_site import EXTENSIONS
from test_repository import ROOT

OURS = sorted(path.stem for path in EXTENSIONS.glob("*.py"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """What ``jupyter-book config sphinx`` writes, as `make sphinx` reads it."""
    folder = tmp_path_factory.mktemp("export")
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    program = Path(sys.executable).with_name("jupyter-book")
    words = [program, "config", "sphinx", folder]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return runpy.run_path(str(folder / "conf.py"))


@pytest.fixture
def with_ours(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))


def test_the_exported_extensions_are_found(settings, with_ours):
    makefile = (ROOT / "Makefile").read_text()
    assert 'sys.path.insert(0, "book/_ext")' in makefile
    names = [one for one in settings["extensions"] if one != "jupyter_book"]
    assert {"claim_role", "figure_from", "offline_math"} <= set(names)
    for name in names:
        assert importlib.util.find_spec(name), name


def test_our_extensions_allow_parallel_builds(settings, with_ours):
    used = [name for name in OURS if name in settings["extensions"]]
    assert used
    for name in used:
        told = importlib.import_module(name).setup(MagicMock())
        assert told["parallel_read_safe"] and told["parallel_write_safe"], name


def test_scripts_are_classic():
    """Modules, workers and requests are refused over file://."""
    for path in (ROOT / "book" / "_static").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        for word in ("import ", "export ", "fetch(", "XMLHttpRequest", "Worker("):
            assert word not in text, (path.name, word)
