"""The command line: ``python -m tapx COMMAND``.

Exit status: 0 all is well; 1 a chapter failed or disagrees; 2 the request was refused,
a file of the book is broken, or the operating system did not let us; 130 it was
interrupted, by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import click

from tapx import __version__, cli_inputs
from tapx.chapters import notebooks
from tapx.cli_bench import bench
from tapx.cli_ends import Refusing, echo_json, fail
from tapx.cli_sweep import sweep

if TYPE_CHECKING:
    from tapx.chapters.claims import Claim

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
    from tapx.chapters import profiles, sources

    entry = notebooks.find(chapter, notebooks.notebook_files())
    source, declared = sources.opened(entry)
    stored = {
        name: {key: all[key] for key in values}
        for name, values in profiles.available_profiles(entry.id).items()
        for all in [profiles.values(source, entry, name)]
    }
    click.echo(f"{entry.id}: {entry.title}")
    if entry.shows:
        _echo_wrapped(entry.shows)
    for item in declared.values():
        default = f"default {_literal(item.default)}"
        click.echo()
        _echo_wrapped(f"{item.name}: {item.type}, {item.range}, {default}")
        _echo_wrapped(item.meaning, "    ")
    click.echo()
    for name, values in stored.items():
        text = ", ".join(f"{key}={_literal(value)}" for key, value in values.items())
        _echo_wrapped(f"profile {name}: {text or 'the defaults'}")


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
@cli_inputs.PROFILE_FILE
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
    profile_file: str | None,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Run CHAPTER with parameters; writes DIR/CHAPTER.ipynb, .html and .json.

    A chapter that fails half-way leaves DIR/CHAPTER.failed.ipynb and no record; what an
    earlier run wrote stays. DIR must lie outside the book.
    """
    from tapx.chapters import parameters, runs

    profile, own = cli_inputs.own_profile(chapter, profile, profile_file)
    chosen = cli_inputs.with_data(chapter, own, parameters.assignments(given), data)
    cli_inputs.check_data(chapter, [cli_inputs.values_of(chapter, profile, chosen)])
    try:
        done = runs.run(
            chapter,
            chosen,
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
    _note_failures(done.claims, smoke=profile == "smoke")


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


def _note_failures(claims: list[Claim], smoke: bool) -> None:
    """Say which claims do not hold, by how much, and what that means."""
    from tapx.chapters.claim_views import failure_text
    from tapx.chapters.claims import FAILS

    failed = [entry for entry in claims if entry.verdict == FAILS]
    for entry in failed:
        _echo_wrapped(f"note: {failure_text(entry)}", "", "      ")
    if failed and smoke:
        _echo_wrapped(
            f"note: {len(failed)} of {len(claims)} claims do not hold. A smoke run "
            "only shows that everything works: it is too small to be evidence for or "
            "against a claim. The default profile is the book's own run.",
            "",
            "      ",
        )


def _echo_wrapped(text: str, first: str = "", rest: str | None = None) -> None:
    """Print a text in lines as wide as the terminal, indented."""
    width = max(shutil.get_terminal_size().columns, 40)
    further = (first or "    ") if rest is None else rest
    click.echo(
        textwrap.fill(
            text,
            width,
            initial_indent=first,
            subsequent_indent=further,
            break_on_hyphens=False,
            break_long_words=False,
        )
    )


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _end(problems: list[str]) -> None:
    if problems:
        fail("\n\n".join(problems))
