"""A run as one page to read: prose with its numbers filled in, typeset, offline.

The book's own pages are made by Sphinx, with numbers and links between chapters. This
page is of one notebook alone: it knows MyST's directives and roles as far as chapters
use them, and names a reference by its label where it has no title for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from tapx.chapters import stored_results
from tapx.chapters.claim_views import CLAIM_MIME, REPORT_MIME, reported_text

STYLE = """
body { font: 17px/1.6 system-ui, sans-serif; color: #111; background: #fff;
  color-scheme: light dark; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; }
pre { overflow-x: auto; background: #f4f4f4; padding: .6rem; font-size: .85rem; }
img { max-width: 100%; height: auto; background: #fff; }
table { border-collapse: collapse; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #bbb; text-align: left; }
div.scroll { overflow-x: auto; }
div.display { overflow: auto hidden; padding: .3rem 0; }
.directive { border-left: 4px solid #005b8e; padding: .1rem 1rem; margin: 1rem 0; }
.in-short, .to-remember { background: #f2f6f9; padding-bottom: .6rem; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem 1.2rem; }
.claim { border-left: 4px solid #008060; padding-left: .8rem; margin: .6rem 0; }
.claim.verdict-fails { border-color: #d55e00; }
.number { font-weight: 600; } summary { cursor: pointer; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #16181c; }
  pre, .in-short, .to-remember { background: #23272e; }
}
"""
GENERATOR = '<meta name="generator" content="tapx run">'
"""By which a page is known to be a run's, and no reader's own."""
_OPTION = re.compile(r":(\w+):\s*(.*)")
_NAMED = re.compile(r"(?P<text>.*?)\s*<(?P<target>[^<>]+)>", re.DOTALL)


def page(notebook: Mapping[str, Any], title: str) -> str:
    """The page of an executed notebook.

    Args:
        notebook: the notebook; only what it shows is used, nothing is executed.
        title: title of the page.
    """
    reports = stored_results.reports_of(notebook)
    numbers = {name: reported_text(content) for name, content in reports.items()}
    cells = [cell for cell in notebook["cells"] if not _hidden(cell)]
    prose = [_source(cell) for cell in cells if cell["cell_type"] == "markdown"]
    renderer = _renderer(numbers, dict(_titles(prose)))
    parts = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            parts.append(renderer.render(_source(cell)))
        elif cell["cell_type"] == "code":
            code = escape(_source(cell))
            parts.append(f"<details><summary>Code</summary><pre>{code}</pre></details>")
            shown = list(filter(None, map(_output, cell.get("outputs", ()))))
            parts += shown
            if any("<img" in one for one in shown):  # a figure that was drawn
                figure = cell["metadata"].get("mystnb", {}).get("figure", {})
                parts.append(renderer.render(figure.get("caption", "")))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{GENERATOR}"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _hidden(cell: Mapping[str, Any]) -> bool:
    return "remove-cell" in cell["metadata"].get("tags", ())


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _output(output: Mapping[str, Any]) -> str:
    """What a reader sees of an output; nothing of a reported number."""
    if output["output_type"] == "stream":
        return f"<pre>{escape(''.join(output['text']))}</pre>"
    data = output.get("data", {})
    if "image/png" in data:
        picture = "".join("".join(data["image/png"]).split())
        said = escape("".join(data.get("text/plain", "a figure")))
        return f'<p><img alt="{said}" src="data:image/png;base64,{picture}"></p>'
    if "text/html" in data:
        html = "".join(data["text/html"])
        return html if CLAIM_MIME in data else f'<div class="scroll">{html}</div>'
    if "text/plain" in data and REPORT_MIME not in data:
        return f"<pre>{escape(''.join(data['text/plain']))}</pre>"
    return ""


def _titles(prose: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What directives with a label are called."""
    for text in prose:
        for name, title, body in re.findall(
            r"^:{3,}\{([\w:]+)\}[ ]*(.*)\n((?::\w+:.*\n)*)", text, re.MULTILINE
        ):
            options = dict(_OPTION.findall(body))
            if "label" in options:
                yield options["label"], _heading(name, title)


def _heading(name: str, title: str) -> str:
    if name == "admonition":
        return title
    word = name.rpartition(":")[2].replace("-", " ").capitalize()
    return f"{word} ({title})" if title else word


def _renderer(numbers: Mapping[str, str], titles: Mapping[str, str]) -> MarkdownIt:
    """Markdown as chapters use it."""
    markdown = (
        MarkdownIt("commonmark")
        .enable("table")
        .use(dollarmath_plugin, renderer=_mathematics)
        .use(amsmath_plugin, renderer=lambda content: _mathematics(content, {}))
        .use(attrs_plugin)
        .use(colon_fence_plugin)
        .use(deflist_plugin)
        .use(myst_block_plugin)
        .use(myst_role_plugin)
    )

    def directive(self: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
        token = tokens[index]
        match = re.match(r"\{([\w:-]+)\}\s*(.*)", token.info.strip())
        if match is None:
            return f"<pre>{escape(token.content)}</pre>"
        lines = token.content.split("\n")
        options: dict[str, str] = {}
        while lines and (option := _OPTION.fullmatch(lines[0])):
            options[option[1]] = option[2]
            lines.pop(0)
        name, title = match.groups()
        heading = markdown.renderInline(_heading(name, title))
        body = str(markdown.render("\n".join(lines)))
        kind = " ".join(filter(None, ("directive", options.get("class"))))
        return f'<div class="{kind}"><p><strong>{heading}.</strong></p>\n{body}</div>\n'

    def role(
        self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any
    ) -> str:
        name, content = tokens[index].meta["name"], tokens[index].content
        if name.startswith("glue"):
            return f'<span class="number">{escape(numbers.get(content, "?"))}</span>'
        named = _NAMED.fullmatch(content)
        if name in ("term", "index"):
            return escape(named["text"] if named else content)
        if named:
            return escape(named["text"])
        if name.startswith("cite"):
            return f"[{escape(content)}]"
        return f"<em>{escape(titles.get(content, content))}</em>"

    def nothing(*_: Any) -> str:
        return ""

    for name in ("fence", "colon_fence"):
        markdown.add_render_rule(name, directive)
    markdown.add_render_rule("myst_role", role)
    for name in ("myst_target", "myst_line_comment", "myst_block_break"):
        markdown.add_render_rule(name, nothing)
    return markdown


def _mathematics(content: str, options: Mapping[str, Any]) -> str:
    if not options.get("display_mode", True):
        return str(convert(content.strip()))
    return f'<div class="display">{convert(content.strip(), display="block")}</div>'
