"""What a static host is given besides the pages, and how light the pages are."""

import nbformat
import small_site

INDEX = (
    "# One\n\nWhat this page is about, in a sentence of its own & more.\n\n"
    "A formula, $x$.\n\n```{toctree}\ntwo\n```\n"
)
EXTENSIONS = "light_pages offline_math site_files"


def build(folder, monkeypatch, address):
    if address:
        monkeypatch.setenv("TAPX_SITE", address)
    config = "myst_enable_extensions = ['dollarmath']\n"
    two = nbformat.v4.new_output("stream", text="2")
    cell = nbformat.v4.new_code_cell("print(1 + 1)", outputs=[two])
    return small_site.build(folder, EXTENSIONS, cell, settings=config, index=INDEX)


def meta(page):
    tags = page.find_all("meta")
    return {t.get("property") or t.get("name"): t.get("content") for t in tags}


def test_a_site_has_a_map_and_cards_and_no_sources(tmp_path, monkeypatch):
    done = build(tmp_path, monkeypatch, "https://example.org/book")
    assert done.returncode == 0, done.stderr
    built = tmp_path / "built"
    text = (built / "sitemap.xml").read_text()
    assert text.count("<loc>") == 2
    assert "<loc>https://example.org/book/two.html</loc>" in text
    assert not (built / "_sources").exists()
    told = meta(small_site.page(tmp_path, "index"))
    words = "What this page is about, in a sentence of its own & more."
    assert told["description"] == told["og:description"] == words
    assert told["og:title"] == "One"
    assert told["og:url"] == "https://example.org/book/index.html"


def test_a_book_to_read_from_files_has_its_sources(tmp_path, monkeypatch):
    done = build(tmp_path, monkeypatch, "")
    assert done.returncode == 0, done.stderr
    built = tmp_path / "built"
    (source,) = (built / "_sources").glob("two.ipynb*")
    code = [one for one in nbformat.read(source, 4).cells if "outputs" in one]
    assert code[-1].source == "print(1 + 1)" and not any(one.outputs for one in code)
    assert "2" in small_site.page(tmp_path, "two").find(class_="output").get_text()
    assert not (built / "sitemap.xml").exists()
    assert "og:url" not in meta(small_site.page(tmp_path, "index"))
    # MathJax beside the pages, where a page has a formula, and its rest nowhere.
    script = built / "_static" / "mathjax" / "tex-chtml.js"
    assert script.is_file()
    assert "mathjax/tex-chtml.js" in (built / "index.html").read_text()
    assert "mathjax/tex-chtml.js" not in (built / "two.html").read_text()
    folder = script.parent
    assert sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) < 3e6


def test_a_place_that_is_no_address_is_refused(tmp_path, monkeypatch):
    done = build(tmp_path, monkeypatch, "example.org/book")
    assert done.returncode != 0
    assert "TAPX_SITE is 'example.org/book'" in done.stderr
