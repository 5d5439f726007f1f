"""The scoreboard: all claims by chapter, their count by verdict, and one figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tapx.chapters import scoreboard_rows
from tapx.chapters.claim_views import table_text
from tapx.chapters.claims import FAILS, VERDICTS, Claim
from tapx.chapters.notebooks import Chapter
from tapx.show.tables import Table, counted, html_table, scroll_box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOOR = 1e-12


@dataclass(frozen=True)
class Row:
    """A setting with a published figure, and the claims about its errors, by id.

    Its words are read on the front page, before any chapter: experiment, what is to be
    computed, by what.

    The published figure is the reference of one of them whose source is "published".
    """

    setting: str
    best: str
    trained: str
    trained_worst: str = ""
    at_most: bool = False  # whether the figure is printed as an upper bound


PUBLISHED = (
    Row(
        "2a: a function of one far token,\nby the most neurons",
        "exp-2a/one-free-head-one-neuron-mse",
        "exp-2a/recorded-free-rpe-least-mse",
    ),
    Row(
        "2b: a sum of three far tokens,\nby the most heads",
        "exp-2b/one-free-head-mse",
        "exp-2b/recorded-free-rpe-least-mse",
    ),
    Row(
        "4a: a slow decay,\nby 64 exponential heads",
        "exp-4a/lin-64-best-mse",
        "exp-4a/lin-64-trained-mse-best-setting",
        "exp-4a/lin-64-trained-mse-worst-setting",
    ),
    Row(
        "4a: a slow decay,\nby 1 power-law head",
        "exp-4a/log-1-best-mse",
        "exp-4a/log-1-trained-mse-best-setting",
        at_most=True,
    ),
    Row(
        "4b: a fast decay,\nby 1 exponential head",
        "exp-4b/lin-1-best-mse",
        "exp-4b/lin-1-trained-mse-best-setting",
        at_most=True,
    ),
    Row(
        "4b: a fast decay,\nby 64 power-law heads",
        "exp-4b/log-64-best-mse",
        "exp-4b/log-64-trained-mse-best-setting",
        "exp-4b/log-64-trained-mse-worst-setting",
    ),
)
"""The errors that the paper prints, as far as they are known."""
MEASURED = ("best", "trained", "trained_worst")
"""The numbers of a finding that this book measured."""
WORDS = {
    "published": "published",
    "at_most": "published, at most",
    "trained": "trained",
    "best": "best possible",
    "trained_worst": "trained, worst setting",
}
"""What the legend calls the numbers of a finding."""
# Slightly apart, so that equal errors do not hide one another.
SHIFTS = {"trained_worst": 0.0, "published": -0.1, "trained": 0.0, "best": 0.1}


class Scoreboard:
    """The claims by chapter, findings open and checks folded, linked to their cells."""

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
        parts = [self._chapter(title, own) for title, own in self.groups]
        return f'<div class="scoreboard">{"".join(parts)}</div>'

    def _chapter(self, title: str, own: list[Claim]) -> str:
        """A heading, the findings, and the checks behind a fold."""
        chapter = own[0].chapter
        page = self.pages[chapter]
        findings, checks = scoreboard_rows.split(own)
        parts = [
            f'<section class="scoreboard-chapter" data-chapter="{chapter}">'
            f'<h3><a href="{page}">{escape(title)}</a></h3>'
        ]
        if findings:
            parts.append(self._table(f"Findings of {title}", findings, page))
        if checks:
            count = counted(len(checks), "check")
            table = self._table(f"Checks of {title}", checks, page)
            parts.append(f"<details><summary>{count}</summary>{table}</details>")
        return "".join([*parts, "</section>"])

    def _table(self, label: str, claims: list[Claim], page: str) -> str:
        rows = [scoreboard_rows.row(claim, page) for claim in claims]
        return html_table(scroll_box(label, "board-table"), scoreboard_rows.HEAD, rows)

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
    """Mean squared errors under one setting with a published figure, as far as known.

    The published one, which is an upper bound if `at_most`, that of the best and of the
    worst setting trained here, and the least possible.
    """

    setting: str
    published: float | None = None
    trained: float | None = None
    trained_worst: float | None = None
    best: float | None = None
    at_most: bool = False


def findings(entries: Iterable[Claim]) -> list[Finding]:
    """The settings of `PUBLISHED` that the claims are about."""
    claims = {entry.id: entry for entry in entries}
    found = []
    for row in PUBLISHED:
        ids = {
            kind: getattr(row, kind) for kind in ("trained", "trained_worst", "best")
        }
        own = {kind: claims[id] for kind, id in ids.items() if id in claims}
        printed = (one.reference for one in own.values() if one.source == "published")
        values = {kind: one.measured for kind, one in own.items()}
        if own:
            figure = next(printed, None)
            found.append(Finding(row.setting, figure, at_most=row.at_most, **values))
    return found


def findings_figure(rows: list[Finding]) -> Figure:
    """Published, trained and best possible error of each setting, from top to bottom.

    Values below `FLOOR` are drawn there and marked so; a published upper bound points
    to where the error may lie.
    """
    from matplotlib import pyplot

    from tapx.show import figures

    width, _ = figures.size("wide")
    figure, axes = pyplot.subplots(figsize=(width, 1.4 + 0.5 * max(len(rows), 1)))
    for place, row in enumerate(rows):
        values = {kind: getattr(row, kind) for kind in SHIFTS}
        known = {kind: value for kind, value in values.items() if value is not None}
        drawn = {kind: max(value, FLOOR) for kind, value in known.items()}
        ends = [min(drawn.values()), max(drawn.values())]
        axes.plot(ends, [place] * 2, "-", color="0.8", marker="")
        for kind, value in drawn.items():
            look = _mark("at_most" if row.at_most and kind == "published" else kind)
            axes.plot(value, place + SHIFTS[kind], **look)
        if min(known.values()) < FLOOR:
            how: dict[str, Any] = {"textcoords": "offset points", "fontsize": 7}
            axes.annotate(f"below {FLOOR:.0e}", (FLOOR, place), (6, 6), **how)
    shown = {"trained_worst": any(row.trained_worst is not None for row in rows)}
    shown["at_most"] = any(row.at_most for row in rows)
    for kind, word in WORDS.items():
        if shown.get(kind, True):
            axes.plot([], [], label=word, **_mark(kind))
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    axes.set_xscale("log")
    axes.set_xlabel("mean squared error: further left is better")
    axes.set_yticks(range(len(rows)), [row.setting for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    return figure


def _mark(kind: str) -> dict[str, Any]:
    """Plot arguments of a mark without a line; hollow for the worst setting."""
    from tapx.show import figures

    if kind == "at_most":
        return figures.role("published", linestyle="", marker="<", markersize=8)
    fill = "none" if kind == "trained_worst" else "full"
    look = figures.role(kind.removesuffix("_worst"))
    return {**look, "linestyle": "", "fillstyle": fill}
