"""Pages as the theme writes them, and what is taken out of their text."""

import sys

import pytest
from small_site import EXTENSIONS

sys.path.insert(0, str(EXTENSIONS))
import light_pages

MATHJAX = (
    '<script>window.MathJax = {"options": {}}</script>\n'
    '<script defer="defer" src="../_static/mathjax/tex-chtml.js"></script>'
)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('<span class="math notranslate nohighlight">x</span>', True),
        ('<div class="amsmath math notranslate">x</div>', True),
        ('<section class="tex2jax_ignore mathjax_ignore">x</section>', False),
        ('<p class="after-math">x</p>', False),
    ],
)
def test_mathjax_stays_where_a_formula_is(body, kept):
    page = light_pages.tidy(f"<html><head>{MATHJAX}</head>{body}</html>")
    assert ("mathjax/" in page and "window.MathJax" in page) == kept
    assert body in page


@pytest.mark.parametrize(
    "text",
    [
        '<script src="../_static/vendor/fontawesome/6/js/all.min.js?x=1"></script>',
        '<link rel="preload" as="font" type="font/woff2" crossorigin href="a.woff2" />',
        ' aria-label="Toggle hidden content"',
        ' role="doc-biblioentry"',
    ],
)
def test_what_stands_in_the_way_goes(text):
    inside = f"<summary{text}>" if text.startswith(" aria") else text
    inside = f'<div class="citation"{text}>' if text.startswith(" role") else inside
    page = light_pages.tidy(f"<html><body>{inside}left</body></html>")
    assert text not in page
    assert page.endswith("left</body></html>")


def test_the_style_sheet_of_icons_and_other_scripts_stay():
    kept = (
        '<link href="../vendor/fontawesome/6/css/all.min.css" rel="stylesheet" />'
        '<link rel="preload" as="script" href="b.js" /><script src="a.js"></script>'
    )
    assert kept in light_pages.tidy(kept)


def test_the_mode_is_one_that_the_theme_knows():
    given = '<html lang="en"><script>localStorage.getItem("mode") || ""</script>'
    page = light_pages.tidy(given + '<body data-default-mode="">')
    assert page.startswith('<html data-theme="light" lang="en">')
    assert '|| "auto"' in page and 'data-default-mode="auto"' in page


def test_only_the_first_of_equal_ids_stays():
    page = '<div id="p"><p id="a">x</p></div><div class="b" id="p">id="p"</div>'
    assert light_pages.tidy(page) == page.replace('class="b" id="p"', 'class="b"')
