"""What the native engine makes is kept from the garbage collector only where no cycle can arise."""

from __future__ import annotations

import functools
import gc
import uuid
import weakref
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.codec.test_engines import bound, needs_native
from tests.searching import examples

from streamcontract import Codec, Stock, parse_schema
from streamcontract.codec import Contract, Duration
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, records, schemas

pytestmark = needs_native


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portable engine makes records as any Python code does."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", "native")


# The fixture only sets the environment.
over_schemas = settings(
    deadline=None,
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def is_record(value: Any) -> bool:
    """Whether a value is an instance of a bound class; enums have a contract too."""
    return hasattr(type(value), "__contract__") and attrs.has(type(value))


def parts(record: Any) -> tuple[Any, ...]:
    """What a record holds."""
    return tuple(getattr(record, field.name) for field in attrs.fields(type(record)))


def is_open(value: Any) -> bool:
    """Whether something can be put into a value, or into what it holds."""
    if is_record(value):
        return any(is_open(part) for part in parts(value))
    return isinstance(value, list | dict)


def records_in(value: Any) -> list[Any]:
    """All records in a value, itself among them."""
    match value:
        case list():
            return [record for each in value for record in records_in(each)]
        case dict():
            return records_in(list(value.values()))
    if is_record(value):
        return [value, *records_in(list(parts(value)))]
    return []


def decoded(schema: Schema, cls: type, value: Any) -> Any:
    """The value as a record of a class."""
    codec: Codec[Any] = Codec(cls)
    return codec.decode(Codec(schema).encode(value))


@over_schemas
@given(schemas(only_records=True), st.data())
def test_what_can_be_part_of_a_cycle_is_tracked(schema: Schema, data: st.DataObject) -> None:
    """A record that holds a list or a dict, at any depth."""
    cls = bound(schema)
    assert cls is not None
    for record in records_in(decoded(schema, cls, data.draw(from_schema(schema)))):
        assert gc.is_tracked(record) or not is_open(record)


@over_schemas
@given(schemas(only_records=True), st.data())
def test_what_can_be_assigned_to_is_tracked(schema: Schema, data: st.DataObject) -> None:
    """Any record of a class that is not frozen."""
    cls = bound(schema, frozen=False)
    assert cls is not None
    for record in records_in(decoded(schema, cls, data.draw(from_schema(schema)))):
        assert gc.is_tracked(record)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records(Stock))
def test_what_cannot_costs_the_collector_nothing(stock: Stock) -> None:
    """The record of the lesson: however many are kept, there are none to look at."""
    codec = Codec(Stock)
    assert not gc.is_tracked(codec.decode(codec.encode(stock)))


EVENT = {
    "type": "record",
    "name": "Event",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A"]}},
        {
            "name": "span",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "Span",
                    "fields": [{"name": "size", "type": "Size"}],
                },
            ],
        },
    ],
}
SIZE = {"type": "fixed", "name": "Size", "size": 12, "logicalType": "duration"}


def test_nor_does_what_holds_only_such_things() -> None:
    """Inner records in unions, enums, UUIDs and durations."""
    schema = parse_schema(EVENT, references=[parse_schema(SIZE)])
    cls = bound(parse_schema(schema.inlined_json))
    assert cls is not None
    event = decoded(
        schema, cls, {"id": uuid.UUID(int=1), "kind": "A", "span": {"size": Duration()}}
    )
    identifier, _, span = parts(event)
    assert not any(gc.is_tracked(each) for each in (event, identifier, span, *parts(span)))


NODE = """{"type": "record", "name": "Node", "fields": [
    {"name": "next", "type": ["null", "Node"]},
    {"name": "others", "type": {"type": "array", "items": "Node"}, "default": []}
]}"""


@pytest.mark.parametrize("frozen", [True, False])
def test_cycles_are_collected(frozen: bool) -> None:
    """What a program makes of decoded records goes away as a whole."""
    contract = Contract(NODE)
    cls = contract.record("Node")(
        attrs.make_class("Node", ["next", "others"], frozen=frozen, slots=True)
    )
    codec: Codec[Any] = Codec(cls)
    made = codec.decode(b"\2\0\0\0")
    made.next.others.append(made)
    if not frozen:
        made.others = made
    alive = weakref.ref(made)
    del made
    gc.collect()
    assert alive() is None


def test_what_a_property_keeps_is_collected() -> None:
    """A frozen record can hold more than its fields: attrs keeps what a property computed."""

    @Contract('{"type": "record", "name": "Ping", "fields": []}').record("Ping")
    @attrs.frozen
    class Ping:
        @functools.cached_property
        def both(self) -> list[Ping]:
            return [self, self]

    made = Codec(Ping).decode(b"")
    assert made.both == [made, made]
    alive = weakref.ref(made)
    del made
    gc.collect()
    assert alive() is None
