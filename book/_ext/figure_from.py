"""A figure that another page of the book drew and stored with glue.

MyST-NB can paste a glued figure into another page, but without caption, label or alt
text, and only if that page shows it too. This directive does without these limits::

    ```{figure-from} scoreboard.ipynb findings
    :name: fig-findings
    :alt: what a reader who cannot see the figure should know

    The caption.
    ```
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.ext.glue.crossref import read_glue_cache
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class StoredPicture(nodes.General, nodes.Element):
    """Stands in for a picture until all pages are read."""


class FigureFrom(SphinxDirective):
    """Show the figure that a notebook glued under a key."""

    required_arguments = 2  # the notebook, relative to this page, and the key
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "alt": directives.unchanged_required,
        "name": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Return the figure, its picture still to be filled in."""
        if not self.options.get("alt"):
            raise self.error("figure-from needs the figure's alt text, :alt:")
        notebook, key = self.arguments
        _, path = self.env.relfn2path(notebook, self.env.docname)
        picture = StoredPicture(
            page=self.env.path2doc(path), key=key, alt=self.options["alt"]
        )
        figure = nodes.figure("", picture)
        self.set_source_info(figure)
        self.set_source_info(picture)
        self.add_name(figure)
        if self.content:
            paragraph = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, paragraph)
            caption = nodes.caption("", "", *paragraph[0].children)
            self.set_source_info(caption)
            figure += caption
        return [figure]


class FillStoredPictures(SphinxPostTransform):
    """Show the stored pictures, beside the book's other images."""

    default_priority = 5  # before Sphinx collects the images of the page

    def run(self, **_: Any) -> None:
        """Replace every StoredPicture of the page."""
        for picture in list(self.document.findall(StoredPicture)):
            page, key = picture["page"], picture["key"]
            folder = self.env.mystnb_config.output_folder
            stored = read_glue_cache(folder, page).get(key, {}).get("data", {})
            if "image/png" not in stored:
                logger.warning(
                    "no figure is glued under %r in %r", key, page, location=picture
                )
                picture.parent.remove(picture)
                continue
            uri = self._write(b64decode(stored["image/png"]))
            image = nodes.image(uri=uri, alt=picture["alt"], candidates={"*": uri})
            picture.replace_self(image)

    def _write(self, data: bytes) -> str:
        """Store the picture, and hand it to the builder as one of the page's images.

        The builder, of whatever kind, copies it to where its pages find it.
        """
        name = f"{hashlib.sha256(data).hexdigest()}.png"
        file = Path(self.env.doctreedir) / "stored_pictures" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        uri = Path(os.path.relpath(file, self.env.srcdir)).as_posix()
        self.env.images.add_file(self.env.docname, uri)
        return uri


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_node(StoredPicture)
    app.add_directive("figure-from", FigureFrom)
    app.add_post_transform(FillStoredPictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
