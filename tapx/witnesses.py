"""What searches found, stored: looked up, checked on load, searched only if missing.

Finding is a float64 search, and what it finds differs between processors and builds.
Checking is exact and the same everywhere. So each finder of the book first asks here
whether its question is answered in ``found/GROUP/NAME.json``. A stored answer, a
*witness*, holds exact numbers and a claim that follows from them; the finder checks the
claim in balls before it returns them. A question without an answer is searched on the
spot, and one line says so.

The variable TAPX_FOUND changes what happens to a question without an answer:
"require" refuses it (a default run of the book searches nothing), "store" searches and
keeps the answer; "improve" searches even what is stored, and keeps what is strictly
better (both for the book's authors).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

FOUND = Path(__file__).parent / "found"
FORMAT = 1
VARIABLE = "TAPX_FOUND"
MODES = ("", "require", "store", "improve")

T = TypeVar("T")


class WitnessError(ValueError):
    """A stored witness is damaged: its numbers do not show what it claims."""


class NotStored(LookupError):
    """A question has no stored answer, and TAPX_FOUND=require forbids a search."""


@dataclass(frozen=True)
class Question:
    """What a finder is asked. Its key never changes, whatever the code is called.

    Attributes:
        group: folder of the file that answers it.
        name: file in the folder; one for a target and a family.
        kind: of witness, which says how it is checked (a key of `finders.KINDS`).
        family: "exponential", "power", or "" where none is meant.
        target: what to approximate, as plain JSON.
        size: what the search may use, as plain JSON: heads, bits, price.
        statement: what a claim says, one sentence with ``{claim}``.
    """

    group: str
    name: str
    kind: str
    family: str
    target: Mapping[str, Any]
    size: Mapping[str, Any]
    statement: str

    @cached_property
    def key(self) -> str:
        """Hash of kind, family, target and size; never of code."""
        return digest([self.kind, self.family, self.target, self.size])

    @property
    def path(self) -> Path:
        """The file that answers it, if any does."""
        return FOUND / self.group / f"{self.name}.json"

    def __str__(self) -> str:
        """Name and size, as messages show them."""
        sizes = ", ".join(
            f"{name} {f'{len(x)} of them' if isinstance(x, list) else x}"
            for name, x in self.size.items()
        )
        return f"{self.group}/{self.name} ({sizes})"


Entry = Mapping[str, Any]
"""One stored answer: the question's parts, its numbers, its claim, how found."""

asked: dict[str, str] = {}
"""Names of the files that answered this process, by key of the question."""

searched: dict[str, Question] = {}
"""The questions that this process had to search, by key."""


