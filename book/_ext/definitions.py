"""Terms say what they mean where they stand: a link to the glossary carries the entry.

The words become the link's title, which browsers show to a mouse. ``definitions.js``
shows them to the keyboard, too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def of_build(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Page and words of each entry of the glossary, by the id of its term."""
    if not hasattr(env, "definitions"):
        env.definitions = {}
    return env.definitions  # type: ignore[no-any-return]


def collect(app: Sphinx, tree: nodes.document) -> None:
    """Note the entries of a page that was just read."""
    for glossary in tree.findall(addnodes.glossary):
        for item in glossary.findall(nodes.definition_list_item):
            said = next(item.findall(nodes.definition))[0].deepcopy()
            for link in list(said.findall(addnodes.pending_xref)):
                if link["reftype"] == "doc":  # where to read on, not what it means
                    link.parent.remove(link)
            for term in item.findall(nodes.term):
                for id in term["ids"]:
                    words = " ".join(said.astext().split())
                    of_build(app.env)[id] = app.env.docname, words


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Leave out the entries of a page that is read again."""
    kept = {id: own for id, own in of_build(env).items() if own[0] != page}
    env.definitions = kept  # type: ignore[attr-defined]


def merge(
    app: Sphinx, env: BuildEnvironment, pages: Collection[str], other: Any
) -> None:
    """Take what another process has read."""
    of_build(env).update(of_build(other))


def explain(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Give each link to a term its entry."""
    known = of_build(app.env)
    for link in tree.findall(nodes.reference):
        id = link.get("refuri", "").rpartition("#")[2] or link.get("refid", "")
        if id in known and known[id][0] != page:
            link["reftitle"] = known[id][1]
            link["classes"].append("defined")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", explain)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
