"""A reader's token files: what loads, and what is refused in which words."""

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
    ],
)
def test_a_file_that_holds_no_tokens_of_this_encoding(tmp_path, name, change, words):
    ids = dict(zip(("train", "val"), made(tmp_path), strict=True))[name]
    change(ids).tofile(tmp_path / f"{name}.bin")
    with pytest.raises(Refusal, match=words):
        token_files.load_tokens(tmp_path)


def test_ids_beyond_the_vocabulary(tmp_path):
    made(tmp_path, vocabulary=60001)
    words = r"train\.bin has the id \d+; ids are 0 to 50256.*nearest: 50256"
    with pytest.raises(Refusal, match=words):
        token_files.load_tokens(tmp_path)


@pytest.mark.parametrize("kind", ["uint32", "int64", "float64"])
def test_another_number_type(tmp_path, kind):
    train, held_back = made(tmp_path)
    train.astype(kind).tofile(tmp_path / "train.bin")
    held_back.astype(kind).tofile(tmp_path / "val.bin")
    with pytest.raises(
        Refusal, match=r"train\.bin looks like numbers of 32 or 64 .*uint16"
    ):
        token_files.load_tokens(tmp_path)


def test_wide_ids_that_are_large(tmp_path):
    """Cut in two, none of the upper halves need be 0."""
    train, _ = made(tmp_path)
    (train.astype("int32") + 70_000).tofile(tmp_path / "train.bin")
    with pytest.raises(Refusal, match=r"takes 1 values at some places and \d+ at"):
        token_files.load_tokens(tmp_path)


def test_ids_with_the_highest_byte_first(tmp_path):
    for ids, name in zip(made(tmp_path, vocabulary=90), ("train", "val"), strict=True):
        ids.astype(">u2").tofile(tmp_path / f"{name}.bin")
    with pytest.raises(Refusal, match=r"looks like ids whose highest byte comes first"):
        token_files.load_tokens(tmp_path)


def test_ids_of_one_byte(tmp_path):
    for name, count in (("train", 20_000), ("val", 4000)):
        text = np.random.default_rng(count).zipf(1.3, count) % 65
        text.astype("uint8").tofile(tmp_path / f"{name}.bin")
    with pytest.raises(Refusal, match=r"train\.bin looks like ids of one byte each"):
        token_files.load_tokens(tmp_path)


def test_text_in_ids_of_one_byte(tmp_path):
    """Bytes of a text whose first ones are no text: the values themselves tell."""
    text = b"One nation, under laws that it gave itself, and at peace with all. "
    for name, count in (("train", 400), ("val", 40)):
        bytes_ = np.frombuffer(text * count, "uint8") + 128
        bytes_.astype("uint8").tofile(tmp_path / f"{name}.bin")
    with pytest.raises(Refusal, match=r"train\.bin looks like ids of one byte each"):
        token_files.load_tokens(tmp_path, 65536)


@pytest.mark.parametrize("ids", [2, 4, 300, 50257])
def test_ids_of_which_most_are_one_and_the_same(tmp_path, ids):
    """Their bytes are alike in that most are 0, as those of one-byte ids may be."""
    rng = np.random.default_rng(ids)
    for name, count in (("train", 20_000), ("val", 4000)):
        drawn = rng.integers(1, ids, count) * (rng.random(count) < 0.15)
        drawn.astype("uint16").tofile(tmp_path / f"{name}.bin")
    assert len(token_files.load_tokens(tmp_path, ids)[0]) == 20_000


@pytest.mark.parametrize("ids", [50257, 56000, 65536])
def test_ids_that_are_spread_evenly(tmp_path, ids):
    """Then both bytes are spread evenly, hence alike."""
    rng = np.random.default_rng(ids)
    for name, count in (("train", 400_000), ("val", 40_000)):
        rng.integers(0, ids, count).astype("uint16").tofile(tmp_path / f"{name}.bin")
    assert len(token_files.load_tokens(tmp_path, ids)[0]) == 400_000


def test_numbers_are_counted_once(tmp_path, monkeypatch):
    made(tmp_path)
    asked, count = [], np.bincount
    monkeypatch.setattr(
        np, "bincount", lambda *args, **more: asked.append(1) or count(*args, **more)
    )
    token_files.load_tokens(tmp_path)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "words",
    [
        "The state of the Union is strong.\n",
        "Das weiß niemand; über Nacht. ",
        "中文文本。",
    ],
)
def test_plain_text_with_another_name(tmp_path, words):
    made(tmp_path)
    (tmp_path / "train.bin").write_text(words * 500, encoding="utf-8")
    with pytest.raises(Refusal, match=r"train\.bin is text \(it begins with '"):
        token_files.load_tokens(tmp_path)


