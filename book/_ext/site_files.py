"""What a static host serves besides the pages: a sitemap, and cards for those who link.

``TAPX_SITE`` in the environment is the address at which the pages will stand, such as
``https://name.github.io/book/``. With it the sources of pages are left out. A book that
is read from files needs no sitemap; its notebooks are there to be downloaded and run,
and carry no outputs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tapx.chapters import notebooks

CARD = "_static/page.png"


def address() -> str:
    """Where the pages will stand, with a slash at its end; empty if nobody says."""
    place = os.environ.get("TAPX_SITE", "").strip()
    if place and urlsplit(place).scheme not in ("http", "https"):
        raise ExtensionError(
            f"TAPX_SITE is {place!r}: allowed is an address that begins with https://"
        )
    return f"{place.rstrip('/')}/" if place else ""


def settle(app: Sphinx, config: Any) -> None:
    """Leave the sources out, and name the place in every page."""
    if address():
        config.html_baseurl = address()
        config.html_copy_source = False
        config.html_show_sourcelink = False
        if config.html_theme == "sphinx_book_theme":
            config.html_theme_options["use_download_button"] = False


def card(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """What is shown where somebody links to a page."""
    if not address() or tree is None:
        return
    told = {
        "og:title": re.sub("<[^>]*>", "", context.get("title", "")),
        "og:type": "article",
        "og:url": address() + app.builder.get_target_uri(page),
        "og:image": address() + CARD,
        "og:description": context.get("description", ""),
    }
    for name, words in told.items():
        safe = str(words).replace('"', "&quot;")
        context["metatags"] += f'\n<meta property="{name}" content="{safe}" />'


def sitemap(app: Sphinx, error: Exception | None) -> None:
    """One line for each page."""
    if error is not None or app.builder.format != "html" or not address():
        return
    pages = map(app.builder.get_target_uri, sorted(app.env.found_docs))
    places = (f"<url><loc>{escape(address() + page)}</loc></url>\n" for page in pages)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="{namespace}">\n{"".join(places)}</urlset>\n'
    )
    (Path(app.outdir) / "sitemap.xml").write_text(text, encoding="utf-8")


def to_run(app: Sphinx, error: Exception | None) -> None:
    """Notebooks to download: who runs one makes the outputs, and pages have them."""
    if error is None and app.builder.format == "html":
        for path in sorted((Path(app.outdir) / "_sources").rglob("*.ipynb*")):
            notebooks.save(notebooks.without_outputs(path), path)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it."""
    app.connect("config-inited", settle)
    app.connect("html-page-context", card, priority=600)
    app.connect("build-finished", sitemap)
    app.connect("build-finished", to_run)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
