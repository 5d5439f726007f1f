"""The hash of a chapter's code: what changes it, and what leaves it alone."""

import pytest
from small_book import PARAMETERS, cell, chapter

from tapx.chapters import code_hash, notebooks

FILES = {
    "__init__": "",
    "first": "from pack import second\n\ndef f(x):\n    return second.g(x)\n",
    "second": (
        '"""Words."""\n\nfrom pack.third import STEP\n\n'
        'def g(x):\n    """More words."""\n    return x + STEP  # why\n'
    ),
    "third": "STEP = 0.125\n",
    "lazy": "def h():\n    from pack import late\n\n    return late.LAST\n",
    "late": "LAST = 3\n",
    "apart": "OTHER = 1\n",
}
CELLS = ("from pack import first, lazy\n", "value = first.f(heads) + lazy.h()\n")


def book(*cells):
    return chapter(cell(PARAMETERS, "parameters"), *(cell(one) for one in cells))


@pytest.fixture
def hashes(tmp_path):
    """Hashes of CELLS, or of other cells, over FILES with some of them changed."""
    count = iter(range(100))

    def of(cells=CELLS, **changed):
        root = tmp_path / str(next(count))
        for name, source in {**FILES, **changed}.items():
            if source is not None:
                path = root / "pack" / f"{name.replace('__in__', '/')}.py"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(source)
        package = code_hash.Package(root, "pack")
        return code_hash.of_notebook(book(*cells), package)

    return of


def changed_parts(hashes, cells=CELLS, **changed):
    before, after = hashes(), hashes(cells, **changed)
    return {name for name in before if before[name] != after[name]}


KEPT = {
    "a docstring": {"second": FILES["second"].replace("words", "other words")},
    "a comment": {"second": FILES["second"].replace("# why", "# because")},
    "no docstring": {"second": FILES["second"].replace('    """More words."""\n', "")},
    "line breaks": {"second": FILES["second"].replace("x + STEP", "(\n  x + STEP)")},
    "a module that is not imported": {"apart": "OTHER = 2\n"},
    "a release": {"__init__": '__version__ = "9"\n'},
    "order of imports": {"third": "import os\nimport abc\nSTEP = 0.125\n"},
    "a relative import": {"second": FILES["second"].replace("pack.third", ".third")},
    "an import of the whole": {
        "first": "import pack.second\n\ndef f(x):\n    return pack.second.g(x)\n"
    },
}


@pytest.mark.parametrize("case", KEPT)
def test_kept_by(case, hashes):
    assert changed_parts(hashes, **KEPT[case]) == set()


def test_kept_by_a_moved_module(hashes):
    """Under another name, in another folder, and used under that name."""
    moved = {
        "first": "from pack import other as o\n\ndef f(x):\n    return o.g(x)\n",
        "second": None,
        "other": FILES["second"].replace("pack.third", "pack.deep.third"),
        "third": None,
        "deep__in____init__": '"""A folder."""\n',
        "deep__in__third": FILES["third"],
    }
    assert changed_parts(hashes, **moved) == set()


def test_kept_by_a_module_that_the_cells_name_otherwise(hashes):
    cells = tuple(one.replace("first", "start") for one in CELLS)
    moved = {"first": None, "start": FILES["first"]}
    assert changed_parts(hashes, cells, **moved) == set()


CHANGED = {
    "a constant far down": {"third": "STEP = 0.25\n"},
    "a constant imported inside a function": {"late": "LAST = 4\n"},
    "the type of a constant": {"late": "LAST = 3.0\n"},
    "an operation": {"second": FILES["second"].replace("x + STEP", "x - STEP")},
    "an empty text": {"late": 'LAST = ["", 3]\n'},
    "the package itself": {"__init__": "import os\nos.environ['A'] = '1'\n"},
}


@pytest.mark.parametrize("case", CHANGED)
def test_changed_by(case, hashes):
    assert "modules" in changed_parts(hashes, **CHANGED[case])


def test_changed_by_the_same_function_of_another_module(hashes):
    both = {"late": "LAST = 3\n", "apart": "LAST = 4\n"}
    one = "def h():\n    from pack import late, apart\n\n    return late.LAST\n"
    before = hashes(**both, lazy=one)
    after = hashes(**both, lazy=one.replace("late.LAST", "apart.LAST"))
    assert before["modules"] != after["modules"]


FACE = 'FACE = {"g": "second:g", "apart": "apart"}\n'


@pytest.mark.parametrize(
    "cell",
    ["import pack\npack.g(1)", "import pack as p\np.g(1)", "from pack import g"],
)
def test_a_name_of_the_face_stands_for_its_module(cell, hashes):
    cells = (cell,)
    offered = {"__init__": FACE}
    before = hashes(cells, **offered)
    assert hashes(cells, **offered, third="STEP = 0.25\n") != before
    assert hashes(cells, **offered, apart="OTHER = 2\n") == before
    assert hashes(cells, __init__=FACE.replace("}", ', "f": "first:f"}')) == before


def test_cells(hashes):
    quiet = (f'"""Words."""\n{CELLS[0]}', f"{CELLS[1]}# words\n")
    assert changed_parts(hashes, quiet) == set()
    assert changed_parts(hashes, (CELLS[0], "value = lazy.h()")) == {"cells"}
    with pytest.raises(ValueError, match="not plain Python"):
        hashes(("%matplotlib inline",))


def test_parameters_are_left_out():
    other = PARAMETERS.replace("heads: int = 4", "heads: int = 5")
    first = chapter(cell(PARAMETERS, "parameters"), cell("value = heads"))
    second = chapter(
        cell(other, "parameters"),
        cell("heads = 7", "injected-parameters"),
        cell("value = heads"),
    )
    assert code_hash.of_notebook(first) == code_hash.of_notebook(second)


def test_every_chapter_has_hashes_and_its_imports_are_found():
    package = code_hash.Package()
    for entry in notebooks.notebook_files():
        notebook = notebooks.load(entry.path)
        hashes = code_hash.of_notebook(notebook, package).values()
        assert [len(one) for one in hashes] == [64, 64]
    names = package.closure([package.module("tapx.chapters.runs")]).keys()
    for name in ("records", "interpreter", "claim_views"):
        assert f"tapx.chapters.{name}" in names
    assert "tapx.kernels.kernel" not in names, "the machinery knows no attention"
