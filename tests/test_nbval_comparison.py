"""Planted failing cells and planted numbers, each of which nbval must find."""

import dataclasses
import json
import os
import re
import subprocess
import sys

import nbformat
import small_book

from tapx import notebooks, reruns, stored_results


def judged(folder):
    """Which planted copies of a stored notebook nbval refuses, and its report."""
    book = small_book.make(folder)
    assert reruns.rerun(book_dir=book, tell=lambda line: None) == []
    original = (book / "tiny.ipynb").read_text()
    for name, plant in {**WRONG, **ALLOWED}.items():
        text = plant(original)
        assert name == "unchanged" or text != original, f"{name}: nothing is planted"
        (book / f"{name}.ipynb").write_text(text)
    page = (book / "scoreboard.ipynb").read_text()
    (book / "stale-page.ipynb").write_text(page.replace("sum is", "sum was"))
    # The chapter as it was, for the pages; the copies are no chapters of the book.
    for name in (*WRONG, *ALLOWED):
        notebook = json.loads((book / f"{name}.ipynb").read_text())
        del notebook["metadata"]["tapx"]
        (book / f"{name}.ipynb").write_text(json.dumps(notebook))
    return nbval(book)


def nbval(book):
    """Run nbval on a folder as the gate does: refused names, report."""
    environment = {**os.environ, "PYTHONPATH": str(notebooks.ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    options = ["-q", "-rfE", "--tb=short", "--color=no", "-p", "no:cacheprovider"]
    options += ["--continue-on-collection-errors", "--rootdir", str(book)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--nbval", str(book)],
        capture_output=True,
        text=True,
        cwd=book,
        env=environment,
    )
    assert done.returncode == 1, done.stdout
    refused = re.findall(r"^(?:FAILED|ERROR) (\S+)\.ipynb", done.stdout, re.MULTILINE)
    return set(refused), done.stdout


def replace(old, new):
    """Plant text in the stored file itself."""

    def plant(text):
        assert old in text, old
        return text.replace(old, new)

    return plant


def failing_cell(text):
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells[3].source += "\nraise RuntimeError('planted failure')"
    return notebooks.dumps(notebook)


def removed_output(text):
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells[2].outputs = []
    return notebooks.dumps(notebook)


def claim_everywhere(factor):
    """Another number in the data of the claim and in all that shows it."""

    def plant(text):
        notebook = nbformat.reads(text, as_version=4)
        (old,) = stored_results.claims_of(notebook, "")
        new = dataclasses.replace(old, measured=old.measured * factor)
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                if stored_results.CLAIM_MIME in data:
                    output["data"] = stored_results.render(new)
                if stored_results.TABLE_MIME in data:
                    output["data"] = stored_results.render_table([new])
        return notebooks.dumps(notebook)

    return plant


WRONG = {
    "failing-cell": failing_cell,
    "removed-output": removed_output,
    "printed-number": replace("sum of the draws: 1", "sum of the draws: 2"),
    "claim-everywhere": claim_everywhere(1.001),
    "claim-in-text": replace("(measured 1", "(measured 2"),
    "claim-in-data": replace('"reference": 0', '"reference": 0.5'),
    "report-as-glued": replace("\"'1", "\"'2"),
    "report-in-data": replace('"value": 1', '"value": 2'),
    "table-of-claims": replace("</td><td>1", "</td><td>2"),
    "beyond-tolerance": replace("took 1.", "took 3."),
    "words-of-ignored-output": replace("took 1.", "lasted 1."),
}
ALLOWED = {
    "unchanged": lambda text: text,
    "last-digits-of-a-claim": claim_everywhere(1 + 1e-12),
    "within-tolerance": replace("took 1.", "took 1.2"),
}


def test_every_planted_error_is_found_and_nothing_else(tmp_path):
    """In one run, since each notebook starts a kernel.

    What is let through has cells without execution counts, claims, and the pages
    made from them.
    """
    refused, report = judged(tmp_path)
    assert refused == {*WRONG, "stale-page"}, report
    assert "planted failure" in report
    assert re.search(r"lemma-F\.1/tiny: measured was \S+, is \S+ allowed", report)
    assert "is not what the stored data say" in report
