"""The page of the package's names: all of them, linked to what uses them and back."""

import importlib
import re

import nbformat
import pytest
from small_site import EXTENSIONS, build, page
from test_repository import ROOT

import tapx

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
    """A book of the page and one notebook."""
    used = nbformat.v4.new_code_cell("import tapx\ntapx.best_kernel")
    words = re.sub(r"\{doc\}`.*?`", "it", PAGE)
    index = "# One\n\n```{toctree}\napi\ntwo\n```\n"
    done = build(tmp_path, "face", used, api=words, index=index)
    assert not done.returncode, done.stderr
    listed = page(tmp_path, "api")
    for name in tapx.FACE:
        assert listed.select_one(f"#tapx-{name}"), name
    (there,) = listed.select("#tapx-best_kernel .face-links a")
    assert there["href"] == "two.html" and there.text == "Two"
    (back,) = page(tmp_path, "two").select(".face-links a")
    assert back["href"] == "api.html#tapx-best_kernel"
