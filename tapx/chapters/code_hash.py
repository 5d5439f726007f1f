"""A hash of the code that a chapter runs, which a move or a comment leaves alone.

A record of a long run should say whether the chapter would compute the same today.
Two hashes answer: one of the chapter's own cells, one of every module of the package
that they import, directly or through other modules. Both are made from syntax trees,
without docstrings, comments, import statements and the names of modules, so that a
module that moves and a sentence that is reworded keep them, and a constant that
changes does not.

A package may offer names of its modules lazily, by a table ``FACE`` in its
``__init__.py``. Code that asks for one of them is taken to import its module; the
table itself counts for nothing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

from tapx.chapters.notebooks import ROOT

PARAMETER_TAGS = {"parameters", "injected-parameters"}
# Names for other readers of a file; no number depends on them.
LABELS = {"__all__", "__version__", "FACE"}


class Package:
    """A package in a folder, each file read once; no other is followed."""

    def __init__(self, root: Path = ROOT, name: str = "tapx") -> None:
        """Nothing is read yet."""
        self.root, self.name = root, name
        self._modules: dict[str, Module | None] = {}

    def module(self, name: str) -> Module | None:
        """The module or package of this dotted name; None if it is no file."""
        if name not in self._modules:
            self._modules[name] = self._read(name) if name else None
        return self._modules[name]

    def closure(self, code: Iterable[Module]) -> dict[str, Module]:
        """The modules that some code imports, and that these import, and so on.

        Imports inside functions count. A package stands in its ``__init__.py``.
        """
        found: dict[str, Module] = {}
        waiting = [name for one in code for name in one.reached]
        while waiting:
            name = waiting.pop()
            name = self.face.get(name, name)
            # What is imported from a module may be a module or a name in it.
            module = None if name in found else self.module(name)
            if module is not None:
                found[name] = module
                waiting += module.reached
            if "." in name and name.rpartition(".")[0] not in found:
                waiting.append(name.rpartition(".")[0])
        return found

    @cached_property
    def face(self) -> dict[str, str]:
        """The modules of the names that the package offers lazily, all dotted."""
        own = self.module(self.name)
        for node in own.tree.body if own else []:
            if isinstance(node, ast.Assign) and "FACE" in _names(node):
                places = ast.literal_eval(node.value)
                return {
                    f"{self.name}.{name}": f"{self.name}.{place.partition(':')[0]}"
                    for name, place in places.items()
                }
        return {}

    def _read(self, name: str) -> Module | None:
        place = self.root.joinpath(*name.split("."))
        for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if path.is_file():
                inside = f"{name}.__init__" if path.stem == "__init__" else name
                return Module(ast.parse(path.read_text(encoding="utf-8")), inside, self)
        return None


class Module:
    """Parsed code of one file or one cell."""

    def __init__(self, tree: ast.Module, inside: str, package: Package) -> None:
        """Keep the tree; `inside` is the dotted name of its file, or nothing."""
        self.tree, self.inside, self.package = tree, inside, package

    @cached_property
    def imports(self) -> dict[str, str]:
        """What is imported of the package: dotted names, by the names they get here.

        ``import a.b`` is used as ``a.b``.
        """
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {one.asname or one.name: one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                # Relative imports of a package start from itself.
                inside = self.inside.rpartition(".")[0]
                base = resolve_name("." * node.level + (node.module or ""), inside)
                for one in node.names:
                    found[one.asname or one.name] = f"{base}.{one.name}"
        own = self.package.name
        return {here: name for here, name in found.items() if name.split(".")[0] == own}

    @cached_property
    def reached(self) -> list[str]:
        """The dotted names that are imported, and those asked of the package itself."""
        own = self.package.name
        return list(self.imports.values()) + [
            f"{own}.{node.attr}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute)
            and self.imports.get(_dotted(node.value)) == own
        ]

    @cached_property
    def shape(self) -> str:
        """The hash of the code with one word for the name of any module."""
        return _sha(_state(self.tree, dict.fromkeys(self._used, "module")))

    @cached_property
    def digest(self) -> str:
        """The hash of the code; a module's name stands for the shape of the module.

        So a move is not seen, and a function taken from another module is.
        """
        names = {here: one.shape for here, one in self._used.items()}
        return _sha(_state(self.tree, names))

    @cached_property
    def empty(self) -> bool:
        """Whether nothing is computed here."""
        return all(_silent(node) for node in self.tree.body)

    @property
    def _used(self) -> dict[str, Module]:
        """The imported modules, by the names that they get here."""
        found = {here: self.package.module(name) for here, name in self.imports.items()}
        return {here: module for here, module in found.items() if module is not None}


def of_notebook(
    notebook: Mapping[str, Any], package: Package | None = None
) -> dict[str, str]:
    """The hashes of a notebook's code: ``cells`` and ``modules``, SHA-256 in hex.

    The cells of parameters are left out: a record states the value of each. The package
    that its ``cells`` import from is tapx if none is given. ValueError if a cell is not
    plain Python.
    """
    package = package or Package()
    # One cell may use what another imports.
    cells = Module(ast.Module([*_statements(notebook)], []), "", package)
    modules = package.closure([cells]).values()
    return {
        "cells": cells.digest,
        "modules": _sha("\n".join(sorted(m.digest for m in modules if not m.empty))),
    }


def _statements(notebook: Mapping[str, Any]) -> Iterator[ast.stmt]:
    for cell in notebook["cells"]:
        tags = set(cell.get("metadata", {}).get("tags", ()))
        if cell["cell_type"] == "code" and not tags & PARAMETER_TAGS:
            try:
                yield from ast.parse("".join(cell["source"])).body
            except SyntaxError as error:
                raise ValueError(f"a cell is not plain Python: {error}") from None


def _state(value: Any, names: Mapping[str, str]) -> str:
    """A syntax tree as text, the same under every version of Python.

    `ast.dump` prints empty fields in some versions and not in others, and an f-string
    ends with an empty constant in some.
    """
    if isinstance(value, ast.AST):
        dotted = _dotted(value)
        if dotted in names:
            return f"<{names[dotted]}>"
        fields = []
        for field, content in ast.iter_fields(value):
            if isinstance(value, ast.JoinedStr):
                content = [one for one in content if getattr(one, "value", 0) != ""]
            if field in ("ctx", "kind", "type_comment", "type_ignores"):
                continue
            text = _state(content, names)
            if text not in ("None", "[]") or isinstance(value, ast.Constant):
                fields.append(f"{field}={text}")
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, list):
        kept = [_state(one, names) for one in value if not _silent(one)]
        return f"[{', '.join(kept)}]"
    return repr(value)


def _silent(node: Any) -> bool:
    """Whether a statement computes nothing: docstring, import, pass, label."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    if isinstance(node, ast.Assign):
        return _names(node) <= LABELS
    return False


def _names(node: ast.Assign) -> set[str]:
    """The names that are assigned; what is no name stands as nothing."""
    return {one.id if isinstance(one, ast.Name) else "" for one in node.targets}


def _dotted(node: ast.AST) -> str:
    """``a.b.c`` of a chain of names, else nothing."""
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