def digest(parts: Any) -> str:
    """A short hash of plain JSON data."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def answer(
    question: Question,
    read: Callable[[Entry], T],
    search: Callable[[], T],
    write: Callable[[T], Mapping[str, Any]],
) -> T:
    """The stored answer to a question, checked; or else a search's.

    Args:
        question: what is asked.
        read: makes the result of an entry and checks it.
        search: finds a result.
        write: a result's numbers and ``claim``, as an entry holds them.

    Raises:
        NotStored: there is none, and TAPX_FOUND=require forbids a search.
        WitnessError: the stored entry does not show what it claims.
    """
    mode = os.environ.get(VARIABLE, "")
    if mode not in MODES:
        raise ValueError(f"{VARIABLE}={mode!r}: allowed are {', '.join(MODES[1:])}")
    entry = stored().get(question.key)
    if mode == "improve" or (mode == "store" and entry is None):
        store(question_entry(question, write(search())))
        entry = stored()[question.key]
    if entry is not None:
        asked[question.key] = entry["name"]
        return read(entry)
    if mode == "require":
        raise NotStored(
            f"{question} is not stored, and {VARIABLE}=require forbids a search. Its "
            f"parameters are not the book's: run without {VARIABLE}"
        )
    if question.key not in searched:
        if question.path not in {q.path for q in searched.values()}:
            print(f"searched here, not stored: {question}")
        searched[question.key] = question
    return search()


def used() -> dict[str, list[str]]:
    """What this process asked for: stored answers (name and key), and searches."""
    return {
        "stored": sorted(f"{name} {key}" for key, name in asked.items()),
        "searched": sorted(map(str, searched.values())),
    }


def claimed(question: Question) -> Fraction | None:
    """What the stored answer claims, not checked, if there is one."""
    entry = stored().get(question.key)
    if entry is None:
        return None
    asked[question.key] = entry["name"]
    return Fraction(entry["claim"])


def named(name: str, read: Callable[[Entry], T]) -> T:
    """The stored answer of a file that holds just one, checked.

    Raises:
        KeyError: there is no such file, or it holds more than one answer.
        WitnessError: the entry does not show what it claims.
    """
    found = [entry for entry in stored().values() if entry["name"] == name]
    if len(found) != 1:
        known = ", ".join(map(short, files()))
        raise KeyError(f"{name!r}: {len(found)} answers are stored, of {known}")
    asked[found[0]["key"]] = found[0]["name"]
    return read(found[0])


@lru_cache(maxsize=1)
def stored() -> dict[str, Entry]:
    """All stored answers by key (WitnessError: as `entries`, or one stored twice)."""
    found: dict[str, Entry] = {}
    for path in files():
        for entry in entries(path):
            if entry["key"] in found:
                raise WitnessError(f"{short(path)}: key {entry['key']} is stored twice")
            found[entry["key"]] = entry
    return found


def files() -> list[Path]:
    """The files of stored answers, in order."""
    return sorted(FOUND.glob("*/*.json"))


def short(path: Path) -> str:
    """GROUP/NAME of a file."""
    return f"{path.parent.name}/{path.stem}"


def entries(path: Path) -> list[Entry]:
    """The answers in one file.

    Raises:
        WitnessError: a file that cannot be read, another format, or a key that is not
            the hash of its question.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        format_, found = data["format"], data["entries"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WitnessError(f"{short(path)} cannot be read: {error!r}") from None
    if format_ != FORMAT:
        raise WitnessError(f"{short(path)}: format {format_}, not {FORMAT}")
    for entry in found:
        parts = [entry[part] for part in ("kind", "family", "target", "size")]
        if digest(parts) != entry["key"]:
            raise WitnessError(
                f"{short(path)}: key {entry['key']} is not the hash of its question"
            )
    return list(found)


def question_entry(question: Question, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as it is stored: question, numbers, claim, how it was found."""
    from tapx.found_with import found_with

    numbers = dict(numbers)
    claim = numbers.pop("claim")
    return {
        "name": f"{question.group}/{question.name}",
        "kind": question.kind,
        "statement": question.statement,
        "family": question.family,
        "target": dict(question.target),
        "size": dict(question.size),
        **numbers,
        "claim": claim,
        "found": found_with(),
        "key": question.key,
    }


def store(entry: Entry) -> None:
    """Add an answer to its file, unless one with as good a claim stands there."""
    path = FOUND / f"{entry['name']}.json"
    with _locked():
        present = {e["key"]: e for e in entries(path)} if path.is_file() else {}
        old = present.get(entry["key"])
        if old is None or better(entry, old):
            present[entry["key"]] = entry
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".fresh")  # replaces the file in one step
            fresh.write_text(dumps(sorted(present.values(), key=_order)), "utf-8")
            fresh.replace(path)
    stored.cache_clear()


def better(entry: Entry, old: Entry) -> bool:
    """Whether an entry claims strictly more than another on the same question.

    The smaller claim is the better, unless the entry has ``"better": "larger"``.
    """
    fresh, known = Fraction(entry["claim"]), Fraction(old["claim"])
    return fresh > known if entry.get("better") == "larger" else fresh < known


def dumps(found: Iterable[Entry]) -> str:
    """The text of a file: one field a line."""
    blocks = []
    for entry in found:
        lines = [f"  {json.dumps(name)}: {json.dumps(x)}" for name, x in entry.items()]
        blocks.append("{\n" + ",\n".join(lines) + "\n}")
    return f'{{"format": {FORMAT}, "entries": [\n' + ",\n".join(blocks) + "\n]}\n"


def check(holds: bool, entry: Entry, what: str) -> None:
    """Refuse an entry (WitnessError) that does not show what it claims."""
    if not holds:
        raise WitnessError(
            f"{entry['name']} (key {entry['key']}): its numbers do not show "
            f"{what} {entry['claim']}"
        )


def _order(entry: Entry) -> tuple[Any, ...]:
    size = entry["size"]
    numbers = (size.get(name, 0) for name in ("heads", "weight_bits", "length"))
    texts = (json.dumps(part, sort_keys=True) for part in (entry["target"], size))
    return *numbers, *texts


@contextmanager
def _locked() -> Iterator[None]:
    """One process at a time changes the files."""
    import fcntl  # only authors store, and not under Windows

    FOUND.mkdir(exist_ok=True)
    with open(FOUND / ".lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
