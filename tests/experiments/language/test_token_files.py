"""A reader's token files: what loads, and what is refused in which words."""

import numpy as np
import pytest
from made_tokens import made

from tapx.checks import Refusal
from tapx.experiments.language import corpus, token_files


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


def test_no_folder_names_the_nearest(tmp_path):
    (tmp_path / "openwebtext").mkdir()
    with pytest.raises(Refusal, match=r"no folder .*openwebtex'.*did you mean .*text'"):
        token_files.load_tokens(tmp_path / "openwebtex")
    with pytest.raises(Refusal, match="no folder"):
        token_files.load_tokens(tmp_path / "far" / "away")


def test_a_file_is_no_folder(tmp_path):
    made(tmp_path)
    with pytest.raises(Refusal, match="a file, not a folder; the nearest is its fol"):
        token_files.load_tokens(tmp_path / "train.bin")


def test_a_missing_file_lists_what_is_there(tmp_path):
    made(tmp_path)
    (tmp_path / "val.bin").rename(tmp_path / "validation.bin")
    words = r"has no val\.bin \(it holds train\.bin, validation\.bin\).*rename 'valid"
    with pytest.raises(Refusal, match=words):
        token_files.load_tokens(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Refusal, match=r"has no train\.bin \(it holds nothing\)"):
        token_files.load_tokens(empty)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("val", lambda ids: ids[:0], r"val\.bin has 0 tokens; at least 1025"),
        ("val", lambda ids: ids[:100], r"val\.bin has 100 tokens; at least 1025"),
        ("val", lambda ids: ids[:1024], r"val\.bin has 1024 tokens; at least 1025"),
        (
            *("train", lambda ids: np.append(ids.view("uint8"), np.uint8(1))),
            r"train\.bin has 6001 bytes, an odd.* is 6000",
        ),
        (
            *("train", lambda ids: ids + np.uint16(9744)),
            r"train\.bin has the id \d+; ids are 0 to 50256.*nearest: 50256",
        ),
        # Another number type.
        ("train", lambda ids: ids.astype("u4"), r"the ids in train\.bin are 0: .*t16"),
        ("train", lambda ids: ids.astype("i8"), r"the ids in train\.bin are 0: .*t16"),
        # Ids that the training part never has: another encoding's file.
        (
            *("val", lambda ids: ids % 300 + 40000),
            r"only 0% .*val\.bin.*not of one encoding",
        ),
    ],
)
def test_a_file_that_holds_no_tokens_of_this_encoding(tmp_path, name, change, words):
    ids = dict(zip(("train", "val"), made(tmp_path), strict=True))[name]
    change(ids).tofile(tmp_path / f"{name}.bin")
    with pytest.raises(Refusal, match=words):
        token_files.load_tokens(tmp_path)


def test_large_files_are_looked_at_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(token_files, "LOOKED_AT", 64)
    train, _ = made(tmp_path)
    train[-1] = 50257
    train.tofile(tmp_path / "train.bin")
    with pytest.raises(Refusal, match="has the id 50257"):
        token_files.load_tokens(tmp_path)
