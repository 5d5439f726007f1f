"""Results stored in notebooks: read, checked against themselves, and compared.

What a claim, a reported number or the table of claims shows is derived from the
data stored beside it. Reading a notebook checks that; a re-run then compares the
data, each number as its kind asks for (`claims.KINDS`), and what cells printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tapx.chapters import notebooks
from tapx.chapters.book_files import FAULTS, reason
from tapx.chapters.claim_views import (
    CLAIM_MIME,
    GLUE_PREFIX,
    REPORT_MIME,
    RESULTS_MIME,
    TABLE_MIME,
    WITNESSES_MIME,
    render,
    render_report,
    render_table,
    reported_text,
)
from tapx.chapters.claims import FAILS, KINDS, Claim, finite_number
from tapx.checks import Refusal, one_of

LEDGER_MIMES = (CLAIM_MIME, REPORT_MIME, TABLE_MIME, RESULTS_MIME)
COMPUTED = 1e-6
"""Largest relative difference of two runs in a number of the kind "computed"."""
MEASURED = "measured"
"""Tag of a cell that prints measured numbers: of its output the words are compared."""
_NUMBER = re.compile(
    r"[-+−]?(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?"
    r"|[-+−]?(?<!\w)(?:inf|nan)(?!\w)|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
)


class LedgerError(Refusal):
    """The stored ledger is inconsistent: the message says where."""


def claims_of(notebook: Mapping[str, Any], chapter: str) -> list[Claim]:
    """The claims in a notebook's outputs, in order, all that the ledger shows checked.

    The id of the chapter is entered in them.

    Raises:
        LedgerError: an id occurs twice, a text shown is not what the data say, or the
            data have another form.
    """
    try:
        return _checked(notebook, chapter)
    except LedgerError:
        raise
    except FAULTS as error:
        raise LedgerError(
            f"{chapter}: what the ledger stored has another form ({reason(error)})"
        ) from None


def _checked(notebook: Mapping[str, Any], chapter: str) -> list[Claim]:
    """See `claims_of`."""
    found: dict[str, Claim] = {}
    reports: set[str] = set()
    for data in _data(notebook):
        if REPORT_MIME in data:
            content = data[REPORT_MIME]
            name = content["name"]
            if name in reports:
                raise LedgerError(f"{chapter}: {name!r} is reported twice")
            reports.add(name)
            one_of(content["kind"], KINDS, "kind")
            _same(render_report(content), data, f"{chapter}: report {name}")
        if TABLE_MIME in data:
            if data[TABLE_MIME] != list(found):
                raise LedgerError(f"{chapter}: the table of claims is out of date")
            _same(render_table(found.values()), data, f"{chapter}: table of claims")
        if CLAIM_MIME in data:
            entry = Claim.from_dict(data[CLAIM_MIME], chapter)
            finite_number("measured", entry.measured)
            if entry.id in found:
                raise LedgerError(f"{chapter}: claim {entry.id!r} is made twice")
            _same(render(entry), data, f"{chapter}: claim {entry.id}")
            found[entry.id] = entry
        if WITNESSES_MIME in data:
            said = data[WITNESSES_MIME]
            ",".join([*said["stored"], *said["searched"]])  # all of them texts
    return list(found.values())


def held(notebook: Mapping[str, Any], mime: str) -> list[Any]:
    """What a notebook's outputs hold under a MIME type of the ledger, in order."""
    return [data[mime] for data in _data(notebook) if mime in data]


