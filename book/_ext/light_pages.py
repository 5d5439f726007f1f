"""Pages without what no reader needs, and without what stands in a reader's way.

The theme writes some things that cannot be switched off; they are taken out of the text
of every page:

- MathJax where there is no formula, and FontAwesome's script: its style sheet draws the
  same icons; what is preloaded for them, which is refused over file://;
- the empty theme mode, which the theme's script complains about;
- labels that hide what the summary of a fold says, the role of a list whose items are
  none, and ids that occurred before.

At the end the files that no page asks for are removed.
"""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FORMULA = re.compile(r'class="[^"]*(?<![\w-])math(?![\w-])[^"]*"')
MATHJAX = re.compile(
    r"\s*<script>window\.MathJax = .*?</script>"
    r'|\s*<script[^>]*src="[^"]*/mathjax/[^"]*"[^>]*></script>'
)
LEAVE_OUT = re.compile(
    r'\s*<script src="[^"]*fontawesome[^"]*"></script>'
    r'|\s*<link rel="preload" as="font"[^>]*>'
)
PLAYED = re.compile(r'class="tapx-play" data-play="([\w-]+)"')
ID = re.compile(r'(<[a-zA-Z][^<>]*?)\sid="([^"]*)"')
SYSTEM = 'matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"'
REPLACED = (
    ('data-default-mode=""', 'data-default-mode="auto"'),
    ('localStorage.getItem("mode") || ""', 'localStorage.getItem("mode") || "auto"'),
    ('getItem("theme") || ""', f'getItem("theme") || ({SYSTEM})'),
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry"', ""),
)
LIGHT = re.compile(r"<html(?![^>]*data-theme)")
"""Without scripts a page has no theme: give it the light one."""
UNUSED = (
    "vendor/fontawesome/*/js",
    "vendor/fontawesome/*/webfonts/*.ttf",
    "scripts/*.map",
    "styles/*.map",
    "locales",
)


def tidy(html: str) -> str:
    """The text of a page, tidied."""
    if not FORMULA.search(html):
        html = MATHJAX.sub("", html)
    html = LIGHT.sub('<html data-theme="light"', LEAVE_OUT.sub("", html), count=1)
    for old, new in REPLACED:
        html = html.replace(old, new)
    seen: set[str] = set()

    def first(found: re.Match[str]) -> str:
        if found[2] in seen:
            return found[1]
        seen.add(found[2])
        return found[0]

    return ID.sub(first, html)


def wrap(app: Sphinx) -> None:
    """Let every page of an HTML builder pass through `tidy`."""
    if app.builder.format != "html":
        return
    templates: Any = app.builder.templates
    render = templates.render
    templates.render = lambda name, context: tidy(render(name, context))


def add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """What figures to play with, the scoreboard's filters and a search need."""
    played = sorted(set(PLAYED.findall(context.get("body", ""))))
    for name in ["play", *(f"play-{one}" for one in played)] if played else ():
        app.add_js_file(f"{name}.js")
    if played:
        app.add_css_file("play.css")
    if 'class="scoreboard"' in context.get("body", ""):
        app.add_js_file("scoreboard.js")
    if page == "search":
        app.add_js_file("quiet-search.js")


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """The first words of a page, for those who find it by a search."""
    if tree is None:
        return
    for paragraph in tree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().replace('"', "'").split())
        if len(text) > 40 and isinstance(paragraph.parent, nodes.section):
            cut = text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + " …"
            safe = escape(cut)
            context["description"] = safe
            context["metatags"] += f'\n<meta name="description" content="{safe}" />'
            return


def clean(app: Sphinx, error: Exception | None) -> None:
    """Remove files that no page asks for."""
    if error is not None or app.builder.format != "html":
        return
    for pattern in UNUSED:
        for path in (Path(app.outdir) / "_static").glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all of it."""
    app.connect("builder-inited", wrap)
    app.connect("html-page-context", add_scripts)
    app.connect("html-page-context", describe)
    app.connect("build-finished", clean)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
