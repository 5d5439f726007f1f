"""All that is stored has the form that a schema with a version describes."""

import dataclasses
import json

import pytest
from jsonschema import Draft202012Validator
from made_claims import entry
from referencing import Registry, Resource

from tapx import witnesses
from tapx.chapters import claims, notebooks, records
from tapx.chapters.claim_views import CLAIM_MIME
from tapx.chapters.claims import Claim
from tapx.chapters.stored_results import held, stored_claims

TAPX = notebooks.ROOT / "tapx"
FILES = {
    "claims": TAPX / "chapters/schemas/claims.json",
    "records": TAPX / "chapters/schemas/records.json",
    "witnesses": TAPX / "found/schema.json",
}
SCHEMAS = {
    name: json.loads(path.read_text(encoding="utf-8")) for name, path in FILES.items()
}
KNOWN = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)
STORED = {"$ref": SCHEMAS["claims"]["$id"] + "#/$defs/claim"}
PRINTED, RECORD, WITNESSES = SCHEMAS.values()
RECORDS = sorted((notebooks.book_directory() / "records").glob("*/*.json"))


def problems(data, schema):
    found = Draft202012Validator(schema, registry=KNOWN).iter_errors(data)
    return [f"{error.json_path}: {error.message}" for error in found]


def misfits(data, optional=()):
    """Copies with one key more, and with one key less each."""
    yield {**data, "planted": 1}
    needed = data.keys() - set(optional)
    yield from ({k: v for k, v in data.items() if k != key} for key in needed)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_states_its_version(name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    version = {"records": records.FORMAT, "witnesses": witnesses.FORMAT}.get(name, 1)
    assert SCHEMAS[name]["$id"] == f"urn:tapx:{name}:{version}"
    if name != "claims":  # a claim stands in an output, and does not repeat it
        assert SCHEMAS[name]["properties"]["format"] == {"const": version}


def test_the_schema_of_claims_has_the_words_of_the_code():
    sentence, claim = (PRINTED["$defs"][name] for name in ("sentence", "claim"))
    known = sentence["properties"] | claim["properties"]
    assert known.keys() == {field.name for field in dataclasses.fields(Claim)}
    words = {
        "verdict": (*claims.VERDICTS, claims.FAILS),
        "relation": claims.RELATIONS,
        "source": claims.SOURCES,
        "kind": claims.KINDS,
        "role": claims.ROLES,
    }
    for name, allowed in words.items():
        assert known[name]["enum"] == list(allowed)
    needed = {*sentence["required"], *claim["required"]}
    assert known.keys() - needed == {"chapter", "role", "setting"}


def test_claims_as_printed_and_as_stored():
    printed = [claim.as_dict() for claim in stored_claims()]
    assert problems(printed, PRINTED) == []
    stored = [
        claim
        for chapter in notebooks.notebook_files()
        for claim in held(notebooks.load(chapter.path), CLAIM_MIME)
    ]
    assert len(stored) == len(printed)
    assert problems(stored, {"items": STORED}) == []


@pytest.mark.parametrize("path", RECORDS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_stored_record(path):
    assert problems(json.loads(path.read_text(encoding="utf-8")), RECORD) == []


def test_a_key_more_or_less_does_not_pass():
    claim = entry("a/b").as_dict()
    assert problems([claim], PRINTED) == []
    assert all(problems([bad], PRINTED) for bad in misfits(claim))
    record = json.loads(RECORDS[0].read_text(encoding="utf-8"))
    assert all(problems(bad, RECORD) for bad in misfits(record, ("format", "results")))
    answer = next(iter(witnesses.stored().values()))
    for bad in ({**answer, "planted": 1}, {**answer, "claim": None}):
        assert problems({"format": 1, "entries": [bad]}, WITNESSES)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "hold"},
        {"role": "sharp"},
        {"setting": ""},
        {"reference": None},
        {"relation": "~"},
        {"tolerance": 0.1},
        {"rounding": 1e-9},
        {"kind": "timed", "relation": "=="},
    ],
)
def test_what_the_ledger_refuses_does_not_pass(change):
    good = {**entry("a/b").as_dict(), "role": "check", "setting": "one seed"}
    assert problems([good], PRINTED) == []
    assert problems([{**good, **change}], PRINTED)
