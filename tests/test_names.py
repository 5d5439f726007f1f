"""Names of tapx in text, wherever it stands: there is something of each name."""

import re
from collections import defaultdict
from functools import cache
from pkgutil import resolve_name

from test_repository import ROOT, cells, text_files, tracked_files

OWN = {"test_names.py", "test_moved.py"}  # they speak of what does not exist
FULL = re.compile(r"(?<![\w./-])tapx(?:\.[A-Za-z_]\w*)+")
TAKEN = re.compile(r"\bfrom (tapx[\w.]*) import \(?\s*(\w+(?:,\s+\w+)*)")
SHORT = re.compile(r"`([a-z_]\w*(?:\.\w+)+)[`(]")
ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`(\w+)`")
PLACE = re.compile(r"(?<![\w./])(?:tapx|tests)/[\w./-]+\.\w+")


@cache
def texts() -> dict[str, str]:
    """What people wrote, by file: of a notebook all cells, but no outputs."""
    found = {}
    for path in text_files():
        name = path.relative_to(ROOT).as_posix()
        if path.name in OWN or name.startswith("book/records/"):
            continue
        if path.suffix == ".ipynb":
            every = cells(path) + cells(path, "markdown")
            found[name] = "\n".join(cell["source"] for cell in every)
        else:
            found[name] = path.read_text(encoding="utf-8")
    return found


@cache
def modules() -> dict[str, list[str]]:
    """The dotted names of the modules that end in a word."""
    found = defaultdict(list)
    for path in (ROOT / "tapx").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        found[name.rpartition(".")[2]].append(name)
    return found


@cache
def exists(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_full_names():
    """``tapx.wing.module.thing``, and what an import takes from a module."""
    files = {path.name for path in tracked_files()}  # tapx.css
    for place, text in texts().items():
        names = {name for name in FULL.findall(text) if name not in files}
        for module, taken in TAKEN.findall(text):
            names |= {f"{module}.{name}" for name in re.split(r",\s+", taken)}
        assert not [name for name in names if not exists(name)], place


def test_short_names():
    """`module.thing`, where a module of tapx has this last word."""
    seen = 0
    for place, text in texts().items():
        for name in SHORT.findall(text):
            word, _, rest = name.partition(".")
            known = modules().get(word, [])
            seen += len(known)
            right = not known or any(exists(f"{one}.{rest}") for one in known)
            assert right, (place, name)
    assert seen > 50


def test_names_in_the_notation():
    """All of them are of tapx, or of torch."""
    names = SHORT.findall(texts()["book/notation.md"])
    assert len(names) > 15
    for name in names:
        assert exists(name if name.startswith("torch.") else f"tapx.{name}"), name


def test_roles():
    """:func:`thing` without a module is of the own one, or of a class there."""
    for place, text in texts().items():
        for name in ROLE.findall(text):
            own = resolve_name(place.removesuffix(".py").replace("/", "."))
            classes = [one for one in vars(own).values() if isinstance(one, type)]
            assert any(hasattr(one, name) for one in [own, *classes]), (place, name)


def test_paths_of_files():
    for place, text in texts().items():
        if not place.startswith("tests/"):  # they make files
            for name in PLACE.findall(text):
                assert (ROOT / name).exists(), (place, name)
