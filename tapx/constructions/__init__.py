"""The constructions of the theorems: a target in, weights out, with guaranteed error.

``constructions.fixed`` builds the network of Theorem 3.1 (fixed memories).
"""

from tapx.constructions.built import Built
from tapx.constructions.fixed import allocate, fixed

__all__ = ["Built", "allocate", "fixed"]
