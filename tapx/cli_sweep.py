"""``python -m tapx sweep``: a chapter over a grid of parameters."""

from __future__ import annotations

import itertools
import shlex
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from tapx import cli_inputs
from tapx.checks import Refusal

if TYPE_CHECKING:
    from tapx.chapters.sweep_folders import SweepFolder
    from tapx.chapters.sweeps import Plan

EVERY, UNCHANGED = 5.0, 60.0
"""Seconds between two lines of progress where the output is no terminal, at least; and
where the second would say what the first did."""


@click.command()
@click.argument("chapter", required=False)
@click.option(
    "--grid",
    "grid",
    multiple=True,
    metavar="NAME=VALUES",
    help="Values of a parameter; repeatable. 1,4,64 are three, 1e-4:1e-2:7log seven "
    "at equal ratios, 1:64:4 four at equal distances. For a parameter that is a list "
    "each value is a list of one, and 1+64 is one list of two.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1),
    metavar="N",
    help="Run everything with N seeds, from the parameter seed on.",
)
@click.option("--profile", default="default", show_default=True, help="As in run.")
@cli_inputs.PROFILE_FILE
@click.option("--output", metavar="DIR", help="Folder of the sweep; made if missing.")
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Processes, of one thread each.  [default: one a core]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address, or scheduler file, of a dask scheduler that is running.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="A run that takes longer has failed.",
)
@click.option("--dry-run", is_flag=True, help="Print the runs and how long they take.")
@click.option("--status", metavar="DIR", help="Say how the sweeps in DIR stand.")
@click.option(
    "--prune", metavar="DIR", help="Remove the runs of other code from DIR; asks first."
)
def sweep(
    chapter: str | None,
    grid: tuple[str, ...],
    seeds: int | None,
    profile: str,
    profile_file: str | None,
    output: str | None,
    workers: int | None,
    scheduler: str | None,
    timeout: float | None,
    dry_run: bool,
    status: str | None,
    prune: str | None,
) -> None:
    """Run CHAPTER over a grid; writes DIR/CHAPTER.csv and DIR/CHAPTER.html.

    A finished run is never repeated: the same command goes on where it was stopped.
    Runs that failed are tried again.
    """
    from tapx.chapters import sweep_results, sweeps
    from tapx.chapters.output_folders import check_output
    from tapx.chapters.sweep_folders import SweepFolder

    asked = [word for word in (chapter, status, prune) if word]
    if len(asked) != 1:
        raise Refusal("name a chapter, or --status DIR, or --prune DIR")
    if status:
        _status(SweepFolder(status))
        return
    if prune:
        _prune(SweepFolder(prune))
        return
    assert chapter is not None
    profile, own = cli_inputs.own_profile(chapter, profile, profile_file)
    plan = sweeps.plan(chapter, grid, given=own, profile=profile, seeds=seeds)
    cli_inputs.check_data(chapter, (order.values for order in plan.orders))
    where = f"runs/{chapter}-sweep" if output is None else output
    folder = SweepFolder(check_output(where))
    if workers and scheduler:
        raise Refusal("--workers is for a cluster of our own: leave one out")
    if dry_run:
        _dry_run(plan, folder, workers)
        return
    folder.make()
    sweeps.store(plan, folder)
    failed: dict[str, str] = {}
    stopped = ""
    try:
        if any(folder.state(one) != "done" for one in plan.orders):
            with _cluster(workers, scheduler) as client:
                tell = Progress(len(plan.orders))
                failed = sweeps.drive(plan, folder, client, timeout=timeout, tell=tell)
                tell.close()
    except KeyboardInterrupt:
        stopped = "interrupted"
    except sweeps.SweepStopped as error:
        stopped = str(error)
    folder.tidy()
    counts = sweep_results.write_results(plan, folder, failed)
    click.echo(_said(counts))
    click.echo(f"table: {folder.path / plan.chapter}.csv")
    click.echo(f"page:  {folder.path / plan.chapter}.html")
    if stopped:
        again = shlex.join([*["python", "-m", "tapx"], *sys.argv[1:]])
        click.echo(f"{stopped}; this goes on: {again}", err=True)
        sys.exit(130 if stopped == "interrupted" else 1)
    if counts["failed"]:
        sys.exit(1)


