"""Planted failing cells and planted numbers, each of which nbval must find."""

import os
import re

import nbformat
import small_book
from commands import python

from tapx.chapters import notebooks, stored_results

KINDS = """\
from tapx.chapters.ledger import claim, keep, report
from tapx.show.tables import Table, outward

third, residue = 1 / 3, 1.25e-15
claim("a/certified", third, "<=", 0.5, "a third is less than a half")
claim("a/computed", third, "<=", 0.5, "so it is in floats", kind="computed")
claim("a/residue", residue, "<=", 1e-12, "two sums agree", kind="evaluated",
      rounding=1e-12)
claim("a/worst", residue, "<=", 1e-12, "so they do", kind="evaluated")
claim("a/trained", residue, "<=", 1e-6, "it is learned", kind="trained")
claim("a/timed", third, "<=", 10, "it is quick", kind="timed")
report("certified", third)
report("trained", residue, kind="trained")
keep([{"loss": residue}])"""
TABLE = """\
Table(["heads", "error"], [[4, outward(third)]], "Errors")"""
MEASURED = """\
print(f"loss {residue:.2e}")
Table(["heads", "loss"], [[4, f"{residue:.3e}"]], "Losses")"""
PICTURE = """\
from matplotlib import pyplot
pyplot.plot([0, 1], [1, 0]);"""


def of_all_kinds():
    """Claims, reports and tables of every kind, and a picture."""
    cells = [small_book.cell(text) for text in (KINDS, TABLE, PICTURE)]
    cells.insert(2, small_book.cell(MEASURED, "measured"))
    cells.insert(0, small_book.cell("seed: int = 0  # no draws, 0 to 1", "parameters"))
    return small_book.chapter(*cells, id="kinds", order=2)


def judged(folder):
    """Which planted copies of a stored notebook nbval refuses, and its report."""
    book = small_book.make(folder, tiny=small_book.tiny(), kinds=of_all_kinds())
    small_book.rerun(book)
    copies = {"stale-page": ("scoreboard", replace("sum is", "sum was"))}
    for source, plants in PLANTS.items():
        copies |= {name: (source, plant) for name, plant in plants.items()}
    for name, (source, plant) in copies.items():
        original = (book / f"{source}.ipynb").read_text()
        text = plant(original)
        assert text != original, f"{name}: nothing is planted"
        # The chapter as it was, for the pages; the copies, below the book, are none.
        (book / "copies").mkdir(exist_ok=True)
        (book / "copies" / f"{name}.ipynb").write_text(text)
    return nbval(book)


