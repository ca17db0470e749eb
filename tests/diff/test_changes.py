"""What changed between two schemas: each kind by example, and any change by mutation."""

from __future__ import annotations

import copy
import json
from typing import Any, get_args

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract.diff import At, Kind, find_changes
from streamcontract.errors import SchemaParseError
from streamcontract.schema import Schema, parse_schema
from streamcontract.schema.inline import inlined
from streamcontract.testing.strategies import schema_documents, schemas


def record(*fields: dict[str, Any], name: str = "a.R", **attributes: Any) -> dict[str, Any]:
    """A record."""
    return {"type": "record", "name": name, **attributes, "fields": list(fields)}


def field(name: str, type_: Any = "int", **attributes: Any) -> dict[str, Any]:
    """A field."""
    return {"name": name, "type": type_, **attributes}


def enum(*symbols: str, **attributes: Any) -> dict[str, Any]:
    """An enum."""
    return {"type": "enum", "name": "a.E", "symbols": list(symbols), **attributes}


def fixed(size: int = 12, **attributes: Any) -> dict[str, Any]:
    """A fixed."""
    return {"type": "fixed", "name": "a.F", "size": size, **attributes}


def logical(base: str, name: str, **attributes: Any) -> dict[str, Any]:
    """A primitive type with a logical type."""
    return {"type": base, "logicalType": name, **attributes}


def told(old: Any, new: Any) -> list[str]:
    """The changes as text."""
    return [str(change) for change in find_changes(parse_schema(old), parse_schema(new))]


