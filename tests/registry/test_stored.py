"""Schemas that registries and lock files hold, though no author may write them."""

from __future__ import annotations

import logging
from operator import attrgetter
from typing import Any

import pytest
from tests.in_one_test import in_one_test
from tests.registry.scripted import ScriptedServer, answer
from tests.schema.stored.cases import CASES, Case

from streamcontract import Codec, parse_schema
from streamcontract.kafka import ContractDeserializer
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import StoredSchemaError
from streamcontract.registry.lock import Lock, LockedSchema, canonical_fingerprint
from streamcontract.schema import STORED
from streamcontract.wire import frame

READ = [case for case in CASES if case.clause and not case.references]


@pytest.mark.parametrize("case", READ, ids=attrgetter("id"))
def test_the_registry_may_hold_it(
    case: Case, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It is fetched once, its data are read, and what was forgiven is logged once."""
    scripted.then(answer(200, {"schema": case.text}))
    with (
        caplog.at_level(logging.INFO, "streamcontract.registry"),
        SchemaRegistry(scripted.url) as registry,
    ):
        schema = registry.schema_by_id(7)
        assert registry.schema_by_id(7) is schema
    Codec(schema).decode(case.data)
    logged = [record.getMessage() for record in caplog.records]
    assert logged == [f"schema id 7: {each}" for each in schema.forgiven]


@in_one_test(READ, attrgetter("id"))
def test_a_lock_may_hold_it(case: Case) -> None:
    """As the lock command writes it down: self-contained, with its fingerprint."""
    schema = parse_schema(case.text, leniency=STORED)
    locked = LockedSchema(fingerprint=canonical_fingerprint(schema), schema=schema.inlined_json)
    lock = Lock(environment="prod", contracts={}, schemas={7: locked})
    again = lock.schema_of(7)
    assert again is not None
    assert Codec(again).decode(case.data) == Codec(schema).decode(case.data)


@pytest.mark.parametrize(
    "name", ["two-versions/enum", "two-versions/record", "refused/two-versions-otherwise"]
)
def test_references_to_two_versions(scripted: ScriptedServer, name: str) -> None:
    """Versions that write the same are read; others are refused, since one name has two."""
    case = next(each for each in CASES if each.id == name)
    (first, _), (user, _), (second, _) = case.references

    def stored(text: str, number: int, *references: tuple[str, int]) -> dict[str, Any]:
        return {
            "subject": f"s{number}",
            "version": number,
            "id": number,
            "schema": text,
            "references": [
                {"name": subject, "subject": subject, "version": version}
                for subject, version in references
            ],
        }

    scripted.then(
        answer(200, stored(case.text, 1, ("B", 1), ("A", 2))),
        answer(200, stored(user, 2, ("A", 1))),
        answer(200, stored(first, 3)),
        answer(200, stored(second, 4)),
    )
    with SchemaRegistry(scripted.url) as registry:
        if case.clause is None:
            with pytest.raises(StoredSchemaError, match="define A in two ways"):
                registry.schema_by_id(1)
        else:
            schema = registry.schema_by_id(1)
            assert schema.forgiven[0].clause.id == case.clause
            assert Codec(schema).decode(case.data)["a"]


def test_an_alias_mends_an_illegal_name(scripted: ScriptedServer) -> None:
    """What Debezium wrote is read into the type and the field that replace it."""
    text = """{"type": "record", "name": "Value", "namespace": "db-server.inventory",
      "fields": [{"name": "größe", "type": "int"}]}"""
    scripted.then(answer(200, {"schema": text}))
    reader: Codec[Any] = Codec(
        {
            "type": "record",
            "name": "com.example.Product",
            "aliases": ["db-server.inventory.Value"],
            "fields": [{"name": "size", "type": "int", "aliases": ["größe"]}],
        }
    )
    with SchemaRegistry(scripted.url) as registry:
        read = ContractDeserializer(reader, registry=registry)
        assert read(frame(7, b"\x2a")) == {"size": 21}
