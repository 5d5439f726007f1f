"""Exponentials and powers of the lag: what differs between the two kinds of heads."""

from tapx.checks import one_of

FAMILIES = ("exponential", "power")


def first_lag(family: str) -> int:
    """The first lag a family can see: 0 for exponentials, 1 for powers."""
    return 0 if one_of(family, FAMILIES, "family") == "exponential" else 1


def heads_to_recall(lag: int, family: str = "exponential") -> int:
    """The fewest heads that recall a lag better than no head at all.

    ``lag + 1`` exponentials or ``lag`` powers. With fewer, any rates and any weights
    leave an l1 distance of at least 1 to the delta; with as many, the distance can be
    as small as one likes (proved in the chapter on kernels; not in the paper).

    Raises:
        ValueError: for a lag below 0 (exponential) or 1 (power), or another family.
    """
    first = first_lag(family)
    if lag < first:
        raise ValueError(f"lag {lag}: the nearest valid lag is {first}")
    return lag + 1 - first
