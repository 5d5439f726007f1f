"""What nbval compares when it re-executes the book's notebooks.

nbval compares strings. The stored notebooks have no execution counts, carry numbers
that say how they are compared, and hold nothing that went to standard error, so that
``book/conftest.py`` installs these changes:

- a cell without an execution count is compared like any other;
- claims, reported numbers and the table of claims are compared as data, each number
  by its kind, whatever the tags of their cell;
- all other texts that a cell shows are compared exactly, tables in HTML too; in a cell
  tagged ``measured`` only their words are. No other tag loosens anything;
- standard error and the pixels of pictures are left out.
"""

# Kept by hand, since we know of nothing better: nbval and its like compare texts, and
# have no numbers that say themselves how far they may be from those of another run.

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from nbval import plugin

from tapx.chapters import stored_results
from tapx.chapters.stored_results import LedgerError


def install() -> None:
    """Change nbval's classes for this process; twice is as once."""
    if getattr(plugin.IPyNbCell, "compares_claims", False):
        return
    collect = plugin.IPyNbFile.collect
    runtest = plugin.IPyNbCell.runtest

    def collect_run(self: Any) -> Iterator[Any]:
        for item in collect(self):
            if item.cell.execution_count is None:
                item.cell.execution_count = 0
            yield item
        try:
            stored_results.claims_of(self.nb, self.name)
        except LedgerError as error:
            raise self.CollectError(str(error)) from None

    def leave_to_runtest(self: Any, *outputs: Any, **options: Any) -> bool:
        return True

    def runtest_and_compare(self: Any) -> None:
        runtest(self)
        if self.options["skip"]:
            return
        problems = cell_differences(
            self.cell, self.test_outputs, printed=self.parent.compare_outputs
        )
        if problems:
            self.raise_cell_error("Stored results differ", "\n".join(problems))

    plugin.IPyNbFile.collect = collect_run
    plugin.IPyNbCell.compare_outputs = leave_to_runtest
    plugin.IPyNbCell.runtest = runtest_and_compare
    plugin.IPyNbCell.compares_claims = True


def cell_differences(cell: Any, fresh: list[Any], *, printed: bool = True) -> list[str]:
    """What a re-run changed in the outputs of one cell, one line each.

    If `printed` is false, as under ``--nbval-lax``, only what the ledger shows counts.
    """
    if cell.source.rstrip().endswith(";"):  # IPython looks for it in the history,
        # which nbval does not keep.
        fresh = [one for one in fresh if one["output_type"] != "execute_result"]
    stored = plugin.coalesce_streams(copy.deepcopy(list(cell.outputs)))
    lines = stored_results.notebook_differences(
        {"cells": [{"outputs": stored}]}, {"cells": [{"outputs": fresh}]}
    )
    if not printed:
        return lines
    tags = cell.metadata.get("tags", ())
    return lines + stored_results.printed_differences(stored, fresh, tags)
