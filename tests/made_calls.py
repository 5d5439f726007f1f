"""One function, refused with several arguments."""

import functools


def each(function, *arguments):
    """The calls of a function, one for each argument; a tuple is several at once."""
    return tuple(
        functools.partial(function, *(one if isinstance(one, tuple) else (one,)))
        for one in arguments
    )