def nbval(book, *more, passes=False):
    """Run nbval on a folder as the gate does: refused names, report."""
    environment = {**os.environ, "PYTHONPATH": str(notebooks.ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    options = ["-q", "-rfE", "--tb=short", "--color=no", "-p", "no:cacheprovider"]
    options += ["--continue-on-collection-errors", "--rootdir", book, *more]
    words = ("-m", "pytest", *options, "--nbval", book)
    done = python(*words, cwd=book, env=environment)
    assert done.returncode == (0 if passes else 1), done.stdout
    refused = re.findall(
        r"^(?:FAILED|ERROR) (?:copies/)?(\S+)\.ipynb", done.stdout, re.MULTILINE
    )
    return set(refused), done.stdout


def replace(old, new):
    """Plant text in the stored file itself."""

    def plant(text):
        assert old in text, old
        return text.replace(old, new)

    return plant


def planting(change):
    """A change of a notebook, as one of the text of its file."""

    def plant(text):
        notebook = nbformat.reads(text, as_version=4)
        change(notebook)
        return notebooks.dumps(notebook)

    return plant


@planting
def failing_cell(notebook):
    notebook.cells[3].source += "\nraise RuntimeError('planted failure')"


@planting
def removed_output(notebook):
    notebook.cells[2].outputs = []


@planting
def picture(notebook):
    """Other pixels."""
    (shown,) = (one for one in notebook.cells[5].outputs if "image/png" in one.data)
    shown.data["image/png"] = "iVBORw0KGgo=\n"


@planting
def no_picture(notebook):
    shown = notebook.cells[5].outputs
    notebook.cells[5].outputs = [one for one in shown if "image/png" not in one.data]


def claim_everywhere(id, **change):
    """Other numbers in the data of the claim and in all that shows it."""
    return planting(lambda notebook: small_book.change_claim(notebook, id, **change))


def report_everywhere(name, value):
    """Another value of a reported number, in its data and in its text."""

    @planting
    def plant(notebook):
        for output in small_book.outputs(notebook):
            content = output.get("data", {}).get(stored_results.REPORT_MIME, {})
            if content.get("name") == name:
                content["value"] = value
                output["data"] = stored_results.render_report(content)

    return plant


def one_after_another(*plants):
    """All of these, each of which changes something."""

    def plant(text):
        for step in plants:
            changed = step(text)
            assert changed != text, step
            text = changed
        return text

    return plant


WRONG = {
    "tiny": {
        "failing-cell": failing_cell,
        "removed-output": removed_output,
        "printed-number": replace("sum of the draws: 1", "sum of the draws: 2"),
        "claim-everywhere": claim_everywhere("lemma-F.1/tiny", measured=11.5),
        "claim-in-text": replace("(measured 1", "(measured 2"),
        "claim-in-data": replace('"reference": 0', '"reference": 0.5'),
        "report-as-glued": replace("\"'1", "\"'2"),
        "report-in-data": replace('"value": 1', '"value": 2'),
        "table-of-claims": replace("</td><td>1", "</td><td>2"),
        "words-of-measured": replace("took 1.", "lasted 1."),
    },
    "kinds": {
        "wrong-ledger": one_after_another(
            claim_everywhere("a/certified", measured=0.3333335),
            claim_everywhere("a/computed", measured=0.333334),
            claim_everywhere("a/trained", reference=2e-6),
            claim_everywhere("a/residue", measured=1.1e-12),
            claim_everywhere("a/worst", rounding=1e-11),
            report_everywhere("certified", 0.3334),
        ),
        "wrong-cells": one_after_another(
            replace("<td>0.3334</td>", "<td>0.3335</td>"),
            replace(">loss<", ">gain<"),
            no_picture,
        ),
        "table-in-text": replace("4      0.3334", "4      0.3335"),
    },
}
LINES = (
    "a/certified: measured was 0.3333335, is 0.3333334; certified numbers must be",
    "a/computed: measured was 0.333334, is 0.333333.*; allowed difference is 1e-06",
    "a/trained: reference was 2e-06, is 1e-06; allowed difference is 1e-06 of itself",
    "a/residue: measured was 1.1e-12, is 1.25e-15; .* is 1e-12, its rounding",
    "a/worst: rounding was 1e-11, is None",
    "report certified: was '0.3334', is '0.3333'; certified numbers",
    "text/html differ: .*0.3335.* was stored, .*0.3334.* came out",
    "the words of text/html differ: .*gain.* was stored, .*loss.* came out",
    "output was nothing, is image/png, text/plain",
    "text/plain differ: .*0.3335.* was stored, .*0.3334.* came out",
    "the words of standard output differ: 'lasted",
)
ALLOWED = {
    "tiny": {"digits-of-measured": replace("took 1.", "took 3.2")},
    "kinds": {
        "allowed": one_after_another(
            claim_everywhere("a/computed", measured=0.33333335),
            claim_everywhere("a/residue", measured=9e-13),
            claim_everywhere("a/worst", measured=9e-13),
            claim_everywhere("a/trained", measured=9e-7),
            claim_everywhere("a/timed", measured=3.0),
            report_everywhere("trained", 0.5),
            replace('"loss": 1.25e-15', '"loss": 0.5'),  # of the kept rows
            replace("loss 1.25e-15", "loss 2.5e-09"),
            replace("<td>1.250e-15", "<td>2.5e-09"),
            picture,
        )
    },
}
PLANTS = {source: {**WRONG[source], **ALLOWED[source]} for source in WRONG}


def test_every_planted_error_is_found_and_nothing_else(tmp_path):
    """In one run, since each notebook starts a kernel.

    What is let through has cells without execution counts, claims, and the pages
    made from them.
    """
    refused, report = judged(tmp_path)
    assert refused == {*WRONG["tiny"], *WRONG["kinds"], "stale-page"}, report
    assert "planted failure" in report
    for line in LINES:
        assert re.search(line, report), f"{line}\n{report}"
    assert "is not what the stored data say" in report


def test_cells_of_one_notebook_stay_together(tmp_path):
    """Under ``pytest -n 2`` alone, which would send them to two processes."""
    book = small_book.make(tmp_path, pages=())
    small_book.rerun(book)
    for options in (["-n", "2"], ["-n", "2", "--dist", "worksteal"]):
        refused, report = nbval(book, *options, passes=True)
        assert refused == set(), report
        assert "5 passed" in report
