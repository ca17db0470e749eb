"""Records of many fields: loops over kinds of fields do what code for each field does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.codec.test_engines import JUNK, bound, damaged, evolved, outcome, spoilt
from tests.searching import examples

from fuzz.oracle import plain
from streamcontract import Codec, parse_schema
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.codec.kinds import runs
from streamcontract.codec.source import GeneratedCode
from streamcontract.codec.wide_records import MOST_WRITTEN_OUT
from streamcontract.errors import EncodeError, SchemaParseError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, records, schemas

deep = settings(deadline=None, max_examples=examples(60))


@pytest.fixture(autouse=True, scope="module")
def portable() -> Any:
    """The native engine compiles nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENGINE_VARIABLE, "portable")
        yield


class Both:
    """Two codecs: to one a record of two fields is wide, and to the other none is."""

    def __init__(self, schema: Any, *, tag_unions: bool = False) -> None:
        self._codecs = {fields: Codec[Any](schema, tag_unions=tag_unions) for fields in (1, 10_000)}

    def _outcomes(self, run: Callable[[Codec[Any]], Any]) -> list[Any]:
        found = []
        for fields, codec in self._codecs.items():
            with (
                mock.patch("streamcontract.codec.encode.MOST_WRITTEN_OUT", fields),
                mock.patch("streamcontract.codec.decode.MOST_WRITTEN_OUT", fields),
            ):
                found.append(outcome(run, codec))
        return found

    def encode(self, value: Any) -> bytes | None:
        """What both encode the value to; None if they refuse it."""
        wide, written_out = self._outcomes(lambda codec: codec.encode(value))
        assert same(wide, written_out)
        return wide if isinstance(wide, bytes) else None

    def decode(self, data: bytes, writer: Schema | None = None) -> None:
        """Both decode the data to the same."""
        wide, written_out = self._outcomes(lambda codec: codec.decoder(writer)(data))
        assert same(plain(wide), plain(written_out))
        assert repr(wide) == repr(written_out)  # the order of dicts too


@deep
@given(schemas(only_records=True), st.booleans(), st.data())
def test_dicts(schema: Schema, tag_unions: bool, data: st.DataObject) -> None:
    """Values, spoilt values, their bytes and damaged bytes."""
    both = Both(schema, tag_unions=tag_unions)
    value = data.draw(from_schema(schema, tag_unions=tag_unions))
    encoded = both.encode(value)
    assert encoded is not None
    both.decode(encoded)
    both.decode(data.draw(st.composite(damaged)(encoded)))
    both.encode(data.draw(st.composite(spoilt)(value)))


@deep
@given(schemas(only_records=True), st.booleans(), st.booleans(), st.data())
def test_record_classes(schema: Schema, slots: bool, validated: bool, data: st.DataObject) -> None:
    """Instances of plain and of other classes."""
    cls = bound(schema, slots=slots, **({"init": True, "weakref_slot": True} if validated else {}))
    assert cls is not None
    both = Both(cls)
    value = data.draw(records(cls))
    encoded = both.encode(value)
    assert encoded is not None
    both.decode(encoded)
    both.decode(data.draw(st.composite(damaged)(encoded)))
    if attrs.fields(cls):
        name = data.draw(st.sampled_from([field.name for field in attrs.fields(cls)]))
        both.encode(attrs.evolve(value, **{name: data.draw(st.sampled_from(JUNK))}))


@deep
@given(schemas(only_records=True), st.booleans(), st.data())
def test_evolved(schema: Schema, tag_unions: bool, data: st.DataObject) -> None:
    """Fields that are skipped, moved, promoted, and that take their default."""
    document = data.draw(st.composite(evolved)(json.loads(schema.json)))
    try:
        reader = parse_schema(document)
    except SchemaParseError:
        return  # a field that is gone defined a type that another one uses
    encoded = Codec[Any](schema).encode(data.draw(from_schema(schema, tag_unions=True)))
    both = Both(reader, tag_unions=tag_unions)
    both.decode(encoded, schema)
    both.decode(data.draw(st.composite(damaged)(encoded)), schema)


@given(st.lists(st.integers(0, 3) | st.integers(0, 40), max_size=40), st.integers(1, 30))
def test_runs_cover_each_field_once(kinds: list[int], times: int) -> None:
    """In order, with the kind of each, and a field of each kind."""
    kinds = [kind for kind in kinds for _ in range(times if kind == 0 else 1)]
    found = runs(kinds)
    assert [at for run in found for at in range(run.start, run.stop)] == list(range(len(kinds)))
    for run in found:
        represented = [kinds[run.fields[kind]] for kind in run.kinds]
        assert represented == kinds[run.start : run.stop]
        assert len(set(run.kinds)) == len(run.fields) <= 16


TYPES = ("long", "double", ["null", "string"], {"type": "array", "items": "int"}, "string")
VALUES = (1, 2.0, "text", [1, 2], "more")


def wide(fields: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema of so many fields of five types, and a value."""
    types = [{"name": f"f{at}", "type": TYPES[at % len(TYPES)]} for at in range(fields)]
    value = {f"f{at}": VALUES[at % len(TYPES)] for at in range(fields)}
    return {"type": "record", "name": "Wide", "fields": types}, value


def test_a_key_that_is_missing_takes_the_default_of_its_field_or_is_refused() -> None:
    """And a key of no field is refused as well; each with its path."""
    schema, value = wide(2 * MOST_WRITTEN_OUT)
    codec = Codec(schema)
    kept = {name: each for name, each in value.items() if name not in ("f7", "f150")}
    with pytest.raises(EncodeError) as caught:
        codec.encode({**kept, "g": 1, "h": 2})
    assert {(fault.path, fault.expected.split(":")[0]) for fault in caught.value.faults} == {
        ("Wide.f7", "missing"),
        ("Wide.f150", "missing"),
        ("Wide.g", "only the fields of Wide"),
        ("Wide.h", "only the fields of Wide"),
    }
    for name, default in (("f7", None), ("f150", 42)):
        field = next(each for each in schema["fields"] if each["name"] == name)
        field["default"] = default
    decoded = Codec(schema).decode(Codec(schema).encode(kept))
    assert decoded == {**value, "f7": None, "f150": 42}


def test_code_grows_with_the_kinds_of_fields_and_not_with_the_fields() -> None:
    """Beyond the number up to which each field has its own."""
    made: list[int] = []
    compiled = GeneratedCode.compile

    def counted(source: GeneratedCode) -> Any:
        made.append(len(source._lines))
        return compiled(source)

    def lines(fields: int) -> list[int]:
        made.clear()
        schema, value = wide(fields)
        codec = Codec(schema)
        with mock.patch.object(GeneratedCode, "compile", counted):
            assert codec.decode(codec.encode(value)) == value
        return list(made)

    assert lines(MOST_WRITTEN_OUT + 1) == lines(20 * MOST_WRITTEN_OUT)
    assert lines(MOST_WRITTEN_OUT)[0] > lines(MOST_WRITTEN_OUT + 1)[0]
