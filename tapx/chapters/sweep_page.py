"""The results of a sweep as one HTML page that opens offline."""

from __future__ import annotations

import io
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tapx.chapters import grids
from tapx.chapters.claims import RELATIONS
from tapx.chapters.grids import REPEATS, SEED
from tapx.chapters.sweep_folders import DONE
from tapx.chapters.sweep_tables import measured, verdict
from tapx.show import figures

MOST_LINES = 12
"""Curves in one figure; a grid with more is shown in the table alone."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem;
  padding: 0 1rem; color: #111; background: #fff; color-scheme: light dark; }
.box { overflow-x: auto; max-height: 40rem; border: 1px solid #999; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { padding: .2rem .6rem; text-align: left; white-space: nowrap; }
thead th { position: sticky; top: 0; background: #eee; }
tr.failed td { background: #fbe3d6; } tr.waiting td, tr.running td { color: #555; }
figure { margin: 1.5rem 0; }
svg { max-width: 100%; height: auto; background: #fff; }
input { font: inherit; width: min(30rem, 100%); }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #16181c; }
  thead th { background: #2b2f36; }
  tr.failed td { background: #5a2a12; } tr.waiting td, tr.running td { color: #aaa; }
}
"""
SCRIPT = """
const box = document.getElementById("filter"), count = document.getElementById("shown");
const rows = [...document.querySelectorAll("#runs tbody tr")];
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  count.textContent = shown + " of " + rows.length + " runs";
});
"""


def page(
    title: str,
    table: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    claims: Mapping[str, Mapping[str, Any]],
    axes: Mapping[str, Sequence[Any]],
) -> str:
    """The page: what was run, a figure for each claim, the table.

    Args:
        title: heading of the page.
        table: the rows, see `tapx.chapters.sweep_tables`.
        names: the columns and what they say.
        claims: the claims of the finished runs by id, as plain data.
        axes: the values of the parameters that vary.
    """
    states = [str(row["status"]) for row in table]
    said = ", ".join(f"{states.count(one)} {one}" for one in dict.fromkeys(states))
    varied = "; ".join(
        f"<code>{escape(name)}</code> {escape(', '.join(map(grids.text, values)))}"
        for name, values in axes.items()
    )
    # What tells the runs apart stands first: the table is wider than most windows.
    front = [n for n in names if n in ("run", "status", "reason") or n in axes]
    names = {name: names[name] for name in (*front, *names)}
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{len(table)} runs: {escape(said)}. Varied: {varied or 'nothing'}.</p>",
        "<h2>Runs</h2>",
        '<p><label>Show runs that contain <input id="filter" type="search" '
        'placeholder="failed, or 0.001"></label> '
        f'<span id="shown" aria-live="polite">{len(table)} runs</span></p>',
        _table(table, names),
        "<h2>Claims over the grid</h2>",
        "<p>Lines are medians over seeds, bars reach from the least to the greatest. "
        "Hollow points are medians of which a run does not hold.</p>",
        *(_figure(claim, table, axes) for claim in claims.values()),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + f"\n<script>{SCRIPT}</script></body></html>\n"
    )


def _table(table: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    head = "".join(
        f'<th scope="col" title="{escape(said)}">{escape(name)}</th>'
        for name, said in names.items()
    )
    body = "".join(
        f'<tr class="{row["status"]}">'
        + "".join(f"<td>{escape(_shown(row.get(name, '')))}</td>" for name in names)
        + "</tr>"
        for row in table
    )
    return (
        '<div class="box" role="region" aria-label="Runs" tabindex="0">'
        f'<table id="runs"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _figure(
    claim: Mapping[str, Any],
    table: Sequence[Mapping[str, Any]],
    axes: Mapping[str, Sequence[Any]],
) -> str:
    """A claim's measured number over the axis with most values; a curve for the rest.

    Empty where there is nothing to draw.
    """
    varying = {
        name: list(values)
        for name, values in axes.items()
        if len(values) > 1 and name not in (SEED, REPEATS)
    }
    across = max(varying, key=lambda name: len(varying[name]), default="")
    curves = _curves(claim["id"], table, across, [n for n in varying if n != across])
    if not curves:
        return ""
    caption = escape(f"{claim['id']}: {claim['statement']}")
    if len(curves) > MOST_LINES:
        return (
            f"<p>{caption}. The grid has {len(curves)} curves, more than can be told "
            "apart: see the table.</p>"
        )
    svg = _draw(claim, curves, across)
    return (
        f'<figure><div role="img" aria-label="{caption}">{svg}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


Points = dict[Any, list[tuple[float, bool]]]


def _curves(
    claim: str, table: Sequence[Mapping[str, Any]], across: str, rest: Sequence[str]
) -> dict[str, Points]:
    """The numbers of each curve, by its label and by the place on the axis.

    Each with whether the claim held.
    """
    found: dict[str, Points] = defaultdict(lambda: defaultdict(list))
    for row in table:
        value = row.get(measured(claim), "")
        if row["status"] != DONE or value == "" or not math.isfinite(value):
            continue
        label = ", ".join(f"{name} = {row[name]}" for name in rest)
        held = row[verdict(claim)] != "fails"
        found[label][row[across] if across else "all runs"].append((value, held))
    return found


def _draw(claim: Mapping[str, Any], curves: Mapping[str, Points], across: str) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    places = list(
        dict.fromkeys(place for points in curves.values() for place in points)
    )
    numeric = all(isinstance(place, int | float) for place in places)
    figure = Figure(figsize=figures.size("pair"), layout="constrained")
    FigureCanvasSVG(figure)
    axis = figure.subplots()
    for index, (label, points) in enumerate(curves.items()):
        order = sorted(points) if numeric else [p for p in places if p in points]
        x = [place if numeric else places.index(place) for place in order]
        values = [[value for value, _ in points[place]] for place in order]
        middle = [statistics.median(several) for several in values]
        below = [m - min(v) for m, v in zip(middle, values, strict=True)]
        above = [max(v) - m for m, v in zip(middle, values, strict=True)]
        look = figures.series(index)
        axis.errorbar(x, middle, (below, above), label=label or None, capsize=3, **look)
        broken = [
            (place, m)
            for place, m, name in zip(x, middle, order, strict=True)
            if not all(held for _, held in points[name])
        ]
        if broken:
            axis.plot(*zip(*broken, strict=True), "o", mfc="white", mec=look["color"])
    several = [found for points in curves.values() for found in points.values()]
    every = [value for found in several for value, _ in found]
    if claim["reference"] is not None:
        every.append(claim["reference"])
    if min(every) > 0 and max(every) > 30 * min(every):
        axis.set_yscale("log")
    if numeric and min(places) > 0 and max(places) > 30 * min(places):
        axis.set_xscale("log")
    if not numeric:
        axis.set_xticks(range(len(places)), [str(place) for place in places])
    if claim["reference"] is not None:
        said = f"{RELATIONS[claim['relation']]} {claim['source']}"
        axis.axhline(claim["reference"], color="#555", lw=1, label=said)
    axis.set_xlabel(across or "")
    axis.set_ylabel("measured")
    if axis.get_legend_handles_labels()[1]:
        axis.legend(fontsize="small")
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]  # inside a page, without the head of a file
