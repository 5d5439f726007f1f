"""The scoreboard: all claims by chapter, their count by verdict, and one figure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tapx.chapters.claim_views import table_html, table_text
from tapx.chapters.claims import FAILS, VERDICTS, Claim
from tapx.chapters.notebooks import Chapter
from tapx.show.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEMORY = re.compile(
    r"exp-(?P<experiment>4[ab])/(?P<position>lin|log)-(?P<heads>\d+)-"
    r"(?P<quantity>best-mse|trained-mse-best-setting|trained-mse-worst-setting)"
)
FLOOR = 1e-12


class Scoreboard:
    """The claims by chapter, each linked to the cell that measured it.

    Args:
        entries: the claims to list.
        chapters: the chapters of the book, in order.
    """

    def __init__(self, entries: Iterable[Claim], chapters: Iterable[Chapter]) -> None:
        """Sort the claims into the chapters, by result within each."""
        entries = list(entries)
        self.pages = {chapter.id: f"{chapter.path.stem}.html" for chapter in chapters}
        self.groups: list[tuple[str, list[Claim]]] = []
        for chapter in chapters:
            own = [entry for entry in entries if entry.chapter == chapter.id]
            first = {
                entry.result: place for place, entry in reversed([*enumerate(own)])
            }
            own.sort(key=lambda entry: first[entry.result])
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


def counts(entries: Iterable[Claim]) -> dict[str, int]:
    """How many claims have each verdict, of those that any claim has."""
    found = Counter(entry.verdict for entry in entries)
    return {word: found[word] for word in (*VERDICTS, FAILS) if found[word]}


def counts_table(entries: Iterable[Claim]) -> Table:
    """The counts by verdict, with their sum, as a table."""
    found = counts(entries)
    rows = [*found.items(), ("all", sum(found.values()))]
    return Table(("Verdict", "Claims"), rows, "Number of claims by verdict")


@dataclass(frozen=True)
class Finding:
    """One setting of a memory experiment, with its mean squared errors.

    Attributes:
        experiment: "4a" or "4b".
        position: "lin" or "log".
        heads: number of heads.
        published: the published figure, or None.
        trained: the best trained here, or None.
        trained_worst: the worst of the settings trained here, or None.
        best: the least possible, or None.
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
    quantities = {
        "best-mse": "best",
        "trained-mse-best-setting": "trained",
        "trained-mse-worst-setting": "trained_worst",
    }
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for entry in entries:
        match = _MEMORY.fullmatch(entry.id)
        if match is None:
            continue
        key = (match["experiment"], match["position"], int(match["heads"]))
        values = found.setdefault(key, {})
        values[quantities[match["quantity"]]] = entry.measured
        if entry.source == "published" and entry.reference is not None:
            values["published"] = entry.reference
    return [Finding(*key, **found[key]) for key in sorted(found)]


def findings_figure(rows: list[Finding]) -> Figure:
    """Published, trained and best possible error of each setting, side by side.

    Args:
        rows: the settings, from top to bottom; values below `FLOOR` are drawn there
            and marked so.

    Returns:
        The figure, drawn in the book's style.
    """
    from matplotlib import pyplot

    from tapx.show import figures

    width, _ = figures.size("wide")
    figure, axes = pyplot.subplots(figsize=(width, 1.4 + 0.42 * max(len(rows), 1)))
    kinds = ("published", "trained", "best")
    words = {"published": "published", "trained": "trained", "best": "best possible"}
    for place, row in enumerate(rows):
        values = {kind: getattr(row, kind) for kind in kinds}
        worst = row.trained_worst
        drawn = [max(v, FLOOR) for v in (*values.values(), worst) if v is not None]
        axes.plot([min(drawn), max(drawn)], [place] * 2, "-", color="0.8", marker="")
        if worst is not None:
            axes.plot(max(worst, FLOOR), place, **_mark("trained", hollow=True))
        for (kind, value), shift in zip(values.items(), (-0.1, 0, 0.1), strict=True):
            if value is None:
                continue
            # Slightly apart, so that equal errors do not hide one another.
            axes.plot(max(value, FLOOR), place + shift, **_mark(kind))
            if value < FLOOR:
                _note(axes, f"below {FLOOR:.0e}", place)
    _legend(axes, words, any(row.trained_worst is not None for row in rows))
    axes.set_xscale("log")
    axes.set_xlabel("mean squared error")
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    return figure


def _label(row: Finding) -> str:
    heads = "1 head" if row.heads == 1 else f"{row.heads} heads"
    return f"{row.experiment}: {row.position}, {heads}"


def _note(axes: Any, text: str, place: int) -> None:
    axes.annotate(text, (FLOOR, place), (6, 6), textcoords="offset points", fontsize=7)


def _legend(axes: Any, words: Mapping[str, str], worst: bool) -> None:
    for kind, word in words.items():
        axes.plot([], [], label=word, **_mark(kind))
    if worst:
        look = _mark("trained", hollow=True)
        axes.plot([], [], label="trained, worst setting", **look)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)


def _mark(kind: str, hollow: bool = False) -> dict[str, Any]:
    """Plot arguments of a mark without a line, in the style of its role."""
    from tapx.show import figures

    fill = "none" if hollow else "full"
    return {**figures.role(kind), "linestyle": "", "fillstyle": fill}
