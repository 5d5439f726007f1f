"""The package as a wheel, without the repository: its witnesses, and no book."""

import os
import shutil

import pytest
from commands import python
from test_repository import ROOT, tracked_files


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """``python -m tapx`` of an installed wheel, run in a folder elsewhere."""
    source, wheels, site, elsewhere = (
        tmp_path_factory.mktemp(name) for name in ("source", "wheels", "site", "else")
    )
    # A copy: building leaves files behind, and takes in what an older build left.
    for path in tracked_files():
        name = path.relative_to(ROOT)
        if name.parts[0] == "tapx" or len(name.parts) == 1:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source / name)
    pip = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    local = ("--no-deps", "--no-index")
    build = ("wheel", *local, "--no-build-isolation", "-w", wheels, source)
    done = python(*pip, *build)
    assert done.returncode == 0, done.stderr
    done = python(*pip, "install", *local, "--target", site, *wheels.iterdir())
    assert done.returncode == 0, done.stderr
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("TAPX_BOOK", None)

    def call(*words, **variables):
        environ = environment | variables
        return python("-m", "tapx", *words, cwd=elsewhere, env=environ)

    call.site = site
    return call


def test_it_brings_the_package_and_the_witnesses_alone(installed):
    def files(folder):
        found = {path.relative_to(folder) for path in folder.rglob("*.*")}
        return {path for path in found if path.suffix in (".py", ".json")}

    assert files(installed.site / "tapx") == files(ROOT / "tapx")
    assert not {"book", "tests"} & {path.name for path in installed.site.iterdir()}


@pytest.mark.parametrize("words", [["list"], ["show", "kernels"], ["claims"]])
def test_a_command_that_needs_a_book_says_what_to_do(installed, words):
    done = installed(*words)
    assert (done.returncode, done.stdout) == (2, "")
    place = installed.site / "book"
    (line,) = done.stderr.splitlines()
    assert line == (
        f"refused: no book was found: its notebooks should be in {place}, "
        "or in the folder that the environment variable TAPX_BOOK names "
        "(book in the repository)"
    )


def test_it_finds_a_book_that_it_is_told_of(installed):
    done = installed("list", TAPX_BOOK=str(ROOT / "book"))
    assert done.returncode == 0, done.stderr
    assert "thm-3.1" in done.stdout


def test_it_checks_its_witnesses(installed):
    done = installed("verify", "powers/exponential-for-power2")
    assert done.returncode == 0, done.stderr
    assert "witnesses show what they claim" in done.stdout


def test_help_says_where_the_book_is(installed):
    assert "TAPX_BOOK" in installed("--help").stdout
