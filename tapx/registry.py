"""All rows of the paper together: its results and its experiments, by id."""

from __future__ import annotations

from tapx.experiments.rows import EXPERIMENTS
from tapx.result import Result
from tapx.theorems.rows import RESULTS

ROWS: dict[str, Result] = {row.id: row for row in (*RESULTS, *EXPERIMENTS)}
