"""What chapters write, and that it is shown in words."""

import asyncio
import types

import pytest
from IPython.core import getipython

from tapx.chapters import claim_views, ledger
from tapx.chapters.claim_views import CLAIM_MIME, GLUE_PREFIX, REPORT_MIME, TABLE_MIME
from tapx.chapters.claims import VERDICTS, evaluate
from tapx.chapters.interpreter import InterpreterKernelManager


@pytest.fixture
def shown(monkeypatch):
    """The outputs that the ledger displays."""
    outputs = []
    monkeypatch.setattr(
        ledger, "_display", lambda data, metadata=None: outputs.append((data, metadata))
    )
    monkeypatch.setattr(ledger, "_session", {})
    return outputs


def test_claim_shows_line_and_data(shown):
    ledger.claim("exp-4a/x", 1 / 3, "<", 0.5, "a < b & c", result="Experiment 4a")
    data, _ = shown[0]
    assert data[CLAIM_MIME]["measured"] == 0.3333334
    assert data[CLAIM_MIME]["kind"] == "certified"
    assert data[CLAIM_MIME]["rounding"] is None
    assert "chapter" not in data[CLAIM_MIME]
    assert 'id="claim-exp-4a-x"' in data["text/html"]
    assert "a &lt; b &amp; c" in data["text/html"]
    assert "measured 0.3334 < " in data["text/plain"]  # on the safe side
    assert data["text/plain"].startswith("[holds] Experiment 4a: a < b & c")
    assert "\n" not in data["text/html"]


def test_a_claim_that_fails_says_what_is_not_so(shown):
    ledger.claim("a/b", 0.25, "<", 0.125, "it is small")
    [(data, _)] = shown
    assert data["text/plain"] == (
        "[fails] it is small (measured 0.25 is not < bound 0.125) a/b"
    )
    entry = evaluate("a/b", 0.5, "<", 0.5, "it is small", kind="computed")
    assert "measured 0.5, which is not < 0.5 (bound)" in claim_views.failure_text(entry)
    entry = evaluate("a/b", 1 + 2**-40, "<", 1.0, "it is small", kind="computed")
    assert "measured 1.0000000000009095, wh" in claim_views.failure_text(entry)
    entry = evaluate("a/b", 1, "~", 2, "so", tolerance=0.05, source="published")
    assert "1, which is not within 5% of 2 (publ" in claim_views.failure_text(entry)


def test_role_and_setting_are_shown(shown):
    ledger.claim("a/b", 1, "<", 2, "so", role="check", setting="40 steps & a seed")
    ledger.claims_table()
    for data, _ in shown:
        assert "role: check; setting: 40 steps & a seed)" in data["text/plain"]
        assert "role: check; setting: 40 steps &amp; a seed)" in data["text/html"]


def test_each_verdict_is_a_word_on_the_page(shown):
    for verdict in VERDICTS:
        reference = None if verdict == "not available" else 2.0
        entry = evaluate("a/b", 1.0, "<", reference, "so", verdict=verdict)
        html = claim_views.render(entry)["text/html"]
        assert f">{verdict}</strong>" in html


def test_table_lists_the_claims_of_the_session(shown):
    ledger.claim("a/first", 1.0, "<", 2.0, "first", source="published")
    ledger.claim("a/second", 1e-9, ">=", None, "second")
    ledger.claims_table()
    data, _ = shown[-1]
    assert data[TABLE_MIME] == ["a/first", "a/second"]
    assert data["text/html"].count("<tr ") == 2
    assert "2 (published)" in data["text/html"]
    assert "none known" in data["text/html"]
    assert 'href="#claim-a-first"' in data["text/html"]
    assert 'tabindex="0"' in data["text/html"]
    assert len(data["text/plain"].splitlines()) == 2


def test_a_cell_run_again_replaces_its_claim(shown):
    ledger.claim("a/first", 1.0, "<", 2.0, "first")
    ledger.claim("a/first", 1.5, "<", 2.0, "first")
    ledger.claims_table()
    assert shown[-1][0][TABLE_MIME] == ["a/first"]


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (0.123456, ".4g", "0.1235"),
        (1234567, ".4g", "1234567"),
        (0.5, "{:.1%}", "50.0%"),
        ("lin", ".4g", "lin"),
        (2.0, ".1f", "2.0"),
    ],
)
def test_report_glues_text(shown, value, format, text):
    ledger.report("key-1.a_b", value, format)
    data, metadata = shown[0]
    assert data[GLUE_PREFIX + "text/plain"] == repr(text)
    assert data[REPORT_MIME]["value"] == value
    assert data[REPORT_MIME]["kind"] == "certified"
    assert metadata["scrapbook"] == {"name": "key-1.a_b", "mime_prefix": GLUE_PREFIX}


def test_reports_are_reports(shown):
    ledger.reports({"a": 0.25, "b": "lin"}, ".1f", kind="computed")
    ledger.report("a", 0.25, ".1f", kind="computed")
    ledger.report("b", "lin", ".1f", kind="computed")
    assert shown[:2] == shown[2:]


def test_report_writes_what_glue_reads(shown):
    """The form is that of myst_nb.glue, which this does not import."""
    from myst_nb.ext import glue

    assert glue.GLUE_PREFIX == GLUE_PREFIX


def test_report_refuses(shown):
    with pytest.raises(ValueError, match="letters"):
        ledger.report("two words", 1.0)
    with pytest.raises(ValueError, match="finite"):
        ledger.report("x", float("nan"))
    with pytest.raises(ValueError, match="did you mean 'timed'"):
        ledger.report("x", 1.0, kind="time")
    assert not shown


@pytest.mark.parametrize("watched", [True, False])
def test_who_runs_a_notebook_sees_the_numbers(shown, monkeypatch, watched):
    """And nobody else does: the book's stored outputs stay as they are."""
    kernel = types.SimpleNamespace(_allow_stdin=watched)
    session = types.SimpleNamespace(kernel=kernel)
    monkeypatch.setattr(getipython, "get_ipython", lambda: session)
    ledger.report("third", 1 / 3, "{:.1%}")
    [(data, _)] = shown
    assert data.get("text/plain") == ("third: 33.3%" if watched else None)
    assert data.keys() - {"text/plain"} == {GLUE_PREFIX + "text/plain", REPORT_MIME}


def test_kernels_say_whether_they_are_watched():
    """A kernel of a front end takes input, one of a run or of nbval does not."""

    async def displayed(watched):
        manager = InterpreterKernelManager()
        await manager.start_kernel()
        client, seen = manager.client(), []
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=120)
            await client.execute_interactive(
                "from tapx.chapters.ledger import report; report('half', 0.5)",
                allow_stdin=watched,
                output_hook=seen.append,
                timeout=120,
            )
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)
        [data] = [
            message["content"]["data"]
            for message in seen
            if message["msg_type"] == "display_data"
        ]
        return data.get("text/plain")

    assert asyncio.run(displayed(watched=True)) == "half: 0.5"
    assert asyncio.run(displayed(watched=False)) is None


def test_plain_python_prints(capsys):
    ledger.claim("a/plain", 1.0, "<", 2.0, "outside a notebook")
    assert "[holds] outside a notebook" in capsys.readouterr().out