@pytest.mark.parametrize("magic", token_looks.KINDS, ids=repr)
def test_files_of_other_kinds(tmp_path, magic):
    train, _ = made(tmp_path)
    (tmp_path / "val.bin").write_bytes(magic + train.tobytes())
    kind = re.escape(token_looks.KINDS[magic])
    with pytest.raises(Refusal, match=rf"val\.bin is {kind}$"):
        token_files.load_tokens(tmp_path)


def test_a_numpy_file_is_recognised(tmp_path):
    train, _ = made(tmp_path)
    np.save(tmp_path / "train.npy", train)
    (tmp_path / "train.npy").replace(tmp_path / "train.bin")
    with pytest.raises(Refusal, match="is a numpy array with its header; write"):
        token_files.load_tokens(tmp_path)


def test_one_constant_id(tmp_path):
    train, _ = made(tmp_path)
    train[50:] = 7
    train.tofile(tmp_path / "train.bin")
    with pytest.raises(Refusal, match=r"train\.bin has the id 7 in 98\.\d% of its pl"):
        token_files.load_tokens(tmp_path)


def test_what_is_held_back_is_not_trained_on(tmp_path):
    train, held_back = made(tmp_path)
    for word, both in (
        ("begins", [held_back]),
        ("begins", [held_back, train]),
        ("ends", [train, held_back]),
    ):
        np.concatenate(both).tofile(tmp_path / "train.bin")
        with pytest.raises(Refusal, match=rf"train\.bin {word} with the tokens of val"):
            token_files.load_tokens(tmp_path)
    train.tofile(tmp_path / "train.bin")
    assert token_files.load_tokens(tmp_path)


def test_what_is_no_file(tmp_path):
    made(tmp_path)
    (tmp_path / "val.bin").unlink()
    (tmp_path / "val.bin").mkdir()
    with pytest.raises(Refusal, match=r"val\.bin in .* is a folder; needed is a file"):
        token_files.load_tokens(tmp_path)
    (tmp_path / "train.bin").unlink()
    (tmp_path / "train.bin").symlink_to("far/away")
    with pytest.raises(Refusal, match=r"train\.bin is a link to 'far/away', which is"):
        token_files.load_tokens(tmp_path)


def test_what_cannot_be_read(tmp_path, monkeypatch):
    """Also for a user who, unlike root, is bound by permissions."""
    made(tmp_path)

    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    for method in ("open", "is_dir"):
        with monkeypatch.context() as patch:
            patch.setattr(token_files.Path, method, denied)
            with pytest.raises(Refusal, match=r"cannot be read .Permission denied"):
                token_files.load_tokens(tmp_path)


@pytest.mark.parametrize("ids", [5, 65, 4096, 50257, 65536])
def test_any_vocabulary(tmp_path, ids):
    """Text-like ids of any number of kinds are tokens, and their number is known."""
    made(tmp_path, vocabulary=ids)
    got = corpus.load_corpus(data=str(tmp_path), token_ids=ids)
    assert got.vocabulary == ids
    with pytest.raises(Refusal, match=rf"ids are 0 to {ids // 2 - 1}, .*token_ids"):
        token_files.load_tokens(tmp_path, ids // 2)


@pytest.mark.parametrize(("ids", "near"), [(1, 2), (65537, 65536)])
def test_vocabularies_that_16_bits_do_not_hold(tmp_path, ids, near):
    made(tmp_path)
    with pytest.raises(Refusal, match=rf"{ids} ids; allowed .* nearest is {near}$"):
        token_files.load_tokens(tmp_path, ids)


def test_two_encodings(tmp_path):
    """Validation ids that the training part never has: another encoding's file."""
    train, held_back = made(tmp_path)
    (train % 300).tofile(tmp_path / "train.bin")
    (held_back % 300 + 40000).tofile(tmp_path / "val.bin")
    with pytest.raises(Refusal, match=r"only 0% .*val\.bin.*not of one encoding"):
        token_files.load_tokens(tmp_path)


def test_large_files_are_looked_at_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(token_files, "LOOKED_AT", 64)
    train, _ = made(tmp_path)
    train[-1] = 50257
    train.tofile(tmp_path / "train.bin")
    with pytest.raises(Refusal, match="has the id 50257"):
        token_files.load_tokens(tmp_path)
