"""What the reader does not ask for is passed over to the byte, whatever it is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Codec, parse_schema
from streamcontract.errors import DecodeError, EncodeError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas


def _record(*fields: dict[str, Any]) -> Schema:
    return parse_schema({"type": "record", "name": "Outside_", "fields": list(fields)})


KEPT: dict[str, Any] = {"name": "kept", "type": "long"}


def _check(document: Any, value: Any, kept: int) -> None:
    writer = _record({"name": "skipped", "type": document}, KEPT)
    data = Codec[Any](writer).encode({"skipped": value, "kept": kept})
    assert Codec[Any](_record(KEPT)).decode(data, writer=writer) == {"kept": kept}


@given(st.data(), st.integers(-(2**63), 2**63 - 1))
def test_any_type_is_skipped(data: st.DataObject, kept: int) -> None:
    """The field behind it is read from the right place."""
    schema = data.draw(schemas(ill_fitting=False))
    _check(json.loads(schema.json), data.draw(from_schema(schema, tag_unions=True)), kept)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"type": "map", "values": "int"}, {"key": 1, "another": 2}),
        ({"type": "map", "values": "string"}, {"": "", "k" * 100: "v" * 100}),
        ({"type": "array", "items": {"type": "map", "values": "null"}}, [{}, {"a": None}]),
        ({"type": "fixed", "name": "F", "size": 3}, b"abc"),
        (["null", "string"], "text"),
        ({"type": "array", "items": ["null", "double", "string"]}, [None, 1.5, "text"]),
        ({"type": "array", "items": "double"}, [1.5, 2.5]),
        ({"type": "array", "items": {"type": "array", "items": "float"}}, [[], [1.5] * 70]),
        (["null", {"type": "array", "items": ["null", "long"]}], [None, 2**40]),
    ],
)
def test_blocks_are_skipped_item_by_item(document: Any, value: Any) -> None:
    """Blocks that do not say how many bytes they have."""
    _check(document, value, 7)


WIDE: Final = [{"type": "fixed", "name": f"F{i}", "size": i} for i in range(130)]


@pytest.mark.parametrize("index", [0, 1, 63, 64, 129])
def test_a_branch_of_many_is_skipped(index: int) -> None:
    """Also one whose index takes two bytes; the value is that of the branch, to the byte."""
    fields = [{"name": "skipped", "type": WIDE}, KEPT]
    data = Codec[Any]("int").encode(index) + b"x" * index + Codec[Any]("long").encode(7)
    assert Codec[Any](_record(KEPT)).decode(data, writer=_record(*fields)) == {"kept": 7}
    with pytest.raises(DecodeError):
        Codec[Any](_record(KEPT)).decode(data[:-1], writer=_record(*fields))


@pytest.mark.parametrize("index", [b"\x01", b"\x84\x02", b"\xff\x01", b"\x80\x80\x80\x80\x20", b""])
def test_the_index_of_a_skipped_branch_is_within_them(index: bytes) -> None:
    """Negative, right behind the last, of more than 32 bits, or missing: none is passed over."""
    fields = [{"name": "skipped", "type": WIDE}, KEPT]
    data = index + b"\0" * 140 if index else index
    with pytest.raises(DecodeError, match="skipped"):
        Codec[Any](_record(KEPT)).decode(data, writer=_record(*fields))


@pytest.mark.parametrize("index", [-1, 2, 64])
def test_the_index_of_a_symbol_is_within_its_symbols(index: int) -> None:
    """The error says what may stand there, also right behind the last symbol."""
    enum = parse_schema({"type": "enum", "name": "E", "symbols": ["A", "B"]})
    data = Codec[Any]("int").encode(index)
    with pytest.raises(DecodeError, match="the index of a symbol of E, 0 to 1"):
        Codec[Any](enum).decode(data)


HUGE: Final = [2**62, 2**63 - 1, 2**63, 2**64, 10**30]


@pytest.mark.parametrize("size", HUGE)
def test_a_size_that_no_payload_has(size: int) -> None:
    """A writer's fixed may have any size; data without its bytes are read, or refused as short."""
    fixed = {"type": "fixed", "name": "F", "size": size}
    reader: Codec[Any] = Codec(_record(KEPT))
    kept, nothing = Codec[Any]("long").encode(7), b"\0"
    for document in (["null", fixed], {"type": "array", "items": fixed}):
        writer = _record({"name": "skipped", "type": document}, KEPT)
        assert reader.decode(nothing + kept, writer=writer) == {"kept": 7}
    fields: list[dict[str, Any]] = [
        {"name": "one", "type": fixed},
        {"name": "other", "type": "F"},
        KEPT,
    ]
    with pytest.raises(DecodeError):
        reader.decode(nothing + kept, writer=_record(*fields))


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize("logical", [{}, {"logicalType": "decimal", "precision": 4}])
def test_a_size_that_no_value_has(size: int, logical: dict[str, Any]) -> None:
    """A reader's fixed may have any size too: only a branch beside it has values."""
    fixed = {"type": "fixed", "name": "F", "size": size, **logical}
    codec: Codec[Any] = Codec(_record({"name": "one", "type": ["null", fixed]}))
    assert codec.decode(codec.encode({"one": None})) == {"one": None}
    with pytest.raises(DecodeError, match="the data end in the middle"):
        codec.decode(b"\2abc")
    with pytest.raises(EncodeError, match="expected"):
        codec.encode({"one": b"abc"})
    if logical:  # no memory has the bytes before the digits either
        with pytest.raises((MemoryError, EncodeError)):
            codec.encode({"one": Decimal(1)})
