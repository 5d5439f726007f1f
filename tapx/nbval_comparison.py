"""What nbval compares when it re-executes the book's notebooks.

nbval compares strings. The stored notebooks have no execution counts, carry numbers
with their own tolerances, and hold nothing that went to standard error, so that
``book/conftest.py`` installs these changes:

- a cell without an execution count is compared like any other;
- claims, reported numbers and the table of claims are compared as numbers, each
  within its tolerance, even in a cell tagged ``nbval-ignore-output``;
- a cell tagged ``within-factor-10`` or ``within-1e-3`` beside ``nbval-ignore-output``
  has its printed numbers compared that closely, and its words exactly;
- standard error and the pixels of glued figures are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbval import plugin

from tapx import stored_results
from tapx.claim_views import GLUE_PREFIX
from tapx.stored_results import LedgerError

GLUED_FIGURE = GLUE_PREFIX + "image/png"


def install() -> None:
    """Change nbval's classes for this process; twice is as once."""
    if getattr(plugin.IPyNbCell, "compares_claims", False):
        return
    collect = plugin.IPyNbFile.collect
    compare_outputs = plugin.IPyNbCell.compare_outputs
    runtest = plugin.IPyNbCell.runtest

    def collect_run(self: Any) -> Iterator[Any]:
        for item in collect(self):
            if item.cell.execution_count is None:
                item.cell.execution_count = 0
            yield item
        try:
            stored_results.verify(self.nb, self.name)
        except LedgerError as error:
            raise self.CollectError(str(error)) from None

    def compare_other_outputs(
        self: Any, test: Any, ref: Any, skip_compare: Any = None
    ) -> bool:
        test = stored_results.without_ledger(test)
        ref = stored_results.without_ledger(ref)
        # Like the figures that a cell shows, those that it glues differ in their
        # pixels between machines.
        skipped = (*(skip_compare or self.parent.skip_compare), GLUED_FIGURE)
        return bool(compare_outputs(self, test, ref, skipped))

    def runtest_and_compare(self: Any) -> None:
        runtest(self)
        if self.options["skip"]:
            return
        problems = cell_differences(self.cell, self.test_outputs)
        if problems:
            self.raise_cell_error("Stored results differ", "\n".join(problems))

    plugin.IPyNbFile.collect = collect_run
    plugin.IPyNbCell.compare_outputs = compare_other_outputs
    plugin.IPyNbCell.runtest = runtest_and_compare
    plugin.IPyNbCell.compares_claims = True


def cell_differences(cell: Any, fresh: list[Any]) -> list[str]:
    """What a re-run changed in the numbers of one cell, one line each.

    Args:
        cell: the stored cell.
        fresh: the outputs of the re-run.
    """
    stored = list(cell.outputs)
    lines = stored_results.notebook_differences(
        {"cells": [{"outputs": stored}]}, {"cells": [{"outputs": fresh}]}
    )
    tag = stored_results.within_tag(cell.metadata.get("tags", ()))
    if tag is not None:
        stored = stored_results.without_ledger(stored)
        fresh = stored_results.without_ledger(fresh)
        lines += stored_results.text_differences(stored, fresh, tag)
    return lines
