"""Planted failing cells and planted numbers, each of which nbval must find."""

import os
import re

import nbformat
import small_book
from commands import python

from tapx.chapters import notebooks, stored_results

PICTURE = """\
from matplotlib import pyplot
pyplot.plot([0, 1], [1, 0]);"""


def judged(folder):
    """Which planted copies of a stored notebook nbval refuses, and its report."""
    drawing = small_book.tiny()
    drawing.cells.append(small_book.cell(PICTURE))
    book = small_book.make(folder, tiny=drawing)
    small_book.rerun(book)
    plants = {name: ("tiny", plant) for name, plant in (WRONG | ALLOWED).items()}
    plants["stale-page"] = ("scoreboard", replace("sum is", "sum was"))
    # The chapter as it was, for the pages; the copies, below the book, are none.
    (book / "copies").mkdir()
    for name, (source, plant) in plants.items():
        original = (book / f"{source}.ipynb").read_text()
        text = plant(original)
        assert text != original, f"{name}: nothing is planted"
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
    (shown,) = (one for one in notebook.cells[-1].outputs if "image/png" in one.data)
    shown.data["image/png"] = "iVBORw0KGgo=\n"


@planting
def no_picture(notebook):
    shown = notebook.cells[-1].outputs
    notebook.cells[-1].outputs = [one for one in shown if "image/png" not in one.data]


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


WRONG = {
    "failing-cell": failing_cell,
    "removed-output": removed_output,
    "no-picture": no_picture,
    "printed-number": replace("sum of the draws: 1", "sum of the draws: 2"),
    "claim-everywhere": claim_everywhere("lemma-F.1/tiny", measured=11.5),
    "claim-in-text": replace("(measured 1", "(measured 2"),
    "claim-in-data": replace('"reference": 0', '"reference": 0.5'),
    "report-everywhere": report_everywhere("tiny", 11.5),
    "report-as-glued": replace("\"'1", "\"'2"),
    "report-in-data": replace('"value": 1', '"value": 2'),
    "table-of-claims": replace("</td><td>1", "</td><td>2"),
    "words-of-measured": replace("took 1.", "lasted 1."),
}
LINES = (
    "planted failure",
    "lemma-F.1/tiny: measured was 11.5, is 1.*; certified numbers must be",
    "report tiny: was '11.5', is '1.*'; certified numbers",
    "output was nothing, is image/png, text/plain",
    "the words of standard output differ: 'lasted",
    "is not what the stored data say",
)
ALLOWED = {
    "digits-of-measured": replace("took 1.", "took 3.2"),
    "picture": picture,
}


def test_every_planted_error_is_found_and_nothing_else(tmp_path):
    """In one run, since each notebook starts a kernel.

    What is let through has cells without execution counts, claims, and the pages
    made from them. How numbers of each kind are compared: `test_stored_results.py`.
    """
    refused, report = judged(tmp_path)
    assert refused == {*WRONG, "stale-page"}, report
    for line in LINES:
        assert re.search(line, report), f"{line}\n{report}"


def test_cells_of_one_notebook_stay_together(tmp_path):
    """Under ``pytest -n 2`` alone, which would send them to two processes."""
    book = small_book.make(tmp_path, pages=())
    small_book.rerun(book)
    for options in (["-n", "2"], ["-n", "2", "--dist", "worksteal"]):
        refused, report = nbval(book, *options, passes=True)
        assert refused == set(), report
        assert "5 passed" in report
