"""Paths to the fields that become columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.columns.conversion import check, has_columns, in_columns, rows_of
from tests.searching import examples
from tests.strategies.payloads import corrupt_payloads

from streamcontract import Codec
from streamcontract.columns.projection import projected
from streamcontract.errors import ArgumentError
from streamcontract.schema import (
    ArrayType,
    AvroType,
    MapType,
    RecordType,
    Schema,
    UnionType,
    branch_name,
)
from streamcontract.testing.strategies import from_schema, schemas

LINE: dict[str, Any] = {
    "type": "record",
    "name": "Line",
    "fields": [{"name": "sku", "type": "string"}, {"name": "price", "type": "double"}],
}
CARD: dict[str, Any] = {
    "type": "record",
    "name": "shop.Card",
    "fields": [{"name": "digits", "type": "string"}, {"name": "holder", "type": "string"}],
}
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "lines", "type": {"type": "array", "items": LINE}},
        {"name": "by_name", "type": {"type": "map", "values": "Line"}},
        {"name": "best", "type": ["null", "Line"], "default": None},
        {"name": "payment", "type": [CARD, "string"]},
        {"name": "again", "type": ["null", "Order"], "default": None},
    ],
}
CODEC: Codec[Any] = Codec(ORDER, tag_unions=True)
LINE_VALUE = {"sku": "TEA", "price": 8.5}
VALUE: dict[str, Any] = {
    "id": 7,
    "lines": [LINE_VALUE, {"sku": "CUP", "price": 12.0}],
    "by_name": {"first": LINE_VALUE},
    "best": ("Line", LINE_VALUE),
    "payment": ("shop.Card", {"digits": "4242", "holder": "A"}),
    "again": None,
}
DATA = CODEC.encode({**VALUE, "again": ("Order", VALUE)})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["lines.price", "id"], {"lines": [{"price": 8.5}, {"price": 12.0}], "id": 7}),
        (["lines[].sku"], {"lines": [{"sku": "TEA"}, {"sku": "CUP"}]}),
        (
            ["lines.price", "lines.sku"],
            {"lines": [{"price": 8.5, "sku": "TEA"}, {"price": 12.0, "sku": "CUP"}]},
        ),
        (["by_name.price"], {"by_name": [("first", {"price": 8.5})]}),
        (["by_name{}.sku"], {"by_name": [("first", {"sku": "TEA"})]}),
        (["best.sku"], {"best": {"sku": "TEA"}}),
        (["payment.Card.digits"], {"payment": {"shop.Card": {"digits": "4242"}, "string": None}}),
        (["payment.shop.Card.holder"], {"payment": {"shop.Card": {"holder": "A"}, "string": None}}),
        (
            ["again.id", "again.lines.sku"],
            {"again": {"id": 7, "lines": [{"sku": "TEA"}, {"sku": "CUP"}]}},
        ),
    ],
)
def test_paths(columns: list[str], expected: dict[str, Any]) -> None:
    """Through arrays, maps, unions, and recursive records as deep as they say."""
    (row,) = pa.table(CODEC.decode_columns([DATA], columns=columns)).to_pylist()
    assert str(row) == str(expected)  # in the same order too


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["line.price"], 'a field of Order: id, lines, .*; did you mean "lines.price"?'),
        (["lines.prise"], 'a field of Line: sku, price; did you mean "lines.price"?'),
        (["lines[].prise"], 'did you mean "lines[].price"?'),
        (["id.x"], "a path that ends at id, which has no fields"),
        (["payment.digits"], "a path that names a branch after payment: shop.Card, string"),
        (["lines", "lines.sku"], "without a path inside lines, all of which .*, not 'lines.sku'"),
        (["lines.sku", "lines[].sku"], "without a path inside lines.sku, all of which becomes"),
        (["lines[3].price"], 'a field of Line: sku, price; did you mean "lines.price"?'),
        (["lines['a'].prise"], 'did you mean "lines.prise"?'),
        (["lines[3"], "a field of Line: sku, price, not 'lines[3'"),
        (["id{}.x"], "a path that ends at id, which has no fields"),
        ([""], "a field of Order: id"),
    ],
)
def test_paths_to_nothing(columns: list[str], message: str) -> None:
    """One error names the path, what there is, and what may have been meant."""
    with pytest.raises(ArgumentError, match=r"columns has to be ") as caught:
        CODEC.decode_columns([DATA], columns=columns)
    for part in message.split(".*"):
        assert part in str(caught.value)


def test_every_kind_is_skipped() -> None:
    """To the byte, one after the other, before and after what is read."""
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    pair = [{"name": name, "type": "double"} for name in ("x", "y")]
    kinds: list[Any] = ["double", "float", "boolean", enum, "long", "int", "string", "bytes"]
    kinds += [{"type": "fixed", "name": "F", "size": 3}, {"type": "array", "items": "E"}]
    kinds += [{"type": "map", "values": "F"}, {"type": "record", "name": "P", "fields": pair}]
    values = [1.5, 2.5, True, "B", 2**40, 300, "text", b"bytes", b"abc"]
    values += [["A", "B"], {"key": b"abc"}, {"x": 1.0, "y": 2.0}]
    fields = [{"name": f"f{i}", "type": kind} for i, kind in enumerate(kinds)]
    fields.insert(6, {"name": "kept", "type": "long"})
    codec: Codec[Any] = Codec({"type": "record", "name": "R", "fields": fields})
    data = codec.encode({"kept": 7, **{f"f{i}": value for i, value in enumerate(values)}})
    decoded = codec.decode_columns([data, data[:-1]], columns=["kept"])
    assert pa.table(decoded).to_pylist() == [{"kept": 7}]
    assert len(decoded.faults) == 1


@settings(deadline=None, max_examples=examples(100))
@given(schemas(only_records=True), st.data())
def test_columns_of_paths(schema: Schema, data: st.DataObject) -> None:
    """They hold those parts of the whole values, and refuse what the projected record refuses."""
    every = sorted(_paths(schema.root, "", 3))
    assume(every)
    chosen = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True))
    chosen = [path for path in chosen if not any(path.startswith(f"{other}.") for other in chosen)]
    reader = projected(schema, chosen)
    assume(has_columns(reader))
    codec = Codec[Any](schema, tag_unions=True)
    values = data.draw(st.lists(from_schema(schema, tag_unions=True), max_size=3))
    good = [codec.encode(value) for value in values]
    found = codec.decode_columns(good, columns=chosen)
    whole = [codec.decode(each) for each in good]
    kept = [in_columns(reader.root, _picked(reader.root, value)) for value in whole]
    assert same(rows_of(reader, found), kept)
    damaged = data.draw(st.lists(corrupt_payloads(schema).map(lambda each: each.data), max_size=2))
    wanted = check(reader, damaged, schema)
    again = codec.decode_columns(damaged, columns=chosen)
    assert list(map(str, again.faults)) == list(map(str, wanted.faults))


def _paths(node: AvroType, path: str, depth: int) -> set[str]:
    """Paths to fields of a type, a few levels deep."""
    match node:
        case RecordType() if depth:
            found = set()
            for field in node.fields:
                inside = f"{path}.{field.name}" if path else field.name
                found |= {inside} | _paths(field.type, inside, depth - 1)
            return found
        case ArrayType():
            return _paths(node.items, path, depth)
        case MapType():
            return _paths(node.values, path, depth)
        case UnionType():
            types = [branch for branch in node.branches if branch_name(branch) != "null"]
            if len(types) == 1:
                return _paths(types[0], path, depth)
            return set().union(
                *(_paths(each, f"{path}.{branch_name(each)}", depth) for each in types)
            )
        case _:
            return set()


def _picked(node: AvroType, value: Any) -> Any:
    """The parts of a value that a projected type has."""
    match node:
        case RecordType():
            return {field.name: _picked(field.type, value[field.name]) for field in node.fields}
        case ArrayType():
            return [_picked(node.items, item) for item in value]
        case MapType():
            return {key: _picked(node.values, item) for key, item in value.items()}
        case UnionType():
            types = {branch_name(branch): branch for branch in node.branches}
            return value[0], _picked(types[value[0]], value[1])
        case _:
            return value
