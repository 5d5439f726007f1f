"""How claims and reported numbers look: one line of HTML or text, and a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from tapx.chapters.claim_words import look, safe_sides
from tapx.chapters.claims import FAILS, RELATIONS, Claim
from tapx.decimals import outward
from tapx.show.tables import html_row, html_table, scroll_box

CLAIM_MIME = "application/vnd.tapx.claim+json"
TABLE_MIME = "application/vnd.tapx.claims-table+json"
WITNESSES_MIME = "application/vnd.tapx.witnesses+json"
GLUE_PREFIX = "application/papermill.record/"
RESULTS_MIME = "application/vnd.tapx.results+json"
REPORT_MIME = GLUE_PREFIX + "application/vnd.tapx.report+json"


def render(entry: Claim) -> dict[str, Any]:
    """The output of a claim: one HTML line, one text line, the whole content."""
    content = entry.as_dict()
    del content["chapter"]
    name = f"{entry.result}: " if entry.result else ""
    comparison = "; ".join(filter(None, (_comparison(entry), _notes(entry))))
    html = (
        f'<div class="claim {look(entry.verdict)}" id="{entry.anchor}">'
        f'<strong class="claim-verdict">{entry.verdict}</strong> '
        f'<span class="claim-statement">{escape(name + entry.statement)}</span> '
        f'<span class="claim-numbers">({escape(comparison)})</span> '
        f'<code class="claim-id">{entry.id}</code></div>'
    )
    text = f"[{entry.verdict}] {name}{entry.statement} ({comparison}) {entry.id}"
    return {CLAIM_MIME: content, "text/html": html, "text/plain": text}


def render_report(content: Mapping[str, Any]) -> dict[str, Any]:
    """The output of a reported number: what glue reads, and the whole content."""
    text = repr(reported_text(content))
    return {GLUE_PREFIX + "text/plain": text, REPORT_MIME: dict(content)}


def render_table(entries: Iterable[Claim]) -> dict[str, Any]:
    """The output of `claims_table`: HTML, text, and the ids of its rows."""
    entries = list(entries)
    return {
        TABLE_MIME: [entry.id for entry in entries],
        "text/html": table_html(entries),
        "text/plain": table_text(entries),
    }


def table_html(entries: Iterable[Claim], pages: Mapping[str, str] | None = None) -> str:
    """The claims as an HTML table in a box that scrolls on narrow screens.

    Its links go to the page of a claim's chapter, if it is given, else to this page.
    """
    head = ("Result", "Statement", "Measured", "Relation", "Bound or figure", "Verdict")
    rows = []
    for entry in entries:
        page = (pages or {}).get(entry.chapter, "")
        link = f'<a href="{page}#{entry.anchor}">{escape(entry.statement)}</a>'
        link += f" ({escape(notes)})" if (notes := _notes(entry)) else ""
        measured, reference = _numbers(entry)
        known = entry.reference is not None
        cells = (
            escape(entry.result or entry.id.split("/")[0]),
            link,
            measured,
            escape(_relation(entry)),
            f"{reference} ({entry.source})" if known else "none known",
            entry.verdict,
        )
        rows.append(html_row(cells, f'<tr class="{look(entry.verdict)}">'))
    return html_table(scroll_box("Claims", "claims-table"), head, rows)


def table_text(entries: Iterable[Claim]) -> str:
    """The claims as plain text, one line each."""
    return "\n".join(render(entry)["text/plain"] for entry in entries)


def reported_text(content: Mapping[str, Any]) -> str:
    """The text that `report` glues, from the content it stores."""
    value, format = content["value"], content["format"]
    if isinstance(value, str):
        return value
    if "{" in format:
        return str(format.format(value))
    if isinstance(value, int) and format == ".4g":
        return str(value)
    return f"{value:{format}}"


def number_text(value: float, direction: str = "nearest") -> str:
    """A number as a reader sees it: four significant digits, small integers whole."""
    if isinstance(value, int) and abs(value) < 10**6:
        return str(value)
    if direction == "nearest":
        return f"{value:.4g}"
    return outward(value, 4, direction == "up")


def failure_text(entry: Claim) -> str:
    """Why a claim does not hold: what was measured, and what it should have been."""
    numbers = [entry.measured, entry.reference or 0]
    measured, limit = map(number_text, numbers)
    if measured == limit:  # they differ in digits that are not shown
        measured, limit = map(repr, numbers)
    relation = RELATIONS[entry.relation]
    if entry.relation == "~":
        relation = f"within {100 * entry.tolerance:.3g}% of"
    return (
        f"{entry.id} does not hold with these parameters: measured {measured}, which "
        f"is not {relation} {limit} ({entry.source}). Claimed is: {entry.statement}"
    )


def _numbers(entry: Claim) -> tuple[str, str]:
    """What was measured and the reference; certified ones on the safe side."""
    numbers = entry.measured, entry.reference or 0
    measured, reference = map(number_text, numbers, safe_sides(entry))
    return measured, reference


def _relation(entry: Claim) -> str:
    symbol = RELATIONS[entry.relation]
    return f"{symbol} within {entry.tolerance:.3g}" if entry.relation == "~" else symbol


def _notes(entry: Claim) -> str:
    """What the claim is for and where it holds, as far as it says so."""
    said = {"role": entry.role, "setting": entry.setting}
    return "; ".join(f"{name}: {words}" for name, words in said.items() if words)


def _comparison(entry: Claim) -> str:
    measured, reference = _numbers(entry)
    if entry.reference is None:
        return f"measured {measured}; no figure to compare with"
    symbol = RELATIONS[entry.relation]
    if entry.verdict == FAILS:
        symbol = f"is not {symbol}"
    text = f"measured {measured} {symbol} {entry.source} {reference}"
    if entry.relation == "~":
        text += f" within {100 * entry.tolerance:.3g}%"
    return text
