"""The book as stored: cells, prose and claims, each read once."""

from functools import cache

from tapx.chapters import notebooks, stored_results

BOOK = notebooks.book_directory()


@cache
def cells(name):
    """The cells of a notebook by their ids."""
    return {cell.id: cell for cell in notebooks.load(BOOK / f"{name}.ipynb").cells}


def text(name, *ids):
    """What stands in these cells, or in all, its line breaks as spaces."""
    every = cells(name)
    return " ".join(" ".join(every[id].source for id in ids or every).split())


def prose(name):
    words = (id for id, one in cells(name).items() if one.cell_type == "markdown")
    return text(name, *words)


@cache
def claims():
    """All claims by their ids."""
    return {claim.id: claim for claim in stored_results.stored_claims()}
