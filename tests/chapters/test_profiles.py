"""Stored parameter sets: the book's, and those of a reader's own file."""

import pytest
import small_book

from tapx.chapters import notebooks, profiles
from tapx.checks import Refusal


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    other = small_book.chapter(
        small_book.cell(small_book.PARAMETERS, "parameters"), id="other", order=2
    )
    folder = tmp_path_factory.mktemp("profiles")
    return small_book.make(folder, tiny=small_book.tiny(), other=other)


@pytest.fixture
def of_file(book, tmp_path):
    """What a file of this content sets, for a chapter and a profile."""

    def read(content, chapter="tiny", profile="mine"):
        path = tmp_path / "own.yml"
        path.write_text(content, encoding="utf-8")
        return profiles.of_file(path, chapter, profile, book)

    return read


def test_values_in_their_types(of_file):
    content = "tiny:\n  mine: {rate: 1e-2, lags: [1, 2]}\n  all:\nother: {mine: {}}\n"
    assert of_file(content) == {"rate": 0.01, "lags": [1, 2]}
    assert of_file(content, profile="all") == {}
    assert of_file(content, chapter="other") == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("tiny: {mine: {heads: 65}}", "own.yml: tiny: mine: .*'heads': 65 .* is 64$"),
        (
            "tiny: {mine: {head: 3}}",
            "own.yml: tiny: mine: unknown parameter 'head'; di",
        ),
        (
            "other: {x: {heads: no}}\ntiny: {mine: {}}",
            "other: x: .*False is not a whol",
        ),
        ("tini: {mine: {heads: 3}}", "own.yml: unknown chapter 'tini'; .* 'tiny'"),
        ("tiny: {meine: {heads: 3}}", "own.yml: tiny: .*'mine'; did you mean 'meine'"),
        ("other: {mine: {heads: 3}}", "own.yml: no profile of .*'tiny'; it has other$"),
        ("tiny: {mine: 3}", "own.yml: tiny: mine: here stands 3; the form is chapter,"),
        ("tiny: 0", "own.yml: tiny: here stands 0; the form is chapter,"),
        ("- tiny", r"own.yml: here stands \['tiny'\]; the form"),
        ("", "own.yml: no profile of chapter 'tiny'; it has none"),
        ("tiny: {mine: {heads: 2026-13-45}}", "own.yml: is no YAML .*month"),
        ("tiny: [1", "own.yml: is no YAML .*line 1, column 7"),
    ],
)
def test_refused_with_file_and_place(of_file, content, words):
    with pytest.raises(Refusal, match=words):
        of_file(content)


def test_files_that_cannot_be_read(book, tmp_path, of_file):
    with pytest.raises(Refusal, match=r"own.yml: cannot be read .No such file"):
        profiles.of_file(tmp_path / "own.yml", "tiny", "mine", book)
    with pytest.raises(Refusal, match=r"cannot be read .Is a directory"):
        profiles.of_file(tmp_path, "tiny", "mine", book)
    (tmp_path / "own.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(Refusal, match=r"own.yml: is not encoded in UTF-8"):
        profiles.of_file(tmp_path / "own.yml", "tiny", "mine", book)
    with pytest.raises(Refusal, match="unknown chapter 'tinny'"):
        of_file("tiny: {mine: {}}", chapter="tinny")


@pytest.fixture
def of_the_book(book):
    """Other profiles in the file of the book, until the test ends."""
    path = book / "profiles.yml"
    stored = path.read_text()
    yield path.write_text
    path.write_text(stored)


def test_a_value_in_the_file_of_the_book_is_refused_with_its_place(book, of_the_book):
    of_the_book("tiny: {smoke: {heads: 65}}\n")
    source, entry = small_book.tiny(), notebooks.chapters(book)[0]
    words = r"profiles\.yml: tiny: smoke: .*'heads': 65 .* nearest is 64$"
    with pytest.raises(Refusal, match=words):
        profiles.values(source, entry, "smoke", {"heads": 3}, book)


def test_own_names_in_the_file_of_the_book_come_last(book, of_the_book):
    of_the_book("tiny:\n  mine: {heads: 5}\n  smoke: {}\n")
    found = profiles.available_profiles("tiny", book)
    names = {"smoke": {}, "default": {}, "mine": {"heads": 5}}
    assert list(found.items()) == list(names.items())
