"""MathJax beside the pages: only the files that a page may ask for.

They come from the package ``sphinx-mathjax-offline``, whose own extension copies all of
its 24 MB and says nothing about parallel builds.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

SCRIPT = "tex-chtml.js"
FILES = (SCRIPT, "output/chtml/fonts/woff-v2/*", "input/tex/extensions/*")
"""The script, its letters, and what it loads when a formula uses a rare command."""


def package() -> Path:
    """The folder of MathJax."""
    found = find_spec("sphinx-mathjax-offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("no package sphinx-mathjax-offline is installed")
    return Path(found.origin).parent / "static" / "mathjax"


def copy(app: Sphinx, error: Exception | None) -> None:
    """Put the files beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    source, target = package(), Path(app.outdir) / "_static" / "mathjax"
    for pattern in FILES:
        for path in source.glob(pattern):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def settle(app: Sphinx, config: Any) -> None:
    """Take the script from here, and keep formulas out of the order of tabs."""
    config.mathjax_path = f"mathjax/{SCRIPT}"
    config.mathjax3_config = {"options": {"enableMenu": False}}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it."""
    app.connect("config-inited", settle)
    app.connect("build-finished", copy)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
