"""Every parameter is really used: read by later code, and it changes what is shown."""

import re

import parameter_use
import pytest
import small_book

from tapx.chapters import notebooks, parameters, profiles

SWEPT = ("settings", "controls")
"""Profiles that `make settings` sweeps."""

BOOK = notebooks.notebook_files()
VAGUE = ("of ", "on ", "in ", "its ", "their ", "the same", "as many", "a smaller one")
"""How a meaning begins that leans on the line above it."""


@pytest.fixture(params=BOOK, ids=lambda entry: entry.id)
def entry(request):
    return request.param


def used(notebook, base):
    """Names that are not read, and names whose change shows nowhere."""
    source, cells = parameter_use.code_cells(notebook)
    declared = parameters.parse(source)
    values = parameters.resolve(declared, {}, base=base)
    others = {}
    for name, parameter in declared.items():
        others[name] = parameter_use.another(parameter, values[name])
        parameter.validate(others[name])
    read, silent, error = parameter_use.observe(cells, values, others)
    assert not error, f"the smoke profile fails: {error}"
    if silent and (files := {n: others[n] for n, one in declared.items() if one.path}):
        # Some say how files of the reader's own are read, and these are not there. What
        # changes then is shown at once: running all cells would take minutes.
        rest = {name: others[name] for name in silent - files.keys()}
        named = [bool(parameter_use.names([one])[0] & rest.keys()) for one in cells]
        end = 2 + max((place for place, is_ in enumerate(named) if is_), default=0)
        _, still, error = parameter_use.observe(cells[:end], values | files, rest)
        assert not error, f"the smoke profile fails with files: {error}"
        silent = silent & files.keys() | still
    return set(declared) - read, silent


def test_read_and_not_overwritten(entry):
    """Statically: later code reads every parameter and assigns none."""
    source, cells = parameter_use.code_cells(notebooks.load(entry.path))
    reads, sets = parameter_use.names(cells)
    declared = parameters.parse(source)
    assert set(declared) <= reads
    assert not set(declared) & sets


def test_changes_what_is_shown(entry, monkeypatch):
    """At the smoke profile: another value of each parameter changes some output."""
    monkeypatch.chdir(entry.path.parent)
    base = profiles.available_profiles(entry.id).get("smoke", {})
    assert used(notebooks.load(entry.path), base) == (set(), set())


def test_profiles_fit_their_chapters(entry):
    declared = parameters.of_notebook(notebooks.load(entry.path), entry.id)
    stored = profiles.available_profiles(entry.id)
    assert entry.page or "smoke" in stored
    for values in stored.values():
        parameters.resolve(declared, {}, base=values)


def poor(meaning):
    """Whether a meaning says too little to be understood without the cell."""
    words = re.findall(r"[\w^']+", meaning)
    return len(words) < 4 or any(meaning.startswith(start) for start in VAGUE)


def test_meanings_are_understood_without_the_cell(entry):
    declared = parameters.of_notebook(notebooks.load(entry.path), entry.id)
    assert [name for name, one in declared.items() if poor(one.meaning)] == []


@pytest.mark.parametrize(
    "meaning",
    [
        "best",
        "lags to match",
        "of the wavelets, in all",
        "its number, as many",
        "D, T, M",
    ],
)
def test_a_poor_meaning_is_found(meaning):
    assert poor(meaning)


def test_finds_a_parameter_that_is_not_used():
    """The test itself: one parameter unread, one read for nothing, the rest used."""
    notebook = small_book.tiny()
    notebook.cells[1].source += "\nidle: int = 1  # nothing, 0 to 9"
    notebook.cells[1].source += "\nvain: int = 1  # nothing, 0 to 9"
    notebook.cells[2].source += "\ndef read():\n    return vain\n\nread()"
    assert used(notebook, {}) == ({"idle"}, set()), "the value is shown"
    notebook.cells[2].source += ";"
    notebook.cells[2].source = notebook.cells[2].source.replace("read();", "_ = read()")
    assert used(notebook, {}) == ({"idle"}, {"vain"})
    reads, sets = parameter_use.names(["a = 1\ndef f():\n    return b"])
    assert (reads, sets) == ({"b"}, {"a"})


def test_every_profile_is_of_a_chapter():
    content = profiles.stored()
    ids = {entry.id for entry in BOOK}
    assert set(content) <= ids or not BOOK
    for id, values in content.items():
        assert set(values) <= {*profiles.PROFILES, *SWEPT}, id
