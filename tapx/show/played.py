"""A figure that readers move, and the picture that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

SAID = "On the book's page this figure can be moved."


@dataclass(frozen=True)
class Played:
    """What a page's script draws a figure from, in place of a stored picture.

    Show it as the last line of a cell. On the book's pages controls and a drawing then
    take the place of the picture; without scripts, in print and elsewhere the picture
    stays. Numbers are computed here, in balls where it matters: the script draws them
    and computes nothing that could cancel.

    Attributes:
        name: which script draws it, ``_static/play-NAME.js``.
        picture: name of the figure whose picture it stands for.
        data: plain JSON.
    """

    name: str
    picture: str
    data: Mapping[str, Any]

    def __repr__(self) -> str:
        return SAID

    def _repr_html_(self) -> str:
        # What ends a script's text must not occur in it.
        text = json.dumps(self.data, separators=(",", ":")).replace("</", "<\\/")
        return (
            f'<div class="tapx-play" data-play="{escape(self.name)}" '
            f'data-picture="{escape(self.picture)}">'
            f'<script type="application/json">{text}</script></div>'
        )
