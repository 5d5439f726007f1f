"""A claim about nothing, for tests of the pages that cite claims."""

from tapx.chapters.claims import Claim


def entry(id, verdict="holds", result="Lemma F.1", chapter="kernels"):
    return Claim(
        id=id,
        statement=f"about {id}",
        measured=1.0,
        relation="<",
        reference=2.0,
        verdict=verdict,
        result=result,
        source="bound",
        chapter=chapter,
    )
