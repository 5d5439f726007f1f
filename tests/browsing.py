"""A real browser without a network, and what a page has to say for itself in it."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
WIDTHS = (360, 768, 1440)
SCHEMES = ("light", "dark")
SEVERE = ("serious", "critical")
LOUD = ("error", "warning")
SET = """async () => {
  if (window.MathJax && window.MathJax.startup) await window.MathJax.startup.promise;
  await document.fonts.ready;
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
}"""
"""Formulas are set, and what follows from their sizes is done."""
CUT = """() => [...document.querySelectorAll('.bd-article *')].filter(one =>
  one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 &&
  ['auto', 'scroll', 'hidden'].includes(getComputedStyle(one).overflowX) &&
  !one.closest('mjx-assistive-mml') && getComputedStyle(one).clipPath === 'none' &&
  !(one.dataset.more && one.tabIndex === 0)
).map(one => one.outerHTML.slice(0, 200))"""
"""What is wider than its box, and neither fades at the edge nor is reached by keys."""
EMPTY = "what => document.querySelectorAll(what).forEach(one => one.replaceChildren())"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def chromium():
    """The installed Chromium; skips without one, or fails where one is required."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        message = "no Chromium is installed to look at the pages with"
        if os.environ.get("TAPX_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=QUIET.split())
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, query="", width=1440, scheme="light"):
    """A page whose formulas are set; it must have nothing to complain of."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda one: one.type in LOUD and said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(file.as_uri() + query)
    page.evaluate(SET)
    yield page
    assert not said, (file.name, said)
    context.close()


def violations(page: Page, code: bool = True) -> list[str]:
    """What axe finds that keeps someone from reading the page.

    Formulas have the colour of the text around them, and code is coloured alike on all
    pages, so most pages are looked at without the insides of both.
    """
    emptied = "mjx-math" if code else "mjx-math, .highlight pre"
    page.evaluate(EMPTY, emptied)
    # It would read the style sheets again, which a page from a file may not.
    options = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['target']}"
        for one in found
        if one["impact"] in SEVERE
        for node in one["nodes"]
    ]


def fits(page: Page, width: int, scheme: str) -> bool:
    """Whether the page at a width scrolls downwards alone."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    return page.evaluate(OVERFLOW) <= 0