DECIMAL = "decimal, precision 4, scale %d"
AB = record(field("a"), field("b"))
CASES: list[tuple[Any, Any, list[str]]] = [
    # Fields.
    (AB, record(field("a"), field("b"), field("c", "string")), ['R.c: field added: "string"']),
    (AB, record(field("b")), ['R.a: field removed: "int"']),
    (AB, record(field("b"), field("a")), ["R.b: field moved: 2 -> 1"]),
    (AB, record(field("a"), field("c", aliases=["b"])), ['R.c: field renamed: "b" -> "c"']),
    (record(field("a"), field("c", aliases=["b"])), AB, ['R.b: field renamed: "c" -> "b"']),
    (AB, record(field("a"), field("c")), ['R.b: field removed: "int"', 'R.c: field added: "int"']),
    (AB, record(field("a", doc="A."), field("b")), ['R.a: doc added: "A."']),
    (AB, record(field("a", default=0), field("b")), ["R.a: default added: 0"]),
    (AB, record(field("a", order="ignore"), field("b")), [
        'R.a: order changed: "ascending" -> "ignore"']),
    (AB, record(field("a", aliases=["x"]), field("b")), ['R.a: alias added: "x"']),
    (AB, record(field("a", pii=True), field("b")), ["R.a: attribute added: pii: true"]),
    (record(field("a", "double", default=1)), record(field("a", "double", default=2)), [
        "R.a: default changed: 1 -> 2"]),
    (record(field("a", ["null", "int"], default=None)), record(field("a", ["null", "int"])), [
        "R.a: default removed: null"]),
    # Types.
    (AB, record(field("a", "long"), field("b")), ['R.a: type changed: "int" -> "long"']),
    (AB, record(field("a", ["null", "int"]), field("b")), [
        'R.a: type changed: "int" -> "null | int"']),
    (record(field("a", {"type": "array", "items": "int"})),
     record(field("a", {"type": "array", "items": "long"})),
     ['R.a[]: type changed: "int" -> "long"']),
    (record(field("a", {"type": "map", "values": "int"})),
     record(field("a", {"type": "map", "values": ["null", "int"]})),
     ['R.a{}: type changed: "int" -> "null | int"']),
    (record(field("a", enum("A"))), record(field("a", ["null", enum("A", "B")])), [
        'R.a: type changed: "enum a.E" -> "null | enum a.E"', 'E: symbol added: "B"']),
    (record(field("a", enum("A"))), record(field("a", fixed())), [
        'R.a: type changed: "enum a.E" -> "fixed a.F"']),
    (record(), record() | {"type": "error"}, ['R: type changed: "record a.R" -> "error a.R"']),
    # Logical types.
    ("long", logical("long", "timestamp-millis"), [
        'schema: logical type added: "timestamp-millis"']),
    (logical("long", "timestamp-millis"), logical("long", "timestamp-micros"), [
        'schema: logical type changed: "timestamp-millis" -> "timestamp-micros"']),
    (logical("bytes", "decimal", precision=4), logical("bytes", "decimal", precision=4, scale=2), [
        f'schema: logical type changed: "{DECIMAL % 0}" -> "{DECIMAL % 2}"']),
    (fixed(12, logicalType="duration"), fixed(), ['F: logical type removed: "duration"']),
    ("int", logical("int", "nonsense"), ['schema: attribute added: logicalType: "nonsense"']),
    # Named types.
    (record(), record(name="b.R"), ['R: namespace changed: "a.R" -> "b.R"']),
    (record(), record(name="a.S", aliases=["R"]), ['S: name changed: "a.R" -> "a.S"']),
    (record(doc="A."), record(doc="B."), ['R: doc changed: "A." -> "B."']),
    (record(doc="A."), record(), ['R: doc removed: "A."']),
    (record(aliases=["x", "y"]), record(aliases=["y", "x"]), [
        'R: aliases reordered: ["a.x", "a.y"] -> ["a.y", "a.x"]']),
    (record(aliases=["x"]), record(), ['R: alias removed: "a.x"']),
    (record(x=1), record(x=1.0), ["R: attribute changed: x: 1 -> 1.0"]),
    (record(x=1), record(), ["R: attribute removed: x: 1"]),
    (fixed(12), fixed(16), ["F: size changed: 12 -> 16"]),
    (enum("A", "B"), enum("A", "C"), ['E: symbol removed: "B"', 'E: symbol added: "C"']),
    (enum("A", "B"), enum("B", "A"), ['E: symbols reordered: ["A", "B"] -> ["B", "A"]']),
    (enum("A"), enum("A", default="A"), ['E: default added: "A"']),
    # Unions.
    (["null", "int"], ["null", "int", "string"], ['schema: branch added: "string"']),
    (["null", "int"], ["null", "long"], [
        'schema: branch removed: "int"', 'schema: branch added: "long"']),
    (["null", "int"], ["int", "null"], [
        'schema: branches reordered: ["null", "int"] -> ["int", "null"]']),
    (["null", record()], ["null", record(field("a"))], ['R.a: field added: "int"']),
    (["null", record()], ["null", record(name="b.R")], ['R: namespace changed: "a.R" -> "b.R"']),
    (["null", "string", logical("int", "date")], ["null", "string", "int"], [
        'schema<int>: logical type removed: "date"']),
    # A type that is used in several places is told of once.
    (record(field("a", enum("A")), field("b", "E")),
     record(field("a", enum("B")), field("b", "E")),
     ['E: symbol removed: "A"', 'E: symbol added: "B"']),
    # Recursion ends.
    (record(field("a", ["null", "R"])), record(field("a", ["null", "R"], doc="More.")), [
        'R.a: doc added: "More."']),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "changes"), CASES)
def test_changes(old: Any, new: Any, changes: list[str]) -> None:
    """What is told, in words and in order."""
    assert told(old, new) == changes


def test_every_kind_has_an_example() -> None:
    """No kind is left that nothing shows."""
    seen = {
        change.kind
        for old, new, _ in CASES
        for change in find_changes(parse_schema(old), parse_schema(new))
    }
    assert seen == set(get_args(Kind))


SPELLINGS: list[tuple[Any, Any]] = [
    ("int", {"type": "int"}),
    (record(name="a.R"), record(name="R", namespace="a")),
    (record(field("a")), record(field("a", order="ascending"))),
    (record(field("e", enum("A")), field("f", "E")),
     record(field("e", enum("A")), field("f", "a.E"))),
    (logical("bytes", "decimal", precision=4), logical("bytes", "decimal", precision=4, scale=0)),
    (record(doc="A.", x=1), dict(reversed(record(doc="A.", x=1).items()))),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), SPELLINGS)
