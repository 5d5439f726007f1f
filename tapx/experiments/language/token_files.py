"""A reader's own tokens: OpenWebText in the usual form of two files of ids.

A folder holds `train.bin` and `val.bin`: token ids of GPT-2's byte-pair encoding, 16
bits each, lowest byte first, one after another and nothing else. They are mapped into
memory, never read as a whole. What cannot be used is refused before anything runs.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import numpy as np

from tapx.checks import Refusal

FILES = ("train.bin", "val.bin")
GPT2 = 50257  # ids of GPT-2's byte-pair encoding
LEAST = 1025  # tokens of each file: a context of 1024 and the token after it
LOOKED_AT = 1 << 18  # ids in one place of a file; larger ones are looked at in 16
SHARED = 0.5  # least part of one file's tokens whose ids must occur in the other


def load_tokens(folder: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """The ids of both files in a folder, uint16 and mapped into memory.

    Raises:
        Refusal: no such folder, a file missing or malformed, or two files that are not
            of one kind.
    """
    place = _folder(folder)
    paths = [_file(place, name) for name in FILES]
    train, held_back = map(_mapped, paths)
    counts = [_counted(ids) for ids in (train, held_back)]
    for path, found in zip(paths, counts, strict=True):
        _within(path, found)
    _of_one_kind(paths, counts)
    return train, held_back


def _folder(folder: str | Path) -> Path:
    place = Path(folder).expanduser()
    if place.is_dir():
        return place
    if place.is_file():
        raise Refusal(
            f"token files: {str(place)!r} is a file, not a folder; the nearest is its "
            f"folder, {str(place.parent)!r}"
        )
    beside = place.parent.iterdir() if place.parent.is_dir() else ()
    near = [one.name for one in beside if one.is_dir()]
    close = get_close_matches(place.name, near, n=1, cutoff=0.5)
    hint = f"; did you mean {str(place.parent / close[0])!r}?" if close else ""
    raise Refusal(
        f"token files: there is no folder {str(place)!r}; give a folder that holds "
        f"{' and '.join(FILES)}{hint}"
    )


def _file(place: Path, name: str) -> Path:
    path = place / name
    if path.is_file():
        return path
    there = sorted(one.name for one in place.iterdir())
    listed = ", ".join(there[:10]) + (", …" if len(there) > 10 else "")
    close = get_close_matches(name, there, n=1, cutoff=0.5)
    stem = [one for one in there if Path(one).stem.startswith(Path(name).stem)]
    near = [one for one in stem + close if one not in FILES][:1]
    hint = f"; rename {near[0]!r} if it is the file" if near else ""
    raise Refusal(
        f"token files: {str(place)!r} has no {name} (it holds "
        f"{listed or 'nothing'}); needed are {' and '.join(FILES)}{hint}"
    )


def _mapped(path: Path) -> np.ndarray:
    size = path.stat().st_size
    if size % 2:
        raise Refusal(
            f"token files: {path.name} has {size} bytes, an odd number: ids have two "
            f"bytes each, so the file is cut off or of another kind; nearest is "
            f"{size - 1}"
        )
    if size < 2 * LEAST:
        raise Refusal(
            f"token files: {path.name} has {size // 2} tokens; at least {LEAST} are "
            "needed to fill one context"
        )
    return np.memmap(path, dtype="<u2", mode="r")


def _counted(ids: np.ndarray) -> np.ndarray:
    """How often each id occurs: in 16 stretches of a large file, from end to end."""
    if len(ids) > 16 * LOOKED_AT:
        starts = np.linspace(0, len(ids) - LOOKED_AT, 16).astype(np.int64)
        ids = np.concatenate([ids[start : start + LOOKED_AT] for start in starts])
    return np.bincount(ids, minlength=1 << 16)


def _within(path: Path, counts: np.ndarray) -> None:
    """Refuse ids beyond the vocabulary, and what is not 16-bit ids at all."""
    total, beyond = counts.sum(), counts[GPT2:].sum()
    if counts[0] >= 0.4 * total:
        raise Refusal(
            f"token files: {counts[0] / total:.0%} of the ids in {path.name} are 0: "
            "this looks like ids of 32 or 64 bits; write them as 16-bit numbers "
            "(numpy's uint16)"
        )
    if beyond:
        worst = int(np.flatnonzero(counts)[-1])
        raise Refusal(
            f"token files: {path.name} has the id {worst}; ids are 0 to "
            f"{GPT2 - 1}, and {beyond / total:.1%} of those looked at lie beyond: a "
            f"file of another encoding or another number type; nearest: {GPT2 - 1}"
        )


def _of_one_kind(paths: list[Path], counts: list[np.ndarray]) -> None:
    """Refuse two files of different encodings, by the ids that they share."""
    train, held_back = counts
    known = held_back[train > 0].sum() / held_back.sum()
    if known < SHARED:
        tops = [int(np.flatnonzero(one)[-1]) for one in counts]
        raise Refusal(
            f"token files: only {known:.0%} of the tokens in {paths[1].name} have ids "
            f"that occur in {paths[0].name} (largest ids {tops[1]} and {tops[0]}); at "
            f"least {SHARED:.0%} are needed: the two are not of one encoding"
        )
