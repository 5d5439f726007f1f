"""Objects changed by a hundredth, in all their numbers: what a claim should follow."""

from __future__ import annotations

import copy
import dataclasses
import functools
import numbers
import random
import types
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import torch

DEPTH = 6  # of attributes and containers in each other
FLINT = (
    *(flint.arb, flint.acb, flint.fmpq),
    *(flint.arb_mat, flint.acb_mat, flint.fmpq_mat),
)


class Change:
    """How an object is changed.

    Args:
        mixed: 0, all real numbers grow by 1 %; another number, about half of them fall
            by 1 %, drawn by it, so that the ratio of two of them changes under one
            number or another.
        whole: whether whole numbers grow, too, by 1.
    """

    def __init__(self, mixed: int = 0, whole: bool = False) -> None:
        self.mixed, self.whole = mixed, whole
        self.drawn = random.Random(mixed)

    def up(self) -> bool:
        """Whether the next number grows."""
        return not self.mixed or self.drawn.random() < 0.5

    def share(self) -> Fraction:
        """What the next number is multiplied by."""
        return Fraction(101, 100) if self.up() else Fraction(99, 100)


def perturbed(value: Any, how: Change, depth: int = DEPTH) -> tuple[Any, bool]:
    """A copy with its real numbers changed by 1 %, and whether there was one.

    Args:
        value: any data.
        how: what is changed, and up or down.
        depth: how many containers and attributes deep numbers are looked for.
    """
    if isinstance(value, (bool, str, bytes, type(None), type, types.FunctionType)):
        return value, False
    if isinstance(value, numbers.Integral):
        return (type(value)(value + 1), True) if how.whole else (value, False)
    if isinstance(value, np.ndarray):
        return _changed_array(value, how, depth)
    for change in (_changed_number, _changed_torch):
        found = change(value, how)
        if found is not None:
            return found, True
    if depth == 0:
        return value, False
    if isinstance(value, dict):
        pairs = {k: perturbed(v, how, depth - 1) for k, v in value.items()}
        new = copy.copy(value)
        new.update({k: v for k, (v, _) in pairs.items()})
        return new, any(hit for _, hit in pairs.values())
    if isinstance(value, (type({}.values()), type({}.items()))):
        value = list(value)
    if isinstance(value, (list, tuple)):
        items = [perturbed(one, how, depth - 1) for one in value]
        parts = [one for one, _ in items]
        kind = type(value)
        made = kind(*parts) if hasattr(value, "_fields") else kind(parts)
        return made, any(hit for _, hit in items)
    return _changed_object(value, how, depth)


def _changed_array(value: Any, how: Change, depth: int) -> tuple[Any, bool]:
    if value.dtype.kind in "fc":
        signs = np.array([how.up() for _ in range(value.size)]).reshape(value.shape)
        return value * np.where(signs, 1.01, 0.99), bool(value.size)
    if value.dtype.kind in "iu":
        return (value + 1, bool(value.size)) if how.whole else (value, False)
    if value.dtype.kind == "O":
        new, hits = value.copy(), []
        for place, one in enumerate(value.flat):
            new.flat[place], hit = perturbed(one, how, depth - 1)
            hits.append(hit)
        return new, any(hits)
    return value, False


def _changed_number(value: Any, how: Change) -> Any:
    if isinstance(value, Fraction):
        return value * how.share()
    if isinstance(value, FLINT):
        return value * how.share().numerator / 100
    if isinstance(value, flint.fmpz):
        return value + 1 if how.whole else None
    if isinstance(value, (numbers.Real, numbers.Complex)):
        return type(value)(value * float(how.share()))
    return None


def _changed_torch(value: Any, how: Change) -> Any:
    if isinstance(value, torch.nn.Module):
        new = copy.deepcopy(value)
        with torch.no_grad():
            for tensor in (*new.parameters(), *new.buffers()):
                if tensor.is_floating_point():
                    tensor.mul_(_factors(tensor, how))
        return new
    if isinstance(value, torch.Tensor):
        if value.is_floating_point() or value.is_complex():
            return value.detach() * _factors(value, how)
        return value + 1 if how.whole and value.dtype != torch.bool else None
    return None


def _factors(tensor: Any, how: Change) -> Any:
    factors = [1.01 if how.up() else 0.99 for _ in range(tensor.numel())]
    return torch.tensor(factors, dtype=tensor.real.dtype).reshape(tensor.shape)


def _changed_object(value: Any, how: Change, depth: int) -> tuple[Any, bool]:
    """A copy with changed attributes, and without what its properties had cached."""
    names = list(getattr(value, "__dict__", ()))
    for kind in type(value).__mro__:
        slots = getattr(kind, "__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)] + names
    try:
        new = copy.copy(value)
    except Exception:
        return value, False
    if new is value:  # there is one of its kind, such as a family of heads
        return value, False
    changed = False
    for name in dict.fromkeys(names):
        kept = getattr(type(value), name, None)
        if isinstance(kept, functools.cached_property):
            getattr(new, "__dict__", {}).pop(name, None)
        elif hasattr(value, name) and not name.startswith("__"):
            after, hit = perturbed(getattr(value, name), how, depth - 1)
            if hit:
                try:
                    object.__setattr__(new, name, after)
                except (AttributeError, TypeError):
                    continue
                changed = True
    return new, changed
