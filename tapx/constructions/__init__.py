"""The constructions of the theorems: a target in, weights out, with guaranteed error.

``constructions.fixed`` builds the network of Theorem 3.1 (fixed memories),
``adaptive`` that of Theorem 4.1, ``tmx`` of Proposition 4.3, ``nested`` of Theorem 4.4
and ``deep`` of Proposition 4.5.
"""

from tapx.constructions.adaptive import adaptive, deep, nested, tmx
from tapx.constructions.built import Built
from tapx.constructions.built_essential import BuiltEssential
from tapx.constructions.built_stages import BuiltStages
from tapx.constructions.essential import essential
from tapx.constructions.fixed import allocate, fixed

__all__ = [
    "Built",
    "BuiltEssential",
    "BuiltStages",
    "adaptive",
    "allocate",
    "deep",
    "essential",
    "fixed",
    "nested",
    "tmx",
]
