"""The command line: ``python -m tapx COMMAND``.

Exit status: 0 all is well; 1 a chapter failed or disagrees; 2 the request was refused,
a file of the book is broken, or the operating system did not let us; 130 it was
interrupted, by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tapx import __version__
from tapx.chapters import notebooks
from tapx.checks import Refusal
from tapx.cli_bench import bench
from tapx.cli_ends import Refusing, echo_json, fail
from tapx.cli_sweep import sweep
from tapx.show.tables import Table

PROCESSES = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many chapters run side by side, each on one core.",
)
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list of objects."
)


@click.group(cls=Refusing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tapx")
def main() -> None:
    """Run, re-run and check the chapters of the book.

    The book is the folder that the environment variable TAPX_BOOK names, else the
    folder book beside the package: a package installed on its own has none.
    """


@main.command("list")
def list_chapters() -> None:
    """List the chapters and what they show."""
    found = notebooks.chapters()
    width = max((len(chapter.id) for chapter in found), default=0)
    for chapter in found:
        click.echo(f"{chapter.id:{width}}  {chapter.title}")
        click.echo(f"{'':{width}}  {chapter.shows}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead.")
def results(as_json: bool) -> None:
    """List the paper's results and experiments with their numbers.

    For each: what is stated, its explicit bound, the certified error of what the proof
    builds at its chapter's default target, the best known error and the proved floor,
    and from how many heads on the bound beats doing nothing.
    """
    from tapx.registry import ROWS

    if as_json:
        echo_json([row.as_plain_data() for row in ROWS.values()])
    else:
        for row in ROWS.values():
            click.echo(row.as_text())


@main.command()
@click.argument("chapter")
def show(chapter: str) -> None:
    """Show the parameters of CHAPTER: type, default, range, meaning."""
    from tapx.chapters import parameters, profiles

    entry, declared = _declared(chapter)
    stored = {
        name: {key: all[key] for key in values}
        for name, values in profiles.available_profiles(entry.id).items()
        for all in [parameters.resolve(declared, {}, base=values)]
    }
    click.echo(f"{entry.id}: {entry.title}")
    if entry.shows:
        click.echo(entry.shows)
    click.echo()
    rows = [
        (item.name, item.type, _literal(item.default), item.range, item.meaning)
        for item in declared.values()
    ]
    head = ("name", "type", "default", "range", "meaning")
    click.echo(f"{Table(head, rows, '')!r}\n")
    for name, values in stored.items():
        text = ", ".join(f"{key}={_literal(value)}" for key, value in values.items())
        click.echo(f"profile {name}: {text or 'the defaults'}")


@main.command()
@click.argument("chapter")
@click.option(
    "-p",
    "--parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a parameter; repeatable. A list is written 1,8 or [1, 8].",
)
@click.option(
    "--data",
    metavar="DIR",
    help="Folder with train.bin and val.bin, token ids of your own: -p data=DIR for "
    "the chapters that have this parameter.",
)
@click.option(
    "--profile",
    default="default",
    show_default=True,
    help="Stored parameter set; `tapx show CHAPTER` lists them. -p overrides its "
    "values.",
)
@click.option(
    "--output",
    metavar="DIR",
    help="Folder for the notebook and the run record; made if missing.  [default: "
    "runs/CHAPTER]",
)
@click.option("--force", is_flag=True, help="Replace the results of an earlier run.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def run(
    chapter: str,
    given: tuple[str, ...],
    data: str | None,
    profile: str,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Run CHAPTER with parameters; writes DIR/CHAPTER.ipynb, .html and .json.

    A chapter that fails half-way leaves DIR/CHAPTER.failed.ipynb and no record; what an
    earlier run wrote stays. DIR must lie outside the book.
    """
    from tapx.chapters import parameters, runs
    from tapx.chapters.claims import FAILS

    try:
        done = runs.run(
            chapter,
            _with_data(chapter, parameters.assignments(given), data),
            profile=profile,
            output=f"runs/{chapter}" if output is None else output,
            force=force,
            progress=not quiet,
        )
    except notebooks.ChapterFailed as failure:
        where = failure.path and f"\nthe partial notebook is {failure.path.name}"
        fail(f"{failure}{where or ''}")
    click.echo(f"notebook: {done.notebook}")
    click.echo(f"page:     {done.page}")
    click.echo(f"record:   {done.record}")
    for entry in done.claims:
        if entry.verdict == FAILS:
            click.echo(f"note: {entry.id} does not hold with these parameters")


