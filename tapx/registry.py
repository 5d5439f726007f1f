"""All rows of the paper together: its results and its experiments, by id."""

from __future__ import annotations

from tapx.experiments.rows import EXPERIMENTS
from tapx.result import Result
from tapx.theorems.rows import RESULTS


class Results(dict[str, Result]):
    """The sixteen results and eight experiments of the paper, by id.

    Raises:
        KeyError: no row has this id.

    Example:
        >>> row = tapx.results["thm-3.1"]
        >>> row.uses
        ('lemma-F.1', 'lemma-F.4', 'lemma-G.6')
        >>> row.useful_from  # heads at which the bound beats doing nothing
        7395
    """


ROWS = Results({row.id: row for row in (*RESULTS, *EXPERIMENTS)})
