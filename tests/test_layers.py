"""The house: what each wing may import, and that nothing goes in circles."""

import ast
from functools import cache
from pathlib import Path

import pytest

GROUND = "checks decimals witnesses witness_numbers result"
MATHEMATICS = "kernels limits network readouts targets"
MAY_IMPORT = {
    "checks": "",
    "decimals": "",
    "found_with": "",
    "moved": "",
    "witness_numbers": "decimals",
    "result": "checks",
    "witnesses": "checks found_with",
    "show": GROUND,
    "kernels": GROUND,
    "limits": f"{GROUND} kernels",
    "network": f"{GROUND} kernels",
    "readouts": f"{GROUND} kernels",
    "targets": f"{GROUND} kernels readouts",
    "theorems": f"{GROUND} {MATHEMATICS}",
    "experiments": f"{GROUND} show {MATHEMATICS}",
    "chapters": f"{GROUND} show",
    "registry": f"{GROUND} theorems experiments",
    "cli_ends": f"{GROUND} chapters",
    "cli_inputs": f"{GROUND} chapters experiments",
    "cli_sweep": f"cli_inputs {GROUND} chapters",
    "cli_bench": f"cli_ends {GROUND} chapters experiments",
    "cli": (
        f"cli_bench cli_ends cli_inputs cli_sweep registry {GROUND} show {MATHEMATICS} "
        "theorems experiments chapters"
    ),
    "__main__": "cli",
    "__init__": f"registry {GROUND} show {MATHEMATICS} theorems experiments chapters",
}
HOUSE = Path(__file__).parents[1] / "tapx"
FILES = sorted(HOUSE.rglob("*.py"))


def wing(path: Path) -> str:
    """The folder below tapx that a file stands in, or its own name."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Dotted names that a file imports, those of `from a import b` as a.b."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name}:{node.lineno} a relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call):
            found += _by_name(path, node)
    return tuple(found)


def _by_name(path: Path, call: ast.Call) -> list[str]:
    """The name that a call of import_module imports: a constant of another package.

    The face loads its names lazily and may import what it likes.
    """
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in ("import_module", "__import__") or wing(path) == "__init__":
        return []
    given = call.args[0]
    place = f"{path.name}:{call.lineno}"
    assert isinstance(given, ast.Constant), f"{place} imports by a computed name"
    assert not given.value.startswith("tapx"), f"{place} imports tapx by name"
    return [given.value]


def test_the_table_names_every_wing():
    assert {wing(path) for path in FILES} == MAY_IMPORT.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_a_wing_imports_only_what_stands_below(path):
    own = wing(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top != "tapx" or rest == "__version__":
            continue
        other = rest.partition(".")[0]
        assert other in MAY_IMPORT, f"{own} imports {name} through the face"
        assert other == own or other in MAY_IMPORT[own].split(), f"{own} imports {name}"


def test_a_wing_says_what_it_holds():
    """In five lines and no code, so that importing one module loads no other."""
    for path in FILES:
        if path.name == "__init__.py" and path.parent != HOUSE:
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
            assert len(tree.body) == 1 and ast.get_docstring(tree), path
            assert len(text.splitlines()) <= 5, path


def module_of(name: str) -> Path | None:
    """The file that a dotted name of the house stands in."""
    parts = name.split(".")[1:]
    for end in range(len(parts), 0, -1):
        stem = HOUSE.joinpath(*parts[:end])
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return path
    return None


def test_no_circle():
    edges = {
        path: {
            target
            for name in imports(path)
            if name.startswith("tapx.")
            and (target := module_of(name)) not in (None, path)
        }
        for path in FILES
    }
    done: set[Path] = set()
    trail: list[Path] = []

    def visit(path: Path) -> None:
        assert path not in trail, " -> ".join(p.stem for p in [*trail, path])
        if path in done:
            return
        trail.append(path)
        for target in edges[path]:
            visit(target)
        done.add(trail.pop())

    for path in FILES:
        visit(path)
