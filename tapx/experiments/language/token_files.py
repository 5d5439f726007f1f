"""A reader's own tokens: OpenWebText in the usual form of two files of ids.

A folder holds `train.bin` and `val.bin`: token ids, of GPT-2's byte-pair encoding if
nothing else is said, 16 bits each, lowest byte first, one after another and nothing
else. They are mapped into memory, never read as a whole. What cannot be used, or does
not look like tokens, is refused before anything runs; the message says what was seen.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import numpy as np

from tapx.checks import Refusal
from tapx.experiments.language import token_looks

FILES = ("train.bin", "val.bin")
GPT2 = 50257  # ids of GPT-2's byte-pair encoding
VOCABULARIES = (2, 1 << 16)  # fewest and most different ids
LEAST = 1025  # tokens of each file: a context of 1024 and the token after it
LOOKED_AT = 1 << 18  # ids in one place of a file; larger ones are looked at in 16
SHARED = 0.5  # least part of one file's tokens whose ids must occur in the other


def load_tokens(
    folder: str | Path, vocabulary: int = GPT2
) -> tuple[np.ndarray, np.ndarray]:
    """The ids of both files in a folder, uint16 and mapped into memory.

    Args:
        folder: the folder.
        vocabulary: ids are 0 to one less; 2 to 65536.

    Raises:
        Refusal: no such folder, a file missing, unreadable or malformed, ids that look
            like something else, or two files that are not of one kind.
    """
    low, high = VOCABULARIES
    if not low <= vocabulary <= high:
        raise Refusal(
            f"token files: a vocabulary of {vocabulary} ids; allowed are {low} to "
            f"{high}, nearest is {min(max(vocabulary, low), high)}"
        )
    try:
        place = _folder(folder)
        paths = [_file(place, name) for name in FILES]
        train, held_back = map(_mapped, paths)
    except OSError as error:
        raise Refusal(
            f"token files: {error.filename or folder} cannot be read ({error.strerror})"
        ) from None
    counts = []
    for path, ids in zip(paths, (train, held_back), strict=True):
        seen = _looked_at(ids)
        counts.append(np.bincount(seen, minlength=1 << 16))
        problem = token_looks.unlike_tokens(seen, counts[-1])
        if problem:
            raise Refusal(f"token files: {path.name} {problem}")
        _within(path, counts[-1], vocabulary)
    _of_one_kind(paths, counts)
    _not_one_text(paths, train, held_back)
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
    if path.is_symlink() and not path.exists():
        raise Refusal(
            f"token files: {name} is a link to {str(path.readlink())!r}, which is not "
            "there"
        )
    if path.exists():
        what = "a folder" if path.is_dir() else "no ordinary file"
        raise Refusal(
            f"token files: {name} in {str(place)!r} is {what}; needed is a file of "
            "token ids of that name"
        )
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
    with path.open("rb") as file:
        problem = token_looks.other_kind(file.read(token_looks.BEGINNING))
    if problem:
        raise Refusal(f"token files: {path.name} {problem}")
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


def _looked_at(ids: np.ndarray) -> np.ndarray:
    """The ids of a small file, or 16 stretches of a large one, from end to end."""
    if len(ids) <= 16 * LOOKED_AT:
        return np.asarray(ids)
    starts = np.linspace(0, len(ids) - LOOKED_AT, 16).astype(np.int64)
    starts[:-1] &= -4  # so that parts of larger numbers keep their places
    return np.concatenate([ids[start : start + LOOKED_AT] for start in starts])


def _within(path: Path, counts: np.ndarray, vocabulary: int) -> None:
    """Refuse ids beyond the vocabulary."""
    total, beyond = counts.sum(), counts[vocabulary:].sum()
    if beyond:
        worst = int(np.flatnonzero(counts)[-1])
        raise Refusal(
            f"token files: {path.name} has the id {worst}; ids are 0 to "
            f"{vocabulary - 1}, and {beyond / total:.1%} of those looked at lie "
            "beyond: a file of another number type, or of another encoding, whose "
            "number of ids the parameter token_ids takes; nearest: "
            f"{vocabulary - 1}"
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


def _not_one_text(paths: list[Path], train: np.ndarray, held_back: np.ndarray) -> None:
    """Refuse held-back tokens with which the training part begins or ends."""
    count = min(len(held_back), len(train), LOOKED_AT)
    part, more = held_back[:count], len(train) - len(held_back)
    for word, start in (("begins", 0), ("ends", max(more, 0))):
        if np.array_equal(train[start : start + count], part):
            raise Refusal(
                f"token files: {paths[0].name} {word} with the tokens of "
                f"{paths[1].name}: what a model is judged by must not be trained on; "
                "hold other tokens back"
            )