def _cluster(workers: int | None, scheduler: str | None) -> Any:
    """The cluster of a sweep, for which its package must be there."""
    try:
        from tapx.chapters.sweep_clusters import cluster
    except ImportError as error:
        raise Refusal(
            f"a sweep needs the package {error.name!r}: pip install 'tapx[sweep]'"
        ) from None
    return cluster(workers, scheduler)


class Progress:
    """One bar with done, running, failed and the time left; lines where no terminal is.

    Args:
        total: how many runs there are.
    """

    def __init__(self, total: int) -> None:
        """Show nothing yet."""
        from tqdm import tqdm

        self.terminal = sys.stderr.isatty()
        self.total, self.began, self.last = total, time.monotonic(), 0.0
        self.first: int | None = None
        self.said: Counter[str] | None = None
        self.bar = tqdm(total=total, unit="run", disable=not self.terminal)

    def __call__(self, counts: Counter[str]) -> None:
        """Show how many runs are in which state."""
        done = counts["done"] + counts["failed"]
        now = time.monotonic()
        if self.first is None:
            self.first = self.bar.initial = self.bar.n = done
        if self.terminal:
            self.bar.update(done - self.bar.n)
            self.bar.set_postfix_str(
                f"{counts['running']} running, {counts['failed']} failed"
            )
        elif done == self.total or now - self.last > (
            UNCHANGED if counts == self.said else EVERY
        ):
            self.last, self.said = now, counts
            left = ""
            if done > self.first:
                pace = (now - self.began) / (done - self.first)
                left = f", about {_time(pace * (self.total - done))} left"
            click.echo(_said(counts) + left, err=True)

    def close(self) -> None:
        """End the bar."""
        self.bar.close()


def _said(counts: Counter[str]) -> str:
    names = ("done", "running", "failed", "waiting")
    return ", ".join(f"{counts[name]} {name}" for name in names if counts[name])


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _dry_run(plan: Plan, folder: SweepFolder, workers: int | None) -> None:
    import os

    from tapx.chapters import grids, sweeps

    states = {one.key: folder.state(one) for one in plan.orders}
    for order in plan.orders:
        words = (f"{name}={grids.text(order.values[name])}" for name in plan.axes)
        click.echo(f"{states[order.key]:8} {order.key}  {' '.join(words)}")
    seconds, source = sweeps.seconds_a_run(plan, folder)
    slots = workers or os.cpu_count() or 1
    todo = sum(state != "done" for state in states.values())
    text = f"{len(plan.orders)} runs, {todo} to do"
    if seconds is not None:
        text += f", about {_time(seconds * -(-todo // slots))} on {slots} workers"
    click.echo(f"{text} ({source})")


def _status(folder: SweepFolder) -> None:
    from tapx.chapters import sweeps

    for chapter, group in itertools.groupby(
        sorted(sweeps.plans(folder), key=lambda plan: plan.chapter),
        key=lambda plan: plan.chapter,
    ):
        orders = {one.key: one for plan in group for one in plan.orders}
        looked = {key: folder.look(one) for key, one in orders.items()}
        click.echo(f"{chapter}: {_said(Counter(one[0] for one in looked.values()))}")
        for key, (state, _, reason) in looked.items():
            if reason:
                word = "damaged" if state == "waiting" else state
                click.echo(f"  {word} {key}: {reason}")


def _prune(folder: SweepFolder) -> None:
    from tapx.chapters import sweep_results

    old = sweep_results.of_other_code(folder)
    if not old:
        click.echo("every run is of today's code")
        return
    for path in old:
        click.echo(f"{path.parent.name}/{path.name}")
    click.confirm(f"remove these {len(old)} runs of other code?", abort=True, err=True)
    folder.remove(old)
