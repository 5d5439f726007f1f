"""The book as published: built once as ``make book`` builds it, and its pages read."""

import re
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from test_repository import ROOT, pages

STRICT = ["-n", "-W", "--keep-going", "--quiet"]
BUILD_SECONDS = 60
# A command (\sum, \beta_h), a delimiter, or a formula between dollars.
RAW_TEX = re.compile(r"\\[a-zA-Z]+|\\[()\[\]]|\$\$|\$[^$\s][^$]*\$")
# Code is allowed to look like TeX, and formulas are TeX until a browser sets them.
NOT_PROSE = ["script", "style", "pre", "code", "svg"]
PAGES = [f"{name}.html" for name in pages()]


def build(output: Path) -> tuple[Path, float]:
    """The folder of the pages, and how many seconds they took."""
    program = Path(sys.executable).with_name("jupyter-book")
    started = time.monotonic()
    done = subprocess.run(
        [program, "build", ROOT, "--path-output", output, *STRICT],
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * BUILD_SECONDS,
    )
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    return output / "_build" / "html", seconds


@cache
def parsed(file: Path) -> BeautifulSoup:
    """A page as written. Do not change it: it is shared."""
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def content(page: BeautifulSoup) -> Tag:
    """The part of a page that the book's authors wrote."""
    (article,) = page.select("article.bd-article")
    return article


def prose(article: Tag, *formulas: str) -> str:
    """Text of an article without code and without the given elements."""
    copy = BeautifulSoup(str(article), "html.parser")
    for element in copy.select(", ".join([*NOT_PROSE, *formulas])):
        element.decompose()
    return copy.get_text(" ")
