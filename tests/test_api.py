"""The page of the package's names: all of them, linked to what uses them and back."""

import importlib
import re
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from test_repository import ROOT

import tapx

EXTENSIONS = ROOT / "book" / "_ext"
PAGE = (ROOT / "book" / "api.md").read_text(encoding="utf-8")


def test_the_page_lists_every_wing_of_the_face():
    listed = " ".join(re.findall(r"```\{face\} (.*)", PAGE)).split()
    wings = {re.split(r"[.:]", place)[0] for place in tapx.FACE.values()}
    assert sorted(listed) == sorted(wings)


@pytest.fixture
def face(monkeypatch):
    monkeypatch.syspath_prepend(EXTENSIONS)
    return importlib.import_module("face")


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import tapx\ntapx.floor(x)", {"floor"}),
        ("from tapx import Kernel as K\nK(x)", {"Kernel"}),
        ("from tapx.kernels import kernel\nkernel.Delta(1)", {"Delta"}),
        ("from tapx.limits.rank import lower_bound\nlower_bound(x)", {"floor"}),
        ("from tapx.theorems import theorem_3_1\ntheorem_3_1.bound", {"theorem_3_1"}),
        ("from tapx.kernels import search\nsearch.best_delta(1)", set()),
        ("import numpy as np\nnp.floor(1)", set()),
    ],
)
def test_names_that_code_uses(code, names, face):
    assert face.used(code.split("\n")) == names


def test_names_and_pages_are_linked(tmp_path):
    """A book of the page and one notebook, warnings as errors."""
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\n"
        "extensions = ['myst_nb', 'face']\nnb_execution_mode = 'off'\n"
    )
    words = re.sub(r"\{doc\}`.*?`", "it", PAGE)
    (tmp_path / "api.md").write_text(words)
    (tmp_path / "index.md").write_text("# One\n\n```{toctree}\napi\ntwo\n```\n")
    cells = [
        nbformat.v4.new_markdown_cell("# Two"),
        nbformat.v4.new_code_cell("import tapx\ntapx.best_kernel"),
    ]
    python = {"language_info": {"name": "python", "pygments_lexer": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=python)
    nbformat.write(notebook, tmp_path / "two.ipynb")
    command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [*command, tmp_path, tmp_path / "built"], capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    page = BeautifulSoup((tmp_path / "built" / "api.html").read_text(), "html.parser")
    for name in tapx.FACE:
        assert page.select_one(f"#tapx-{name}"), name
    (there,) = page.select("#tapx-best_kernel .face-links a")
    assert there["href"] == "two.html" and there.text == "Two"
    other = BeautifulSoup((tmp_path / "built" / "two.html").read_text(), "html.parser")
    (back,) = other.select(".face-links a")
    assert back["href"] == "api.html#tapx-best_kernel"
