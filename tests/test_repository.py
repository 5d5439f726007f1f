"""What must hold of the files in the repository: notebooks, pages, versions."""

import ast
import importlib.metadata
import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import click
import conftest
import pytest
import yaml

import tapx
from tapx import cli
from tapx.chapters import notebooks, parameters

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
TEXT = {".cff", ".css", ".cfg", ".ipynb", ".md", ".py", ".toml", ".txt", ".yml"}


@cache
def tracked_files() -> list[Path]:
    """The files of the repository, those that git ignores left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:  # a copy without git: everything that is not built
        built = {".venv", "_build", "build", "runs", "__pycache__"}
        files = (path for path in ROOT.rglob("*") if not built & set(path.parts))
    else:
        files = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [path for path in files if path.is_file()]


@cache
def text_files() -> list[Path]:
    """Those of them that hold text."""
    named = {"Makefile", "run", "LICENSE", "LICENSE-TEXT"}
    return [
        path for path in tracked_files() if path.suffix in TEXT or path.name in named
    ]


def text(path: Path) -> str:
    """What a person wrote there: a notebook's pictures may spell anything."""
    written = path.read_text(encoding="utf-8")
    return re.sub(r'"image/png": "[^"]*"', "", written)


def cells(path: Path, kind: str = "code") -> list[dict]:
    """The cells of one kind."""
    return [cell for cell in notebooks.load(path).cells if cell.cell_type == kind]


def pages() -> list[str]:
    """The pages that _toc.yml names, the first one first."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = (
        entry["file"] for part in contents["parts"] for entry in part["chapters"]
    )
    return [contents["root"], *chapters]


# Notebooks ---------------------------------------------------------------------------


def test_every_notebook_is_in_the_table_of_contents():
    assert {f"book/{path.stem}" for path in NOTEBOOKS} <= {*pages()}
    assert {entry.path for entry in notebooks.notebook_files()} == {*NOTEBOOKS}
    for page in pages():
        assert any((ROOT / f"{page}{end}").exists() for end in (".md", ".ipynb")), page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_is_described(path):
    for cell in cells(path):
        if any("image/png" in out.get("data", {}) for out in cell["outputs"]):
            image = cell["metadata"].get("mystnb", {}).get("image", {})
            assert len(image.get("alt", "")) >= 30, cell["id"]


# Commands in the documentation -------------------------------------------------------


def documented_commands() -> list[tuple[str, list[str]]]:
    """Every command of a console block in README and two pages, split into words."""
    found = []
    pages = (
        ROOT / "README.md",
        *(ROOT / "book" / f"{n}.md" for n in ("how-to", "sweeps")),
    )
    for page in pages:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                assert line.startswith("$ "), (page.name, line)
                words = shlex.split(line[2:], comments=True)
                found.append((f"{page.name}: {line[2:]}", words))
    return found


COMMANDS = documented_commands()


def test_documentation_names_commands():
    assert {words[0] for _, words in COMMANDS} >= {"make", "python"}
    for target in ("book", "test"):
        assert ["make", target] in [words for _, words in COMMANDS]


def test_documentation_says_how_notebooks_are_opened():
    words = [words for _, words in COMMANDS]
    assert ["pip", "install", "-c", "constraints.txt", "jupyterlab"] in words
    assert ["jupyter", "lab", "book"] in words
    assert "`jupyter lab book`" in (ROOT / "book" / "how-to.md").read_text()


@pytest.mark.parametrize(
    ("target"), sorted({words[1] for _, words in COMMANDS if words[0] == "make"})
)
def test_documented_make_target_exists_and_is_listed(target):
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


TAPX_COMMANDS = [
    pytest.param(words[3:], id=name)
    for name, words in COMMANDS
    if words[:3] == ["python", "-m", "tapx"]
]


@pytest.mark.parametrize("words", TAPX_COMMANDS)
def test_documented_tapx_command_exists(words):
    """Its options are known, and its chapter and parameters are real."""
    name, *rest = words
    command = cli.main.commands[name]
    context = command.make_context(name, list(rest), resilient_parsing=False)
    chapter = context.params.get("chapter")
    if chapter is None:
        return
    entry = notebooks.find(chapter, notebooks.notebook_files())
    declared = parameters.of_notebook(notebooks.load(entry.path), chapter)
    for word in rest[rest.index("-p") + 1 :: 2] if "-p" in rest else []:
        if "=" in word:
            assert word.partition("=")[0] in declared, word


def test_how_to_names_every_command():
    text = (ROOT / "book" / "how-to.md").read_text()
    assert isinstance(cli.main, click.Group)
    for name in cli.main.commands:
        assert f"python -m tapx {name}" in text, name


# Versions ----------------------------------------------------------------------------


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    source = project["tool"]["setuptools"]["dynamic"]["version"]
    assert source == {"attr": "tapx.__version__"}
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == tapx.__version__
    released = re.findall(r"^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[0] == tapx.__version__


def pins(name: str) -> dict[str, str]:
    """The exact versions that a requirements file names, by normalised name."""
    found = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / name).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): pin for package, pin in found}


def test_pins_agree_with_the_constraints():
    for name in ("requirements.txt", "requirements-bench.txt"):
        assert pins(name).items() - pins("constraints.txt").items() == set(), name


def test_dependencies_of_the_package_are_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=]", entry)[0] for entry in project["dependencies"]}
    assert needed <= pins("requirements.txt").keys()


def test_installed_versions_are_the_pinned_ones():
    for package, pin in pins("requirements.txt").items():
        # A local part, as in 2.13.0+cpu, says how the same release was built.
        installed = importlib.metadata.version(package).partition("+")[0]
        assert installed == pin, package


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_local_links_resolve(name):
    links = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
    for link in links:
        assert ":" in link or (ROOT / link).is_file(), link


# Files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(
            r"(?<![\w.:/])/(?:home|root|Users|work|farm|mnt|opt)/\w", id="path"
        ),
        pytest.param(r"\b(?:TO[D]O|FIX[M]E|X{3})\b", id="unfinished"),
    ],
)
def test_no_path_of_one_machine_and_no_unfinished_mark(pattern):
    for path in text_files():
        found = re.search(pattern, text(path))
        assert not found, (path, found)


def test_no_file_is_large():
    for path in tracked_files():
        assert path.stat().st_size < 1_500_000, path


def test_tests_that_may_skip_have_a_row():
    """A row for each function that skips, and a function for each row."""
    marks = re.compile(r"pytest\.(?:skip|importorskip|mark\.skip(?:if)?)\(")
    skipping = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.ClassDef):
                source = ast.unparse(function)  # decorators included
                if marks.search(source):
                    skipping.add(f"{path.name}::{function.name}")
    rows = (ROOT / "tests" / "SKIPS.md").read_text(encoding="utf-8")
    assert skipping == set(re.findall(r"^\| `(.+?)` \|", rows, re.MULTILINE))


def test_shapes_of_every_kind_are_seen():
    """`conftest.py` knows a function with shapes by the names that jaxtyping has."""
    lines = [
        line
        for path in tracked_files()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tapx")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("from jaxtyping import ")
    ]
    kinds = {kind for line in lines for kind in line.split()[3:]}
    assert kinds and all(conftest.SHAPE.match(f"{kind.strip(',')}[") for kind in kinds)
