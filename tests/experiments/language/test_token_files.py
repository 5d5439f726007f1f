"""A reader's token files: what loads, and what is refused in which words."""

import io
import re

import numpy as np
import pytest
from made_tokens import made

from tapx.checks import Refusal
from tapx.experiments.language import corpus, token_files, token_looks


def test_loads_mapped_into_memory(tmp_path):
    train, held_back = made(tmp_path)
    got = token_files.load_tokens(tmp_path)
    for ids, wanted in zip(got, (train, held_back), strict=True):
        assert isinstance(ids, np.memmap)
        assert ids.dtype == np.uint16
        np.testing.assert_array_equal(ids, wanted)


def test_is_a_corpus_with_printable_ids(tmp_path):
    train, _ = made(tmp_path)
    got = corpus.load_corpus("bpe", data=str(tmp_path))
    assert got.vocabulary == 50257
    assert got.decode(got.train[:3]) == " ".join(map(str, train[:3]))
    assert got.characters_per_token is None
    assert got.bits_per_character(1.0) is None
    cut = corpus.windows_at(got.train, [0, 5], 4)
    assert cut.dtype == np.int64
    np.testing.assert_array_equal(cut[1], train[5:9])


def placed(folder, **content):
    """Put these ids, bytes or words in the place of what a file holds."""
    for name, one in content.items():
        data = one.encode() if isinstance(one, str) else bytes(one)
        (folder / f"{name}.bin").write_bytes(data)


def refused(folder, words, *vocabulary):
    with pytest.raises(Refusal, match=words):
        token_files.load_tokens(folder, *vocabulary)


def test_no_folder_names_the_nearest(tmp_path):
    (tmp_path / "openwebtext").mkdir()
    refused(tmp_path / "openwebtex", r"no folder .*openwebtex'.*did you mean .*text'")
    refused(tmp_path / "far" / "away", "no folder")


def test_what_is_no_file(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, r"has no train\.bin \(it holds nothing\)")
    made(tmp_path)
    train, val = tmp_path / "train.bin", tmp_path / "val.bin"
    refused(train, "a file, not a folder; the nearest is its fol")
    val.rename(tmp_path / "validation.bin")
    words = (
        r"no val\.bin \(it holds empty, train\.bin, validation\.bin\).*rename 'valid"
    )
    refused(tmp_path, words)
    val.mkdir()
    refused(tmp_path, r"val\.bin in .* is a folder; needed is a file")
    train.unlink()
    train.symlink_to("far/away")
    refused(tmp_path, r"train\.bin is a link to 'far/away', which is")


def of_one_byte(count):
    return (np.random.default_rng(count).zipf(1.3, count) % 65).astype("uint8")


def with_header(ids):
    file = io.BytesIO()
    np.save(file, ids)
    return file.getvalue()


TEXT = np.frombuffer(
    b"One nation, under laws that it gave itself, and at peace with all. ", "uint8"
)
REFUSED = [
    (r"val\.bin has 0 tokens; at least 1025", lambda _, val: {"val": val[:0]}),
    (r"val\.bin has 100 tokens; at least 1025", lambda _, val: {"val": val[:100]}),
    (r"val\.bin has 1024 tokens; at least 1025", lambda _, val: {"val": val[:1024]}),
    (
        r"train\.bin has 6001 bytes, an odd.* is 6000",
        lambda train, _: {"train": bytes(train) + b"1"},
    ),
    *(
        (
            r"train\.bin looks like numbers of 32 or 64 .*uint16",
            lambda train, val, kind=kind: {
                "train": train.astype(kind),
                "val": val.astype(kind),
            },
        )
        for kind in ("uint32", "int64", "float64")
    ),
    # Wide ids that are large: cut in two, none of the upper halves need be 0.
    (
        r"takes 1 values at some places and \d+ at",
        lambda train, _: {"train": train.astype("int32") + 70_000},
    ),
    (
        "looks like ids whose highest byte comes first",
        lambda train, val: {
            "train": (train % 90).astype(">u2"),
            "val": (val % 90).astype(">u2"),
        },
    ),
    (
        r"train\.bin looks like ids of one byte each",
        lambda *_: {"train": of_one_byte(20_000), "val": of_one_byte(4000)},
    ),
    *(
        (r"train\.bin is text \(it begins with '", lambda *_, w=w: {"train": w * 500})
        for w in (
            "The state of the Union is strong.\n",
            "Das weiß; über ",
            "中文文本。",
        )
    ),
    *(
        (
            rf"val\.bin is {re.escape(kind)}$",
            lambda train, _, magic=magic: {"val": magic + bytes(train)},
        )
        for magic, kind in token_looks.KINDS.items()
    ),
    (
        "is a numpy array with its header; write",
        lambda train, _: {"train": with_header(train)},
    ),
    (
        r"train\.bin has the id 7 in 98\.\d% of its pl",
        lambda train, _: {"train": np.where(np.arange(len(train)) < 50, train, 7)},
    ),
    # What is held back must not be trained on.
    *(
        (
            rf"train\.bin {word} with the tokens of val",
            lambda train, val, order=order: {
                "train": np.concatenate([(train, val)[one] for one in order])
            },
        )
        for word, order in (("begins", [1]), ("begins", [1, 0]), ("ends", [0, 1]))
    ),
    # Two encodings: validation ids that the training part never has.
    (
        r"only 0% .*val\.bin.*not of one encoding",
        lambda train, val: {"train": train % 300, "val": val % 300 + 40_000},
    ),
]


