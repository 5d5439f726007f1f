"""The rows of the paper with the verdicts of the ledger."""

import pytest
from made_claims import entry

from tapx.chapters import paper_rows
from tapx.chapters.claims import FAILS, VERDICTS


def told(id, *uses, **numbers):
    empty = dict.fromkeys(("certified", "best known"))
    return {"id": id, "name": id, "uses": list(uses), **empty, **numbers}


def rows(*all_told, claims=()):
    return {row.id: row for row in paper_rows.paper_rows(all_told, claims)}


def about(name, id, verdict="holds"):
    return entry(id, verdict, result=name)


def test_every_verdict_has_its_place():
    assert set(paper_rows.TELLING) == {*VERDICTS, FAILS}


def test_the_most_telling_verdict_is_shown():
    claims = [
        about("A", "a/one"),
        about("A", "a/two", "sharper than stated"),
        about("A", "a/three"),
        about("B", "b/one", "contradicted as printed"),
    ]
    found = rows(told("A"), told("B"), told("C"), claims=claims)
    assert found["A"].verdicts == {"sharper than stated": 1, "holds": 2}
    assert [row.verdict for row in found.values()] == [
        "sharper than stated",
        "contradicted as printed",
        "not available",
    ]


def test_a_proof_may_fail_where_the_statement_stands():
    (against,) = {"thm-5.1/log-lag-zero-error"} & paper_rows.OF_THE_STATEMENT
    claims = [
        about("A", "a/a-step", "contradicted as printed"),
        about("B", against, "contradicted as printed"),
    ]
    found = rows(told("A"), told("B"), told("C"), claims=claims)
    stands = [(row.statement_stands, row.proof_stands) for row in found.values()]
    assert stands == [(True, False), (False, True), (True, True)]


def test_dark_is_what_stands_on_dark_alone():
    claims = [about("lemma", "a/b")]
    found = rows(
        told("thm", "lemma", certified=0.1),
        told("lemma"),
        told("open"),
        told("high", "thm", "open", certified=0.1),
        told("exp-1", "thm"),
        told("exp-2", "thm", **{"best known": 0.1}),
        claims=claims,
    )
    assert paper_rows.dark(found.values()) == {"thm", "lemma", "exp-2"}


@pytest.mark.parametrize(
    ("uses", "message"),
    [
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, "a circle: b -> c -> b"),
        ({"a": ["lema"], "lemma": []}, "a rests on 'lema'; the nearest row is 'lemma'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(uses, message):
    with pytest.raises(ValueError, match=message):
        paper_rows.levels(uses)


def test_levels():
    uses = {"a": ["b", "c"], "b": ["c"], "c": []}
    assert paper_rows.levels(uses) == {"a": 2, "b": 1, "c": 0}
