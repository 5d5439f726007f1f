"""papermill's engine, which writes a notebook around all its cells, not around each."""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, papermill_engines

NAME = "tapx"
"""What papermill knows the engine by, once this module is imported."""


class AroundAll(NBClientEngine):
    """The notebook is written before it runs, and when it has ended in whatever way.

    Twice a cell, as papermill does it, is a second or two for a chapter: as much as
    many of them compute at smoke size.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, *words: Any, **options: Any) -> None:
        """Execute without a place to write to; papermill writes before and after."""
        place, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, *words, **options)
        finally:
            nb_man.output_path = place


papermill_engines.register(NAME, AroundAll)