@main.command()
@click.argument("chapters", nargs=-1)
@PROCESSES
def rerun(chapters: tuple[str, ...], processes: int) -> None:
    """Execute CHAPTERS (all if none is named) in place, then the pages made of them.

    A chapter that fails leaves its stored notebook as it was.
    """
    from tapx.chapters import reruns

    _end(reruns.rerun(chapters, processes=processes, tell=click.echo))


@main.command()
@click.argument("chapters", nargs=-1)
@PROCESSES
@click.option(
    "--records",
    "stored",
    is_flag=True,
    help="Execute nothing: say of each stored record whether it is of its chapter's "
    "code of today.",
)
def check(chapters: tuple[str, ...], processes: int, stored: bool) -> None:
    """Execute CHAPTERS (all if none is named) and compare their claims.

    Nothing is written. A claim that is missing, new, another number than its kind
    allows, of another verdict, or that fails, is listed.

    With --records, a record of a default run that is older than its chapter fails the
    check. Long runs are only told of: repeating them takes hours.
    """
    from tapx.chapters import record_checks, reruns

    if stored:
        problems = record_checks.check_records(chapters, tell=click.echo)
    else:
        problems = reruns.check(chapters, processes=processes, tell=click.echo)
    _end(problems)


@main.command()
@JSON
def claims(as_json: bool) -> None:
    """Print every claim of the book, from the stored notebooks."""
    from tapx.chapters import claim_views, stored_results

    entries = stored_results.stored_claims()
    if as_json:
        echo_json([entry.as_dict() for entry in entries])
    else:
        click.echo(claim_views.table_text(entries))


@main.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Search for every stored witness.")
def find(names: tuple[str, ...], every: bool) -> None:
    """Search again for the witnesses in the files NAMES (kernels/exponential-lag10).

    What is found is checked, and replaces what is stored if it is strictly better.
    Other processors and other BLAS kernels find other things: repeat it there.
    """
    if bool(names) == every:
        fail("name files of witnesses, or all of them with --all")
    from tapx.limits import finders

    searched, replaced = finders.find(names, tell=click.echo)
    click.echo(f"{searched} searched, {replaced} replaced by something better")


@main.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Check the witnesses in the files NAMES (all if none is named) in balls."""
    from tapx.limits import finders

    count, seconds = finders.check(finders.select(names))
    click.echo(f"{count} witnesses show what they claim ({seconds:.1f} s)")


main.add_command(bench)
main.add_command(sweep)


def _with_data(chapter: str, given: dict[str, str], data: str | None) -> dict[str, str]:
    """The assignments with the folder of token files, absolute and looked into.

    A kernel runs in the notebook's folder, so a relative path means nothing to it.
    """
    if data == "":
        raise Refusal("--data '' is no folder: name one, or leave --data out")
    if data is None and not given.get("data"):
        return given
    _, declared = _declared(chapter)
    if "data" not in declared or not declared["data"].path:
        if data is None:
            return given  # an unknown name, or one that means something else here
        raise Refusal(
            f"--data {data!r}: chapter {chapter!r} reads no token files (it has no "
            f"parameter 'data'; its parameters are {', '.join(declared) or 'none'})"
        )
    if data is not None and "data" in given:
        raise Refusal("--data and -p data=… say the same: keep one of them")
    from tapx.experiments.language import token_files

    folder = Path(given["data"] if data is None else data).expanduser().absolute()
    token_files.load_tokens(folder)
    return {**given, "data": str(folder)}


def _declared(chapter: str) -> tuple[notebooks.Chapter, dict[str, Any]]:
    """The chapter of this id and its parameters."""
    from tapx.chapters import sources

    entry = notebooks.find(chapter, notebooks.notebook_files())
    return entry, sources.opened(entry)[1]


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _end(problems: list[str]) -> None:
    if problems:
        fail("\n\n".join(problems))
