"""The scoreboard: all claims by chapter, their count by verdict, and one figure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tapx.chapters.claim_views import table_html, table_text
from tapx.chapters.claims import FAILS, VERDICTS, Claim
from tapx.chapters.notebooks import Chapter
from tapx.show.tables import Table, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOOR = 1e-12
QUANTITIES = {
    "best-mse": "best",
    "trained-mse-best-setting": "trained",
    "trained-mse-worst-setting": "trained_worst",
}
"""The fields of a finding, by the ends of the ids of the claims about them."""
_MEMORY = re.compile(rf"exp-(4[ab])/(lin|log)-(\d+)-({'|'.join(QUANTITIES)})")
WORDS = {
    "published": "published",
    "trained": "trained",
    "best": "best possible",
    "trained_worst": "trained, worst setting",
}
"""What the legend calls the numbers of a finding."""
# Slightly apart, so that equal errors do not hide one another.
SHIFTS = {"trained_worst": 0.0, "published": -0.1, "trained": 0.0, "best": 0.1}


class Scoreboard:
    """The claims by chapter, each linked to the cell that measured it."""

    def __init__(self, entries: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Sort the claims into the book's chapters, by result within each."""
        entries = list(entries)
        self.pages = {chapter.id: f"{chapter.path.stem}.html" for chapter in chapters}
        self.groups: list[tuple[str, list[Claim]]] = []
        for chapter in chapters:
            own = [entry for entry in entries if entry.chapter == chapter.id]
            results = [entry.result for entry in own]
            own.sort(key=lambda entry: results.index(entry.result))
            if own:
                self.groups.append((chapter.title, own))

    def _repr_html_(self) -> str:
        return "".join(
            f'<p class="claims-chapter"><a href="{self.pages[own[0].chapter]}">'
            f"<strong>{escape(title)}</strong></a></p>" + table_html(own, self.pages)
            for title, own in self.groups
        )

    def __repr__(self) -> str:
        return "\n\n".join(f"{title}\n{table_text(own)}" for title, own in self.groups)


def counts_table(entries: Iterable[Claim]) -> Table:
    """How many claims have each verdict, of those that any claim has, and their sum."""
    found = Counter(entry.verdict for entry in entries)
    rows = [(word, found[word]) for word in (*VERDICTS, FAILS) if found[word]]
    rows.append(("all", found.total()))
    return Table(("Verdict", "Claims"), rows, "Number of claims by verdict")


@dataclass(frozen=True)
class Finding:
    """Mean squared errors under one setting of a memory experiment, as far as known.

    The published one, that of the best and of the worst setting trained here, and the
    least possible.
    """

    experiment: str
    position: str
    heads: int
    published: float | None = None
    trained: float | None = None
    trained_worst: float | None = None
    best: float | None = None


def findings(entries: Iterable[Claim]) -> list[Finding]:
    """The settings of experiments 4a and 4b that the claims are about."""
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for entry in entries:
        if match := _MEMORY.fullmatch(entry.id):
            experiment, position, heads, quantity = match.groups()
            values = found.setdefault((experiment, position, int(heads)), {})
            values[QUANTITIES[quantity]] = entry.measured
            if entry.source == "published" and entry.reference is not None:
                values["published"] = entry.reference
    return [Finding(*key, **found[key]) for key in sorted(found)]


def findings_figure(rows: list[Finding]) -> Figure:
    """Published, trained and best possible error of each setting, from top to bottom.

    Values below `FLOOR` are drawn there and marked so.
    """
    from matplotlib import pyplot

    from tapx.show import figures

    width, _ = figures.size("wide")
    figure, axes = pyplot.subplots(figsize=(width, 1.4 + 0.42 * max(len(rows), 1)))
    for place, row in enumerate(rows):
        values = {kind: getattr(row, kind) for kind in SHIFTS}
        known = {kind: value for kind, value in values.items() if value is not None}
        drawn = {kind: max(value, FLOOR) for kind, value in known.items()}
        ends = [min(drawn.values()), max(drawn.values())]
        axes.plot(ends, [place] * 2, "-", color="0.8", marker="")
        for kind, value in drawn.items():
            axes.plot(value, place + SHIFTS[kind], **_mark(kind))
        if min(known.values()) < FLOOR:
            how: dict[str, Any] = {"textcoords": "offset points", "fontsize": 7}
            axes.annotate(f"below {FLOOR:.0e}", (FLOOR, place), (6, 6), **how)
    worst = any(row.trained_worst is not None for row in rows)
    for kind, word in WORDS.items():
        if kind != "trained_worst" or worst:
            axes.plot([], [], label=word, **_mark(kind))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    axes.set_xscale("log")
    axes.set_xlabel("mean squared error")
    settings = ((f"{row.experiment}: {row.position}", row.heads) for row in rows)
    labels = [f"{where}, {counted(heads, 'head')}" for where, heads in settings]
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    return figure


def _mark(kind: str) -> dict[str, Any]:
    """Plot arguments of a mark without a line; hollow for the worst setting."""
    from tapx.show import figures

    fill = "none" if kind == "trained_worst" else "full"
    look = figures.role(kind.removesuffix("_worst"))
    return {**look, "linestyle": "", "fillstyle": fill}
