"""What a file of 16-bit token ids does not look like.

A file of another kind, read as 16-bit numbers, is a text that no model learns from, and
nothing would say so. What tells it apart is its beginning, or how its numbers are
spread.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BEGINNING = 1 << 16
"""Bytes of a file that `other_kind` wants to see."""
KINDS = {
    b"\x93NUMPY": "a numpy array with its header; write the bare ids, as "
    "numpy.load(…).astype('uint16').tofile(…) does",
    (20240520).to_bytes(4, "little"): "a token file with a header of 1024 bytes; leave "
    "the header out",
    b"MMIDIDX": "the index of another file, which holds the ids",
    b"PK\x03\x04": "a zip archive (as numpy's .npz and torch's files are); unpack it",
    b"\x1f\x8b\x08": "compressed by gzip; unpack it",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it",
    b"\xfd7zXZ": "compressed by xz; unpack it",
    b"\x89HDF": "an HDF5 file; write its ids as bare 16-bit numbers",
    b"ARROW1": "an Arrow file; write its ids as bare 16-bit numbers",
    b"PAR1": "a Parquet file; write its ids as bare 16-bit numbers",
    b"\x80\x04\x95": "a Python pickle; write its ids as bare 16-bit numbers",
    b"\x80\x05\x95": "a Python pickle; write its ids as bare 16-bit numbers",
}
"""How files of other kinds begin."""
CONTROL = bytes({*range(32)} - {*b"\t\n\r"})
MOST = 0.95  # of the tokens may be one and the same
FEWER = 16  # times fewer values of one half of a number than of another
ALIKE = 0.2  # total variation, above that of two samples of 1025 bytes


def other_kind(beginning: bytes) -> str:
    """What kind of file begins so, if it is none of bare ids; else nothing."""
    for magic, words in KINDS.items():
        if beginning.startswith(magic):
            return f"is {words}"
    if len(beginning) > 100 and _is_text(beginning):
        shown = beginning[:20].decode(errors="replace")
        return (
            f"is text (it begins with {shown!r}), not token ids; encode it first, and "
            "write the ids as 16-bit numbers (numpy's uint16)"
        )
    return ""


def unlike_tokens(ids: np.ndarray, counts: np.ndarray) -> str:
    """What numbers look like, if not like 16-bit token ids; else nothing.

    Args:
        ids: (n,) uint16, at least 1025, beginning at a multiple of four.
        counts: (65536,), how often each number is among them.
    """
    top = int(counts.argmax())
    share = counts[top] / len(ids)
    if share >= MOST:
        return f"has the id {top} in {share:.1%} of its places: this is no text"
    few, many = _fewest_and_most(ids[place::4] for place in range(4))
    if _uneven(few, many):
        return (
            "looks like numbers of 32 or 64 bits: read as 16-bit numbers it takes "
            f"{few} values at some places and {many} at others; write the ids as "
            "16-bit numbers (numpy's uint16)"
        )
    by_byte = counts.reshape(256, 256)  # highest byte, lowest byte
    few, many = (int(by_byte.any(axis).sum()) for axis in (0, 1))
    if _uneven(few, many):
        return (
            "looks like ids whose highest byte comes first: their lowest bytes take "
            f"{few} values, the highest {many}; write the lowest byte first (numpy's "
            "'<u2')"
        )
    # The most frequent id may be a filler, and says nothing of the others.
    rest = np.where(np.arange(len(counts)) == top, 0, counts).reshape(256, 256)
    low, high = (rest.sum(axis) / rest.sum() for axis in (0, 1))
    apart = _total_variation(low, high)
    # Bytes of text are not spread evenly, the lowest ones of many two-byte ids are.
    uneven = _total_variation(low, np.full(256, 1 / 256)) > ALIKE
    if np.count_nonzero(high) > 1 and uneven and apart < ALIKE:
        return (
            "looks like ids of one byte each: first and second bytes of its 16-bit "
            f"numbers are spread alike (total variation {apart:.2f}, of two-byte ids "
            f"above {ALIKE:g}); write them as 16-bit numbers (numpy's uint16)"
        )
    return ""


def _fewest_and_most(parts: Iterable[np.ndarray]) -> tuple[int, int]:
    """How many values the part with the fewest takes, and that with the most."""
    kinds = [len(np.unique(part)) for part in parts]
    return min(kinds), max(kinds)


def _total_variation(one: np.ndarray, other: np.ndarray) -> float:
    """Half the sum of the differences of two rows of shares."""
    return float(np.abs(one - other).sum()) / 2


def _uneven(few: int, many: int) -> bool:
    """Whether some parts of numbers take far fewer values than others."""
    return few == 1 < many or few * FEWER < many


def _is_text(beginning: bytes) -> bool:
    """Whether bytes are text: hardly a control character, and ASCII or UTF-8."""
    if len(beginning.translate(None, CONTROL)) < 0.99 * len(beginning):
        return False
    if sum(byte < 127 for byte in beginning) > 0.9 * len(beginning):
        return True
    try:
        beginning[:-4].decode()
    except UnicodeDecodeError as error:  # cut within a character, at the end
        return error.start > len(beginning) - 8
    return True
