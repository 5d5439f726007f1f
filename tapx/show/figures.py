"""One look for every figure of the book.

Call :func:`style` once, in the first code cell after the parameters. A figure must be
readable in greyscale and by colour-blind readers, so no two series differ by colour
alone: :func:`series` gives each its own lightness, line style and marker together.

Alt text cannot be set from here. It belongs to the cell that shows the figure::

    {"mystnb": {"image": {"alt": "what a reader who cannot see it should know"}}}

Example:
    >>> tapx.figures.size("pair"), tapx.figures.role("bound")["marker"]
    ((7.25, 3.25), '^')
"""

from __future__ import annotations

from typing import Any, Final

from tapx.checks import at_least, one_of

Series = dict[str, Any]
"""Keyword arguments for ``Axes.plot`` that tell one series from the others."""

COLOURS: Final = (
    "#005B8E",  # blue
    "#D55E00",  # vermilion
    "#0B1F3A",  # ink
    "#CC79A7",  # rose
    "#6B1C45",  # wine
    "#008060",  # green
)
"""Six colours in the hues of Okabe and Ito, shifted so that their lightness differs.

Neighbours in the tuple are far apart in lightness, so a figure with few series, which
takes them from the front, has the strongest contrast. Each stands out from white by a
contrast of at least 3 to 1.
"""

_LINESTYLES: Final = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
)
_MARKERS: Final = ("o", "s", "X", "^", "D", "v")

ROLES: Final = {"best": 0, "trained": 1, "published": 2, "bound": 3}
"""What a series is, to its place among the colours: the same in every chapter."""

# Inches; quarters, so that every side is a whole number of dots.
_SIZES: Final = {
    "wide": (7.25, 3.75),
    "tall": (7.25, 5.5),
    "square": (4.75, 4.5),
    "pair": (7.25, 3.25),
}
_DPI: Final = 144
# Without this entry each file names the version of matplotlib that wrote it, and the
# same figure would not be the same file after an upgrade.
PNG_METADATA: Final[dict[str, str | None]] = {"Software": None}


def series(index: int, **changes: Any) -> Series:
    """Return colour, line style and marker of the series at a place of the figure.

    From the seventh on the colours start again with the next marker, so that all pairs
    stay distinct up to 36 series. What is to be otherwise, such as ``marker=""``, is
    said by name. The index is at least 0 (ValueError).
    """
    at_least(0, index=index)
    lap, place = divmod(index, len(COLOURS))
    return {
        "color": COLOURS[place],
        "linestyle": _LINESTYLES[place],
        "marker": _MARKERS[(place + lap) % len(_MARKERS)],
        **changes,
    }


def role(name: str, **changes: Any) -> Series:
    """Return the series of a role: "best" (possible), "trained", "published", "bound".

    ValueError for any other.
    """
    return series(ROLES[one_of(name, ROLES, "role")], **changes)


def size(kind: str) -> tuple[float, float]:
    """Return the width and height in inches, for ``figsize``, of one kind of figure.

    "wide" (one plot across the page), "tall" (the same width, more height), "pair" (two
    plots side by side) or "square"; ValueError for any other.
    """
    return _SIZES[one_of(kind, _SIZES, "kind")]


def style() -> None:
    """Set the look of all figures drawn after this call, whatever was set before.

    Inside a notebook this also fixes how figures are stored: PNG at 144 dots an inch,
    the full canvas, and no program version in the file, so that two runs with the same
    numbers store the same bytes.
    """
    from IPython.core.getipython import get_ipython
    from matplotlib import style as look

    # A matplotlibrc of the user's may have set anything.
    look.use(["default", _parameters()])
    if get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("png", bbox_inches=None, metadata=PNG_METADATA)


def _parameters() -> dict[str, Any]:
    from cycler import cycler

    grey = "#5A6570"
    looks = cycler(color=COLOURS, linestyle=_LINESTYLES, marker=_MARKERS)
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": grey,
        "axes.grid": True,
        "axes.labelcolor": "#1F2933",
        "axes.prop_cycle": looks,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "figure.constrained_layout.use": True,
        "figure.dpi": _DPI,
        "figure.facecolor": "white",
        "figure.figsize": _SIZES["wide"],
        # The font that matplotlib itself ships: the same on every machine.
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "grid.color": "#DDE2E7",
        "grid.linewidth": 0.7,
        "legend.fontsize": 9,
        "legend.frameon": False,
        # Long enough to show the line style between the markers.
        "legend.handlelength": 3.2,
        "lines.linewidth": 1.6,
        "lines.markersize": 5,
        "mathtext.fontset": "dejavusans",
        "savefig.dpi": _DPI,
        "savefig.facecolor": "white",
        "xtick.color": grey,
        "ytick.color": grey,
    }
