"""Results stored in notebooks: read, checked against themselves, and compared.

What a claim, a reported number or the table of claims shows is derived from the
data stored beside it. Reading a notebook checks that; a re-run then compares the
data, each number within the tolerance that it carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tapx import notebooks
from tapx.claim_views import (
    CLAIM_MIME,
    GLUE_PREFIX,
    REPORT_MIME,
    RESULTS_MIME,
    TABLE_MIME,
    render,
    render_report,
    render_table,
)
from tapx.claims import FAILS, Claim, agree

LEDGER_MIMES = (CLAIM_MIME, REPORT_MIME, TABLE_MIME, RESULTS_MIME)
_NUMBER = re.compile(r"[-+]?(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WITHIN = re.compile(r"within-(?:factor-(?P<factor>\d+)|(?P<relative>\d\S*))")


class LedgerError(ValueError):
    """The stored ledger is inconsistent: the message says where."""


def claims_of(notebook: Mapping[str, Any], chapter: str) -> list[Claim]:
    """The claims in a notebook's outputs, in order, after `verify`.

    Args:
        notebook: a notebook, or any mapping with its ``cells``.
        chapter: id of the chapter, entered in the claims.

    Raises:
        LedgerError: an id occurs twice, or a text shown is not what the data say.
    """
    verify(notebook, chapter)
    return _claims(notebook, chapter)


def verify(notebook: Mapping[str, Any], chapter: str) -> None:
    """Check that all that the ledger shows in a notebook is what its data say.

    Raises:
        LedgerError: an id occurs twice, or a text shown is not what the data say.
    """
    found: dict[str, Claim] = {}
    reports: set[str] = set()
    for data in _data(notebook):
        if REPORT_MIME in data:
            content = data[REPORT_MIME]
            name = content["name"]
            if name in reports:
                raise LedgerError(f"{chapter}: {name!r} is reported twice")
            reports.add(name)
            _same(render_report(content), data, f"{chapter}: report {name}")
        if TABLE_MIME in data:
            if data[TABLE_MIME] != list(found):
                raise LedgerError(f"{chapter}: the table of claims is out of date")
            _same(render_table(found.values()), data, f"{chapter}: table of claims")
        if CLAIM_MIME in data:
            entry = Claim.from_dict(data[CLAIM_MIME], chapter)
            if entry.id in found:
                raise LedgerError(f"{chapter}: claim {entry.id!r} is made twice")
            _same(render(entry), data, f"{chapter}: claim {entry.id}")
            found[entry.id] = entry


def reports_of(notebook: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers and words that the prose quotes, by name."""
    found = (data[REPORT_MIME] for data in _data(notebook) if REPORT_MIME in data)
    return {content["name"]: dict(content) for content in found}