@pytest.mark.parametrize(("words", "changed"), REFUSED)
def test_files_that_hold_something_else(tmp_path, words, changed):
    placed(tmp_path, **changed(*made(tmp_path)))
    refused(tmp_path, words)


def test_text_in_ids_of_one_byte(tmp_path):
    """Bytes of a text whose first ones are no text: the values themselves tell."""
    placed(tmp_path, train=np.tile(TEXT + 128, 400), val=np.tile(TEXT + 128, 40))
    refused(tmp_path, r"train\.bin looks like ids of one byte each", 65536)


def test_ids_beyond_the_vocabulary(tmp_path):
    made(tmp_path, vocabulary=60001)
    refused(tmp_path, r"train\.bin has the id \d+; ids are 0 to 50256.*nearest: 50256")


def mostly_zero(rng, ids, count):
    return rng.integers(1, ids, count) * (rng.random(count) < 0.15)


def evenly(rng, ids, count):
    return rng.integers(0, ids, count)


@pytest.mark.parametrize(
    ("drawn", "ids", "count"),
    [
        # Bytes are alike in that most are 0, as those of one-byte ids may be.
        *((mostly_zero, ids, 20_000) for ids in (2, 4, 300, 50257)),
        # Both bytes are spread evenly, hence alike.
        *((evenly, ids, 400_000) for ids in (50257, 56000, 65536)),
    ],
)
def test_ids_whose_bytes_are_alike_are_ids(tmp_path, drawn, ids, count):
    rng = np.random.default_rng(ids)
    both = [drawn(rng, ids, n).astype("uint16") for n in (count, count // 5)]
    placed(tmp_path, train=both[0], val=both[1])
    assert len(token_files.load_tokens(tmp_path, ids)[0]) == count


def test_numbers_are_counted_once(tmp_path, monkeypatch):
    made(tmp_path)
    asked, count = [], np.bincount
    monkeypatch.setattr(
        np, "bincount", lambda *args, **more: asked.append(1) or count(*args, **more)
    )
    token_files.load_tokens(tmp_path)
    assert len(asked) == 2


def test_what_cannot_be_read(tmp_path, monkeypatch):
    """Also for a user who, unlike root, is bound by permissions."""
    made(tmp_path)

    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    for method in ("open", "is_dir"):
        with monkeypatch.context() as patch:
            patch.setattr(token_files.Path, method, denied)
            refused(tmp_path, r"cannot be read .Permission denied")


@pytest.mark.parametrize("ids", [5, 65, 4096, 50257, 65536])
def test_any_vocabulary(tmp_path, ids):
    """Text-like ids of any number of kinds are tokens, and their number is known."""
    made(tmp_path, vocabulary=ids)
    got = corpus.load_corpus(data=str(tmp_path), token_ids=ids)
    assert got.vocabulary == ids
    refused(tmp_path, rf"ids are 0 to {ids // 2 - 1}, .*token_ids", ids // 2)


@pytest.mark.parametrize(("ids", "near"), [(1, 2), (65537, 65536)])
def test_vocabularies_that_16_bits_do_not_hold(tmp_path, ids, near):
    made(tmp_path)
    refused(tmp_path, rf"{ids} ids; allowed .* nearest is {near}$", ids)


def test_large_files_are_looked_at_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(token_files, "LOOKED_AT", 64)
    train, _ = made(tmp_path)
    train[-1] = 50257
    placed(tmp_path, train=train)
    refused(tmp_path, "has the id 50257")
