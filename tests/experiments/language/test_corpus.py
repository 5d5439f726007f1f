"""The corpus: its split, its tokens, and that nothing of it depends on chance."""

import numpy as np
from commands import python

from tapx.experiments.language import corpus, overlap

PROBE = """
import hashlib
from tapx.experiments.language import corpus
for tokens in ("characters", "bpe"):
    one = corpus.load_corpus(tokens, 256)
    for ids in (one.train, one.validation):
        print(hashlib.sha256(ids.tobytes()).hexdigest())
"""


def test_split_by_date_and_document():
    docs = corpus.documents()
    assert len(docs) == 237
    assert [one.date for one in docs] == sorted(one.date for one in docs)
    back = {one.date for one in docs if one.held_back}
    rest = {one.date for one in docs if not one.held_back}
    assert not back & rest
    assert len(back) == (len(back) + len(rest)) // corpus.HELD_BACK
    texts = [one.text for one in docs]
    assert len(set(texts)) == len(texts), "no speech stands there twice"
    assert corpus.texts(True) == [one.text for one in docs if one.held_back]


def test_characters_give_the_text_back():
    one = corpus.load_corpus()
    assert one is corpus.load_corpus("characters", 300), "made once"
    assert one.characters_per_token == 1.0
    assert one.vocabulary == len(corpus.alphabet()) + 2
    assert one.train.dtype == one.validation.dtype == np.int64
    assert one.train.ndim == 1 and not one.train.flags.writeable
    first = corpus.texts(True)[0]
    assert one.decode(one.validation[: len(first) + 1]) == first + corpus.END
    assert (one.train == 0).sum() == 214, "one end for each speech"
    for ids in (one.train, one.validation):
        assert ids.min() >= 0 and ids.max() < one.vocabulary
        assert (ids == 1).mean() < 1e-4, "rare characters"


def test_pieces_give_the_text_back():
    one = corpus.load_corpus("bpe", 256)
    back = "".join(corpus._plain(text) + corpus.END for text in corpus.texts(True))
    assert one.decode(one.validation) == back
    assert len(back) / len(one.validation) == one.characters_per_token
    assert 1.9 < one.characters_per_token < 3
    assert one.vocabulary == 256
    assert (one.train == 0).sum() + (one.validation == 0).sum() == 0
    assert one.train.max() == 255
    assert one.bits_per_character(np.log(2)) == 1 / one.characters_per_token


def test_the_same_in_every_process(capsys):
    there = python("-c", PROBE).stdout
    exec(PROBE, {})
    assert capsys.readouterr().out == there and len(there.split()) == 4


def test_windows():
    ids = np.arange(10)
    cut = corpus.windows_at(ids, [0, 7], 3)
    np.testing.assert_array_equal(cut, [[0, 1, 2], [7, 8, 9]])


def test_little_is_shared_between_the_parts():
    """The chapter's claim on leakage, with a planted leak that it would find."""
    train, back = corpus.texts(False), corpus.texts(True)
    found = overlap.shared_passages(train, back)
    assert len(found[0].words) < min(map(len, back))
    assert overlap.covered(found, back) < 0.02
    leaky = [*train[:3], back[-1]]
    found = overlap.shared_passages(leaky, back)
    assert found[0].words == back[-1]
