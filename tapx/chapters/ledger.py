"""The ledger: what chapters call to state results and to report numbers.

A chapter calls `claim` where a result is reached, `report` for a number that the
prose quotes, and `claims_table` at its end. Each call writes its full content
into the cell's output, so that the stored notebooks are the one source for the
scoreboard, for ``python -m tapx claims`` and for the comparison with a re-run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, SupportsFloat

from tapx import witnesses
from tapx.chapters.claim_views import (
    GLUE_PREFIX,
    RESULTS_MIME,
    WITNESSES_MIME,
    render,
    render_report,
    render_table,
    reported_text,
)
from tapx.chapters.claims import KINDS, Claim, evaluate, finite_number
from tapx.checks import one_of

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_session: dict[str, Claim] = {}


@wraps(evaluate, assigned=("__doc__",))  # so help shows its arguments and its words
def claim(*args: Any, **options: Any) -> None:  # noqa: D103
    searched = bool(witnesses.searched)
    entry = replace(evaluate(*args, **options), searched=searched)
    _session[entry.id] = entry
    _display(render(entry))


def report(
    name: str,
    value: SupportsFloat | str,
    format: str = ".4g",
    *,
    kind: str = "certified",
) -> None:
    """Glue a number (or a word) that the prose quotes as {glue:text}`name`.

    Who runs the notebook by hand also sees it below the cell.

    Args:
        name: key in letters, digits, points, hyphens and underscores.
        value: finite number, or text.
        format: format specification for a number such as ".3g", or a template
            such as "{:.1%}". Whole numbers keep all digits under the default.
        kind: what it rests on, see `claim`. The texts of "certified" and "computed"
            numbers must be equal in a re-run; the others are not compared.

    Raises:
        TypeError: the value is neither a real number nor text.
        ValueError: any other argument is outside what is allowed.

    Example:
        >>> tapx.report("half", 1 / 2, ".2f")  # {glue:text}`half` then shows 0.50
    """
    if not _KEY.fullmatch(name):
        raise ValueError(
            f"name {name!r}: allowed are letters, digits, points, hyphens, underscores"
        )
    one_of(kind, KINDS, "kind")
    content: dict[str, Any] = {
        "name": name,
        "value": value if isinstance(value, str) else finite_number(name, value),
        "format": format,
        "kind": kind,
    }
    # The form of myst_nb.glue(name, text, display=False), which would import Sphinx.
    metadata = {"scrapbook": {"name": name, "mime_prefix": GLUE_PREFIX}}
    shown = render_report(content)
    if _is_watched():
        shown["text/plain"] = f"{name}: {reported_text(content)}"
    _display(shown, metadata)


def reports(
    numbers: Mapping[str, SupportsFloat | str], format: str = ".4g", **options: Any
) -> None:
    """Report several numbers (or words) by name, all in one format and of one kind.

    Args:
        numbers: what `report` takes, by name.
        format: of each of them, as in `report`.
        options: as in `report`.

    Raises:
        TypeError: as `report`.
        ValueError: as `report`.

    Example:
        >>> tapx.reports({"half": 1 / 2, "third": 1 / 3}, ".2f", kind="computed")
    """
    for name, value in numbers.items():
        report(name, value, format, **options)


def keep(rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep detailed results, one flat dict a row, for the record of the run.

    They are in the notebook's outputs, where no reader sees them, and under
    ``results`` in the record that ``python -m tapx run`` writes. Only plain JSON data.

    Example:
        >>> tapx.keep([{"heads": 2, "error": 0.5}, {"heads": 4, "error": 0.25}])
        2 rows kept for the record
    """
    rows = [dict(row) for row in rows]
    text = f"{len(rows)} rows kept for the record"
    _display({RESULTS_MIME: rows, "text/plain": text})


def claims_table() -> None:
    """Show the claims made so far in this session as a table.

    The output also holds, where no reader sees it, which stored witnesses the session
    asked for and what it had to search. Cells that follow, those of the exercises, show
    in the same way what they ask for.

    Example:
        >>> tapx.claim("example/one", 1, "==", 1, "one is one", source="computed")
        [holds] one is one (measured 1 = computed 1) example/one
        >>> tapx.claims_table()
        [holds] one is one (measured 1 = computed 1) example/one
    """
    from IPython.core.getipython import get_ipython

    _display(render_table(_session.values()) | {WITNESSES_MIME: witnesses.used()})
    session, shown = get_ipython(), witnesses.used()

    def show_more(_result: Any) -> None:
        nonlocal shown
        if witnesses.used() != shown:
            shown = witnesses.used()
            _display({WITNESSES_MIME: shown})

    if session is not None:
        session.events.register("post_run_cell", show_more)


def _is_watched() -> bool:
    """Whether somebody sits at the kernel: what runs and tests ask of it has no input.

    So the outputs that are stored, and the pages made of them, stay as they are.
    """
    from IPython.core.getipython import get_ipython

    return bool(getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False))


def _display(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display(data, raw=True, metadata=metadata)
    elif "text/plain" in data:  # a plain Python session
        print(data["text/plain"])