def reports_of(notebook: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers and words that the prose quotes, by name."""
    return {one["name"]: dict(one) for one in held(notebook, REPORT_MIME)}


def witnesses_of(notebook: Mapping[str, Any]) -> dict[str, list[str]]:
    """The stored witnesses that the notebook asked for, and what it searched.

    Its last word counts: it holds what was asked from the start.
    """
    said = held(notebook, WITNESSES_MIME)
    return said[-1] if said else {"stored": [], "searched": []}


def stored_claims(book_dir: str | Path | None = None) -> list[Claim]:
    """Every claim of the book, from the stored notebooks: chapters, then pages.

    Raises:
        LedgerError: an id occurs in two notebooks, or twice in one, or what a notebook
            stores is not consistent; the message names the file.

    Example:
        >>> [claim.id for claim in tapx.stored_claims() if claim.verdict == "fails"]
        []
    """
    found: dict[str, Claim] = {}
    for chapter in notebooks.notebook_files(book_dir):
        notebook = notebooks.load(chapter.path)
        try:
            entries = claims_of(notebook, chapter.id)
        except LedgerError as error:
            raise LedgerError(f"{chapter.path}: {error}") from None
        for entry in entries:
            if entry.id in found:
                raise LedgerError(
                    f"claim {entry.id!r} is made in {found[entry.id].chapter} "
                    f"and in {chapter.id}"
                )
            found[entry.id] = entry
    return list(found.values())


def differences(stored: Iterable[Claim], fresh: Iterable[Claim]) -> list[str]:
    """What a re-run changed in the claims, one line each; empty if it agrees.

    A claim that is missing or new, another word (statement, relation, verdict, result,
    source, kind, role, setting), and every verdict "fails" count. Numbers are compared
    as the stored kind says: certified ones must be equal, computed ones within
    `COMPUTED` of themselves, evaluated ones within the stored rounding; of evaluated
    ones without rounding, of trained and of timed ones only the verdict counts. A
    reference that is not itself measured (its source is not "computed") is always
    compared.
    """
    before = {entry.id: entry for entry in stored}
    after = {entry.id: entry for entry in fresh}
    both = (*before.values(), *after.values())
    failing = {entry.id for entry in both if entry.verdict == FAILS}
    lines = [f"{id}: the verdict is 'fails'" for id in sorted(failing)]
    for id in sorted(before.keys() ^ after.keys()):
        where = "stored, but not made by" if id in before else "not stored, but made by"
        lines.append(f"{id}: {where} the re-run")
    exact = "statement relation verdict result source tolerance kind role setting"
    for id in (id for id in before if id in after):
        old, new = before[id], after[id]
        lines += _changed(id, vars(old), vars(new), exact.split())
        for field in ("measured", "reference", "rounding"):
            problem = _number_problem(old, new, field)
            lines += [f"{id}: {field} {problem}"] if problem else []
    return lines


def report_differences(
    stored: Mapping[str, Mapping[str, Any]], fresh: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """What a re-run changed in the reported numbers, one line each.

    The texts of certified and computed numbers, which the prose shows, must be equal.
    """
    odd = sorted(stored.keys() ^ fresh.keys())
    lines = [f"report {name}: not in both runs" for name in odd]
    for name in (name for name in stored if name in fresh):
        old, new = stored[name], fresh[name]
        lines += _changed(f"report {name}", old, new, ("format", "kind"))
        was, now = reported_text(old), reported_text(new)
        if old["kind"] in ("certified", "computed") and was != now:
            lines.append(
                f"report {name}: was {was!r}, is {now!r}; {old['kind']} numbers that "
                "the prose shows must be equal"
            )
    return lines


def notebook_differences(
    stored: Mapping[str, Any], fresh: Mapping[str, Any]
) -> list[str]:
    """What a re-run changed in the claims and reported numbers of a notebook.

    The witnesses that it asked for count too.
    """
    old, new = (map(Claim.from_dict, held(one, CLAIM_MIME)) for one in (stored, fresh))
    lines = differences(old, new)
    was, now = witnesses_of(stored)["stored"], witnesses_of(fresh)["stored"]
    for name in sorted(set(was) ^ set(now)):
        word = "no longer asked for" if name in was else "asked for, not before"
        lines.append(f"witness {name}: {word}")
    return lines + report_differences(reports_of(stored), reports_of(fresh))


def printed_differences(
    stored: Iterable[Mapping[str, Any]],
    fresh: Iterable[Mapping[str, Any]],
    tags: Iterable[str] = (),
) -> list[str]:
    """What a re-run changed in what a cell printed or showed, one line each.

    Texts (plain, HTML, Markdown, standard output) must be equal as strings; in a cell
    tagged `MEASURED` only their words, whatever stands where a number stood. Of
    pictures only their presence counts. What the ledger shows is left out.
    """
    before, after = _printed(stored), _printed(fresh)
    kinds = [kind for kind, _ in before], [kind for kind, _ in after]
    if kinds[0] != kinds[1]:
        was, now = (", ".join(found) or "nothing" for found in kinds)
        return [f"output was {was}, is {now}"]
    masked = MEASURED in set(tags)
    lines = []
    for (kind, was), (_, now) in zip(before, after, strict=True):
        if (words(was) != words(now)) if masked else (was != now):
            what = "the words of " if masked else ""
            lines.append(f"{what}{kind} differ: {_first_difference(was, now)}")
    return lines


def words(text: str) -> list[str]:
    """The words of a text, with one sign in the place of each number."""
    return _NUMBER.sub("#", text).split()


def _changed(
    what: str, old: Mapping[str, Any], new: Mapping[str, Any], fields: Iterable[str]
) -> list[str]:
    """One line for each field that is another now."""
    return [
        f"{what}: {field} was {old[field]!r}, is {new.get(field)!r}"
        for field in fields
        if old[field] != new.get(field)
    ]


def _data(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            yield output.get("data", {})


def _printed(outputs: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What is compared of a cell's outputs: kinds and texts, standard output last."""
    found, streams = [], []
    for output in outputs:
        data = output.get("data", {})
        if output.get("name") == "stderr" or any(one in data for one in LEDGER_MIMES):
            continue
        for mime, content in sorted(data.items()):
            form = mime.removeprefix(GLUE_PREFIX)
            if form.startswith("text/"):
                found.append((mime, "".join(content)))
            elif form.startswith("image/"):
                found.append((mime, ""))
        streams.append("".join(output.get("text", "")))
    text = "".join(streams)
    return [*found, ("standard output", text)] if text else found


def _first_difference(was: str, now: str) -> str:
    """Where two texts part, with 40 characters before and after."""
    pairs = enumerate(zip(was, now, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), min(len(was), len(now)))
    part = slice(max(place - 40, 0), place + 40)
    return f"{was[part]!r} was stored, {now[part]!r} came out"


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


def _number_problem(old: Claim, new: Claim, field: str) -> str:
    """What is wrong with a number of a re-run; empty if it agrees."""
    was, now = getattr(old, field), getattr(new, field)
    if was == now or old.searched or new.searched:
        return ""
    found = f"was {was!r}, is {now!r}"
    if was is None or now is None:
        return found
    if old.kind == "certified":
        return f"{found}; certified numbers must be equal"
    if field == "rounding":  # a bound: two runs may differ in it, but not by much
        least, most = sorted((was, now))
        return "" if most <= 2 * least else f"{found}; allowed is a factor of 2"
    given = field == "reference" and old.source != "computed"
    if old.kind == "computed" or given:
        allowed, why = COMPUTED * max(abs(was), abs(now)), f"{COMPUTED} of itself"
    elif old.rounding is not None:
        allowed, why = old.rounding, f"{old.rounding!r}, its rounding"
    else:
        return ""
    if abs(was - now) <= allowed:
        return ""
    return f"{found}; allowed difference is {why}"
