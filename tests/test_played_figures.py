"""Figures to play with, moved in a browser and compared with tapx."""

import re

import pytest
from browsing import opened
from published_site import parsed

from tapx import outward
from tapx.kernels import adaptive, search

pytestmark = pytest.mark.published

PAGE, FIGURE = "book/kernels-adaptive.html", "#fig-kernels-adaptive-moved-kernel-figure"
RECALL = "#fig-kernels-played-figure"
STEMS = """all => all.map(one => ["data-x", "data-y", "cx", "cy"].map(
  name => Number(one.getAttribute(name))))"""


@pytest.fixture(scope="module")
def kernels():
    """The kernels of the chapter, at its defaults."""
    best = search.best_delta(10, 16, "lin", 53)
    return {
        "lin": adaptive.from_fixed(best, weight_bits=53),
        "log": adaptive.best(range(1, 4), 8, "log", 53),
    }


def state(page, figure=FIGURE):
    return page.locator(f"{figure} .play-state").inner_text()


@pytest.mark.parametrize(
    ("family", "lag", "dot", "recalled"),
    [("lin", 7, True, 7), ("lin", 2, False, 10), ("log", 1, True, 1)],
)
def test_a_moved_kernel_is_that_of_tapx(
    site, browser, kernels, family, lag, dot, recalled
):
    with opened(browser, site / PAGE) as page:
        page.locator(f"{FIGURE} [name=family]").select_option(family)
        page.locator(f"{FIGURE} [name=lag]").fill(str(lag))
        page.locator(f"{FIGURE} [name=dot]").set_checked(dot)
        stems = page.locator(f"{FIGURE} circle").evaluate_all(STEMS)
        said = state(page)
    kernel = kernels[family]
    lags = [int(x) for x, *_ in stems]
    assert lags[0] == kernel.family.first_lag and len(lags) > recalled + 1
    wanted = kernel.values(lags, recalled)
    assert [y for _, y, *_ in stems] == pytest.approx(wanted, rel=1e-3)
    assert f"lag {lag}." in said if dot else f"recall lag {recalled}," in said
    assert said.endswith(f"{outward(kernel.l1_error(recalled), 2)}.")
    # What is drawn is what is said: places are linear in lags and weights.
    (a, *_), (b, *_) = stems[0], stems[-1]
    step = (stems[-1][2] - stems[0][2]) / (b - a)
    assert [cx for *_, cx, _ in stems] == pytest.approx(
        [stems[0][2] + step * (x - a) for x in lags]
    )
    top = min(stems, key=lambda one: one[3])
    assert top[0] == recalled


@pytest.mark.parametrize(
    ("family", "lag", "heads", "bits"), [("lin", 2, 3, 53), ("log", 3, 4, 24)]
)
def test_a_recalled_lag_is_that_of_tapx(site, browser, family, lag, heads, bits):
    """At few heads, where more of them are better, and rounded to float32."""
    kernel = search.best_delta(lag, heads, family, bits)
    with opened(browser, site / "book/kernels.html") as page:
        page.locator(f"{RECALL} [name=family]").select_option(family)
        page.locator(f"{RECALL} [name=lag]").fill(str(lag))
        page.locator(f"{RECALL} [name=heads]").fill(str(heads))
        for format_ in {str(bits), f"{bits} in 24" if bits == 53 else "24"}:
            page.locator(f"{RECALL} [name=format]").select_option(format_)
            held = kernel.rounded(int(format_.split()[-1]))
            stems = page.locator(f"{RECALL} [data-x][data-y]").evaluate_all(STEMS)
            kernel_stems = stems[: 25 - kernel.family.first_lag]
            lags = [int(x) for x, *_ in kernel_stems]
            shown = [y for _, y, *_ in kernel_stems]
            assert lags == [*range(kernel.family.first_lag, 25)]
            assert shown == pytest.approx(held.values(lags), rel=5e-3)
            said = state(page, RECALL)
            assert f"error at most {outward(held.l1_error, 2)}," in said
            assert f"largest weight {held.largest_weight:.2g}." in said
            # An upper bound of 1 or more shows no harm: only that nothing is promised.
            promised = float(outward(held.l1_error, 2)) < 1
            assert promised != said.endswith("No head at all promises as much.")
        # Below the threshold nothing helps.
        page.locator(f"{RECALL} [name=heads]").fill(
            str(heads - (2 if family == "log" else 1))
        )
        assert "nothing is better" in state(page, RECALL)


def test_keys_move_it_and_the_state_is_announced(site, browser):
    with opened(browser, site / PAGE) as page:
        assert page.locator(f"{FIGURE} .play-state").get_attribute("role") == "status"
        before = state(page)
        page.locator(f"{FIGURE} [name=lag]").focus()
        page.keyboard.press("ArrowRight")
        assert state(page) == before.replace("lag 3.", "lag 4.") != before
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert "Without dot products" in state(page)


def test_the_picture_stays_in_print_and_without_scripts(site, browser):
    with opened(browser, site / PAGE) as page:
        picture, play = (
            page.locator(f"{FIGURE} {what}") for what in ("img", ".tapx-play")
        )
        assert play.is_visible() and not picture.is_visible()
        page.emulate_media(media="print")
        assert picture.is_visible() and not play.is_visible()
    still = browser.new_context(java_script_enabled=False, offline=True).new_page()
    still.goto((site / PAGE).as_uri())
    assert still.locator(f"{FIGURE} img").is_visible()
    assert not still.locator(".tapx-play").is_visible()
    still.context.close()


def test_only_pages_with_such_a_figure_load_its_scripts(site):
    for page in site.glob("book/*.html"):
        scripts = [one.get("src", "") for one in parsed(page).find_all("script")]
        loaded = {
            m[1] for one in scripts if (m := re.search(r"/(play[\w-]*)\.js", one))
        }
        played = {
            f"play-{one['data-play']}" for one in parsed(page).select(".tapx-play")
        }
        assert loaded == (played | {"play"} if played else set()), page.name
