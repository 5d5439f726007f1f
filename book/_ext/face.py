"""The names of the package, from their docstrings, and the pages that use each.

The directive lists the names of the face that stand in one wing of `tapx`::

    ```{face} kernels
    ```

When all pages are read, each name is given links to the notebooks whose code uses it,
and each notebook ends with links back. Code uses a name as ``tapx.floor``, or by taking
the same thing from its own module.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import tapx

HEAD = re.compile(r"(Args|Attributes|Returns|Raises|Example):\n")
ENTRY = re.compile(r"([\w*, .]+|``.+?``): (.*)", re.DOTALL)
CODE = re.compile(r":\w+:`~?([^`]+)`|``(.+?)``|`([^`]+)`", re.DOTALL)


class Face(SphinxDirective):
    """List the names of one wing, or of several."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return a section for each name."""
        found = []
        for name, place in tapx.FACE.items():
            if place.partition(".")[0].partition(":")[0] in self.arguments[0].split():
                module = importlib.import_module(f"tapx.{place.partition(':')[0]}")
                self.env.note_dependency(str(module.__file__))
                found.append(described(name, getattr(tapx, name)))
        if not found:
            raise self.error(f"the face has no name in {self.arguments[0]!r}")
        for section in found:
            self.state.document.note_explicit_target(section)
        return found


def described(name: str, thing: Any) -> nodes.section:
    """The section of one name: how it is called, its docstring, what is inside."""
    title = nodes.title("", "", nodes.literal("", f"tapx.{name}"))
    section = nodes.section("", title, ids=[f"tapx-{name}"], names=[f"tapx-{name}"])
    section["face"] = name
    if isinstance(thing, tapx.Family):
        section += said(f"A `tapx.Family`: the {thing.name} heads, sums of {thing}s.")
        return section
    if callable(thing):
        section += nodes.literal_block("", f"tapx.{name}{call(thing)}")
    section += list(blocks(inspect.getdoc(thing) or ""))
    inside = [item(label, first) for label, first in members(thing)]
    if inside:
        section += heading("Inside")
        section += nodes.definition_list("", *inside)
    return section


def call(thing: Any) -> str:
    """The arguments and their defaults, without types: the docstring says these."""
    signature = inspect.signature(thing)
    plain = [
        one.replace(annotation=inspect.Parameter.empty)
        for one in signature.parameters.values()
        if one.name not in ("self", "cls") and not one.name.startswith("_")
    ]
    text = str(signature.replace(parameters=plain, return_annotation=signature.empty))
    # A default that has no short name of its own.
    return re.sub(r"<[^<>]*>", "...", text)


def members(thing: Any) -> Iterator[tuple[str, str]]:
    """Public functions of a module, or methods and properties of a class."""
    if isinstance(thing, ModuleType):
        own = [
            (name, one)
            for name, one in vars(thing).items()
            if inspect.isfunction(one) and one.__module__ == thing.__name__
        ]
    elif isinstance(thing, type):
        own = list(vars(thing).items())
        for base in thing.__mro__[1:]:
            own += vars(base).items() if base.__module__.startswith("tapx.") else ()
    else:
        return
    seen = set()
    for name, one in own:
        text = inspect.getdoc(one)
        if name.startswith("_") or name in seen or not text:
            continue
        seen.add(name)
        plain = getattr(one, "__func__", one)  # a class method
        if inspect.isfunction(plain):
            yield name + call(plain), text.split("\n\n")[0]
        elif isinstance(one, property) or hasattr(one, "attrname"):
            yield name, text.split("\n\n")[0]


