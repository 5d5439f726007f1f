"""Small tables for notebook outputs: HTML for the page, aligned text for the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from tapx.decimals import outward as outward  # offered here too


class Table:
    """A table that a notebook shows when it is a cell's last line.

    Args:
        head: names of the columns.
        rows: one sequence of cells for each row, of the length of `head`. Numbers
            are shown as given: round them first.
        caption: what the table shows, in a few words; read out to readers who do
            not see it.

    Raises:
        ValueError: a row of another length than the head.

    Example:
        >>> tapx.Table(["heads", "error"], [[2, "0.5"], [12, "0.1"]], "Errors")
        heads  error
        2      0.5
        12     0.1
    """

    def __init__(
        self, head: Sequence[str], rows: Iterable[Sequence[Any]], caption: str
    ) -> None:
        """Keep the cells as text."""
        self.head = list(map(str, head))
        self.rows = [list(map(str, row)) for row in rows]
        self.caption = caption
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(
                    f"row {row} has {len(row)} cells: the head has {len(self.head)}"
                )

    def _repr_html_(self) -> str:
        rows = (html_row(map(escape, row)) for row in self.rows)
        return html_table(scroll_box(self.caption), self.head, rows)

    def __repr__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        padded = (map(str.ljust, line, widths) for line in lines)
        return "\n".join("  ".join(cells).rstrip() for cells in padded)


def html_row(cells: Iterable[str], opening: str = "<tr>") -> str:
    """A row of cells that are HTML."""
    return opening + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def html_table(box: str, head: Iterable[str], rows: Iterable[str]) -> str:
    """A table in a `scroll_box`, of names of columns and rows that are HTML."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return (
        f"{box}<table><thead><tr>{names}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def scroll_box(label: str, kind: str = "tapx-table") -> str:
    """Opening tag of a box that scrolls, also by keyboard, where a page is narrow."""
    return (
        f'<div class="{kind}" style="overflow-x: auto" tabindex="0" role="region" '
        f'aria-label="{escape(label)}">'
    )


def number(value: float, form: str = ".3f") -> str:
    """A trained number as tables print it, or what an infinite one stands for."""
    return format(value, form) if math.isfinite(value) else "diverged"


def digits(error: float) -> str:
    """An error in two digits, or what it stands for."""
    return number(error, ".1e")


def rounded_up(bound: float) -> str:
    """Three digits of an upper bound, rounded up so that it stays one."""
    return f"{float(outward(bound, 3)):.2e}"


def rounded_down(bound: float) -> str:
    """Three digits of a lower bound, rounded down; a dash where there is none."""
    return f"{float(outward(bound, 3, up=False)):.2e}" if bound > 0 else "–"


def counted(how_many: int, what: str) -> str:
    """A number of things in words: "1 head", "256 neurons"."""
    return f"{how_many} {what}{'' if how_many == 1 else 's'}"
