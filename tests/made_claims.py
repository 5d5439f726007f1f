"""A claim about nothing, for tests of the pages that cite claims."""

from tapx.chapters.claims import Claim


def entry(id, verdict="holds", **change):
    words = {"statement": f"about {id}", "result": "Lemma F.1", "chapter": "kernels"}
    numbers = {"measured": 1.0, "relation": "<", "reference": 2.0, "source": "bound"}
    return Claim(id=id, verdict=verdict, **{**words, **numbers, **change})