def blocks(text: str) -> Iterator[nodes.Element]:
    """The parts of a docstring, in this book's form of it."""
    for part in text.split("\n\n"):
        head = HEAD.match(part)
        if head:
            yield heading(head[1])
            body = dedent(part[head.end() :])
            if head[1] == "Example":
                yield nodes.literal_block("", body, language="pycon")
            else:  # two errors may stand in one line
                yield entries(re.sub(r"\s+(?=[\w.]*Error: )", "\n", body))
        elif part.startswith("    "):
            yield nodes.literal_block("", dedent(part), language="text")
        elif part.startswith("- "):
            items = re.split(r"\n?^- ", part, flags=re.MULTILINE)[1:]
            yield nodes.bullet_list("", *(nodes.list_item("", said(i)) for i in items))
        else:
            yield said(part)


def entries(body: str) -> nodes.Element:
    """What a section says of each argument, attribute or error."""
    items = []
    for line in re.split(r"\n(?! )", body):
        entry = ENTRY.fullmatch(line)
        if entry is None:
            return said(body)
        items.append(item(entry[1].strip("`"), entry[2]))
    return nodes.definition_list("", *items)


def heading(text: str) -> nodes.paragraph:
    """The head of a part of a docstring."""
    return nodes.paragraph("", "", nodes.strong("", text))


def item(label: str, text: str) -> nodes.definition_list_item:
    """What is said of one name."""
    term = nodes.term("", "", nodes.literal("", label))
    return nodes.definition_list_item("", term, nodes.definition("", said(text)))


def said(text: str) -> nodes.paragraph:
    """A paragraph of words and, between backquotes, code."""
    text, at = " ".join(text.split()), 0
    paragraph = nodes.paragraph()
    for found in CODE.finditer(text):
        paragraph += nodes.Text(text[at : found.start()])
        paragraph += nodes.literal("", found[1] or found[2] or found[3])
        at = found.end()
    paragraph += nodes.Text(text[at:])
    return paragraph


def used(sources: Iterable[str]) -> set[str]:
    """The names of the face that code uses."""
    tree = ast.parse("\n".join(sources))
    taken = {"tapx": "tapx"}  # by the names they get here
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tapx"):
            for one in node.names:
                taken[one.asname or one.name] = f"{node.module}.{one.name}"
    asked = set(taken.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            asked.add(f"{taken.get(node.value.id, '')}.{node.attr}")
    return {
        name
        for name, place in tapx.FACE.items()
        if {f"tapx.{name}", f"tapx.{place.replace(':', '.')}"} & asked
    }


def collect(app: Sphinx, env: Any) -> None:
    """What each notebook uses, by page."""
    env.face_used = {}
    for page in env.toctree_includes[app.config.root_doc]:
        path = Path(env.doc2path(page))
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
            env.face_used[page] = used(code)


def link(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Links from each name to its notebooks, and from a notebook to its names."""
    uses, titles = app.env.face_used, app.env.titles
    for section in tree.findall(lambda n: isinstance(n, nodes.section) and "face" in n):
        pages = [one for one in uses if section["face"] in uses[one]]
        section += row("Used in", page, {p: titles[p].astext() for p in pages}, app)
    places = [one for one in app.env.found_docs if one.endswith("api")]
    if uses.get(page) and places:
        names = [name for name in tapx.FACE if name in uses[page]]
        targets = {f"{places[0]}#tapx-{name}": f"tapx.{name}" for name in names}
        sections = list(tree.findall(nodes.section))
        sections[0] += row("From the package", page, targets, app)


def row(
    label: str, page: str, targets: dict[str, str], app: Sphinx
) -> list[nodes.Node]:
    """A line of links; none if there is nothing to link to."""
    line = nodes.paragraph("", f"{label}: ", classes=["face-links"])
    for at, (target, text) in enumerate(targets.items()):
        place, _, anchor = target.partition("#")
        address = app.builder.get_relative_uri(page, place)
        line += nodes.Text(" · " if at else "")
        shown = nodes.literal("", text) if anchor else nodes.Text(text)
        mark = f"#{anchor}" if anchor else ""
        line += nodes.reference("", "", shown, refuri=address + mark, internal=True)
    return [line] if targets else []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the links."""
    app.add_directive("face", Face)
    app.connect("env-updated", collect)
    app.connect("doctree-resolved", link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