def test_spelling_is_no_change(old: Any, new: Any) -> None:
    """Two ways to write the same schema."""
    assert told(old, new) == []


def test_a_type_moved_to_another_file_is_no_change() -> None:
    """What is defined where does not matter, only what it means."""
    line = record(field("x"), name="a.Line")
    inside = parse_schema(record(field("line", line)))
    outside = parse_schema(record(field("line", "Line")), references=[parse_schema(line)])
    assert find_changes(inside, outside) == []


def test_places() -> None:
    """Each side's place; where something was added, what it was added to."""
    old = parse_schema(record(field("a"), field("b", {"type": "array", "items": "int"})))
    new = parse_schema(record(field("b", {"type": "array", "items": "long"}), field("c")))
    places = [(each.kind, each.before_at, each.after_at) for each in find_changes(old, new)]
    assert places == [
        ("field-removed", At(None, "/fields/0"), At(None, "")),
        ("type-changed", At(None, "/fields/1/type/items"), At(None, "/fields/0/type/items")),
        ("field-added", At(None, ""), At(None, "/fields/1")),
    ]


def test_few_moves_are_told() -> None:
    """Of fields in another order, as few as possible are said to have moved."""
    old = record(*(field(name) for name in "abcdef"))
    new = record(*(field(name) for name in "fabcde"))
    assert told(old, new) == ["R.f: field moved: 6 -> 1"]


def meaning(schema: Schema) -> Schema:
    """The same schema in one spelling: schemas of one spelling are equal if they mean the same."""
    return parse_schema(json.loads(json.dumps(inlined(schema.root))))


def containers(document: Any) -> list[Any]:
    """Every object and array in a JSON document."""
    if isinstance(document, dict):
        return [document, *(each for value in document.values() for each in containers(value))]
    if isinstance(document, list):
        return [document, *(each for value in document for each in containers(value))]
    return []


@st.composite
def mutants(draw: st.DrawFn, document: Any) -> Any:
    """A copy with something left out, swapped, renamed or added, valid or not."""
    mutant = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 2))):
        found = [each for each in containers(mutant) if each]
        if not found:
            return draw(st.sampled_from(["int", "long", {"type": "int"}, ["null", "int"]]))
        target = draw(st.sampled_from(found))
        if isinstance(target, list):
            index = draw(st.integers(0, len(target) - 1))
            change = draw(st.sampled_from(["drop", "rotate", "insert"]))
            if change == "drop":
                del target[index]
            elif change == "rotate":
                target.append(target.pop(index))
            else:
                target.insert(index, draw(st.sampled_from(["null", "long", "Fresh"])))
        else:
            key = draw(st.sampled_from([*target, "doc", "note", "order", "aliases", "namespace"]))
            values = ["A1", "int", "bytes", "Fresh", "ignore", ["old", "b.old"], 7, None, {}]
            if draw(st.booleans()):
                target.pop(key, None)
            else:
                target[key] = draw(st.sampled_from(values))
    return mutant


@settings(max_examples=examples(200))
@given(st.data())
def test_changes_are_told_exactly_where_the_meaning_changes(data: st.DataObject) -> None:
    """No change is missed and none is made up, in either direction."""
    document = data.draw(schema_documents())
    old = parse_schema(document)
    try:
        new = parse_schema(data.draw(mutants(document)))
    except SchemaParseError:
        reject()
    differ = meaning(old) != meaning(new)
    assert bool(find_changes(old, new)) is differ
    assert bool(find_changes(new, old)) is differ


@settings(max_examples=examples(100))
@given(schemas(), schemas())
def test_any_two_schemas_can_be_compared(old: Schema, new: Schema) -> None:
    """Two that have nothing to do with each other; and each has no changes to itself."""
    assert bool(find_changes(old, new)) is (meaning(old) != meaning(new))
    assert find_changes(old, old) == []
    assert find_changes(old, meaning(old)) == []