def results_of(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that the notebook keeps for its run record (`ledger.keep`), in order."""
    found = (data[RESULTS_MIME] for data in _data(notebook) if RESULTS_MIME in data)
    return [dict(row) for rows in found for row in rows]


def stored_claims(book_dir: str | Path | None = None) -> list[Claim]:
    """Every claim of the book, from the stored notebooks in chapter order.

    Raises:
        LedgerError: an id occurs in two chapters, or twice in one.
    """
    found: dict[str, Claim] = {}
    for chapter in notebooks.chapters(book_dir):
        for entry in claims_of(notebooks.load(chapter.path), chapter.id):
            if entry.id in found:
                raise LedgerError(
                    f"claim {entry.id!r} is made in {found[entry.id].chapter} "
                    f"and in {chapter.id}"
                )
            found[entry.id] = entry
    return list(found.values())


def differences(stored: Iterable[Claim], fresh: Iterable[Claim]) -> list[str]:
    """What a re-run changed in the claims, one line each; empty if it agrees.

    A claim that is missing or new, another statement, relation or verdict, a
    number outside the stored rerun tolerance, and every verdict "fails" count.
    """
    before = {entry.id: entry for entry in stored}
    after = {entry.id: entry for entry in fresh}
    failing = {
        entry.id
        for entry in (*before.values(), *after.values())
        if entry.verdict == FAILS
    }
    lines = [f"{id}: the verdict is 'fails'" for id in sorted(failing)]
    for id in sorted(before.keys() ^ after.keys()):
        where = "stored, but not made by" if id in before else "not stored, but made by"
        lines.append(f"{id}: {where} the re-run")
    exact = ("statement", "relation", "verdict", "result", "source", "tolerance")
    for id in (id for id in before if id in after):
        old, new = before[id], after[id]
        for field in (*exact, "rerun_tolerance"):
            was, now = getattr(old, field), getattr(new, field)
            if was != now:
                lines.append(f"{id}: {field} was {was!r}, is {now!r}")
        for field in ("measured", "reference"):
            was, now = getattr(old, field), getattr(new, field)
            lines += _number_line(f"{id}: {field}", was, now, old.rerun_tolerance)
    return lines


def report_differences(
    stored: Mapping[str, Mapping[str, Any]], fresh: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """What a re-run changed in the reported numbers, one line each."""
    odd = sorted(stored.keys() ^ fresh.keys())
    lines = [f"report {name}: not in both runs" for name in odd]
    for name in (name for name in stored if name in fresh):
        old, new = stored[name], fresh[name]
        for field in ("format", "rerun_tolerance"):
            if old[field] != new[field]:
                lines.append(
                    f"report {name}: {field} was {old[field]!r}, is {new[field]!r}"
                )
        lines += _number_line(
            f"report {name}:", old["value"], new["value"], old["rerun_tolerance"]
        )
    return lines


def notebook_differences(
    stored: Mapping[str, Any], fresh: Mapping[str, Any], chapter: str = ""
) -> list[str]:
    """What a re-run changed in the claims and reported numbers of a notebook."""
    lines = differences(_claims(stored, chapter), _claims(fresh, chapter))
    return lines + report_differences(reports_of(stored), reports_of(fresh))


def text_differences(
    stored: Iterable[Mapping[str, Any]], fresh: Iterable[Mapping[str, Any]], tag: str
) -> list[str]:
    """Compare what two runs of a cell printed, number by number.

    Args:
        stored: outputs in the stored notebook, those of the ledger left out.
        fresh: outputs of the re-run, those of the ledger left out.
        tag: ``within-factor-10`` or ``within-1e-3``: how far numbers may differ.

    Returns:
        One line for each number too far off, or one if the words differ.
    """
    match = _WITHIN.fullmatch(tag)
    if match is None:
        raise ValueError(f"tag {tag!r}: allowed is 'within-factor-10' or 'within-1e-3'")
    allowed: float | str = f"factor {match['factor']}"
    if match["relative"]:
        allowed = float(match["relative"])
    before, after = _words(stored), _words(fresh)
    if _NUMBER.sub("#", before).split() != _NUMBER.sub("#", after).split():
        return [f"the words differ: {before!r} was stored, {after!r} came out"]
    pairs = zip(_NUMBER.findall(before), _NUMBER.findall(after), strict=True)
    return [
        f"{was} was stored, {now} came out, allowed difference {allowed}"
        for was, now in pairs
        if not agree(float(was), float(now), allowed)
    ]


def within_tag(tags: Iterable[str]) -> str | None:
    """The tag that says how far the numbers of a cell may differ, or None."""
    return next((tag for tag in tags if _WITHIN.fullmatch(tag)), None)


def without_ledger(outputs: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Outputs other than those of the ledger and the standard error stream."""
    return [
        output
        for output in outputs
        if not any(mime in output.get("data", {}) for mime in LEDGER_MIMES)
        and output.get("name") != "stderr"
    ]


def _claims(notebook: Mapping[str, Any], chapter: str) -> list[Claim]:
    return [
        Claim.from_dict(data[CLAIM_MIME], chapter)
        for data in _data(notebook)
        if CLAIM_MIME in data
    ]


def _data(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            yield output.get("data", {})


def _words(outputs: Iterable[Mapping[str, Any]]) -> str:
    texts = []
    for output in outputs:
        data = output.get("data", {})
        texts += ["".join(data[mime]) for mime in sorted(data) if "text/" in mime]
        texts.append("".join(output.get("text", "")))
    return "\n".join(texts)


def _same(expected: Mapping[str, Any], data: Mapping[str, Any], where: str) -> None:
    for mime, content in expected.items():
        stored = data.get(mime, "")
        if mime.removeprefix(GLUE_PREFIX).startswith("text/"):
            stored = "".join(stored)
        if stored != content:
            raise LedgerError(
                f"{where}: the stored {mime} is not what the stored data say; "
                f"stored {stored!r}, expected {content!r}"
            )


def _number_line(where: str, was: Any, now: Any, allowed: float | str) -> list[str]:
    same = was == now
    if not same and isinstance(was, (int, float)) and isinstance(now, (int, float)):
        same = agree(was, now, allowed)
    if same:
        return []
    return [f"{where} was {was!r}, is {now!r}, allowed difference {allowed!r}"]
