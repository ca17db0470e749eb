"""Leniency where it is easily got wrong: depth, order, what is shared, and who asks for it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from streamcontract import Codec, parse_schema
from streamcontract.diff import find_changes
from streamcontract.errors import SchemaParseError
from streamcontract.resolution import resolve
from streamcontract.schema import CLAUSES, STORED, STRICT, RecordType, Schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.leniency import ALIAS_TAKEN, BAD_DEFAULT, COMMENT, LOGICAL_LIMIT
from streamcontract.testing.strategies import schemas


def stored(document: Any) -> Schema:
    """A schema read leniently."""
    return parse_schema(document, leniency=STORED)


def record(*fields: Any, **more: Any) -> dict[str, Any]:
    """A record R of fields."""
    return {"type": "record", "name": "R", "fields": list(fields), **more}


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    """A field."""
    return {"name": name, "type": kind, **more}


def chain(length: int) -> dict[str, Any]:
    """A record whose first field leads from one later definition to the next."""
    links = [
        {
            "type": "record",
            "name": f"L{n}",
            "fields": [field("next", f"L{n + 1}")] if n + 1 < length else [],
        }
        for n in range(length)
    ]
    return record(field("first", "L0"), *(field(f"l{n}", link) for n, link in enumerate(links)))


@given(schemas())
def test_a_valid_schema_is_read_the_same(schema: Schema) -> None:
    """Leniency changes nothing where nothing is wrong."""
    again = stored(schema.json)
    assert again.forgiven == ()
    assert again.canonical_form == schema.canonical_form
    assert find_changes(schema, again) == []


def test_forward_references_do_not_nest_without_end() -> None:
    """As deep as a text may be, which every walk bears; deeper is one fault where it starts."""
    schema = stored(chain(65))
    again = stored(json.dumps(inlined(schema.root)))
    assert again.canonical_form == schema.canonical_form
    assert not resolve(schema, again).faults
    assert Codec(schema).decode(b"")["first"]["next"]
    with pytest.raises(SchemaParseError, match="more than 200 levels") as caught:
        stored(chain(70))
    assert len(caught.value.faults) == 1
    with pytest.raises(SchemaParseError, match="more than 200 levels"):
        stored(chain(2000))


def test_what_looks_like_a_definition_is_none() -> None:
    """Only what stands where a type stands defines a name, for a text and for a folder's file."""
    hidden = {"type": "enum", "name": "Hidden", "symbols": ["A"]}
    holder = {"type": "enum", "name": "E", "symbols": ["A"], "items": hidden}
    with pytest.raises(SchemaParseError, match='unknown type "Hidden"'):
        stored(record(field("a", "Hidden"), field("b", holder)))


def test_what_looks_like_a_definition_in_a_folder(tmp_path: Path) -> None:
    """Likewise, of a file beside the one that is read."""
    hidden = {"type": "enum", "name": "Hidden", "symbols": ["A"]}
    holder = {"type": "enum", "name": "E", "symbols": ["A"], "items": hidden}
    (tmp_path / "holder.avsc").write_text(json.dumps(holder))
    (tmp_path / "order.avsc").write_text(json.dumps(record(field("a", "Hidden"))))
    with pytest.raises(SchemaParseError, match='unknown type "Hidden"'):
        parse_schema(tmp_path / "order.avsc")


def test_own_references_come_before_those_of_references() -> None:
    """A schema that refers to a type itself gets that version, not the one another one refers to.

    Else data of the one version would be read as if they were of the other.
    """
    old = parse_schema({"type": "enum", "name": "A", "symbols": ["X"]})
    new = parse_schema({"type": "enum", "name": "A", "symbols": ["X", "Y"]})
    user = parse_schema(
        {"type": "record", "name": "B", "fields": [field("a", "A")]}, references=[old]
    )
    assert parse_schema(record(field("a", "A")), references=[user, new]).references == (new,)
    for leniency in (STRICT, STORED):
        with pytest.raises(SchemaParseError, match="define A in two ways"):
            parse_schema(
                record(field("a", "A"), field("b", "B")),
                references=[user, new],
                leniency=leniency,
            )


def test_a_dropped_alias_is_dropped_in_one_schema_alone() -> None:
    """Fields of primitive types are shared among schemas, and a shared one is not changed."""
    alone = record(field("a", "int", aliases=["c"]))
    taken = record(field("a", "int", aliases=["c"]), field("b", "int", aliases=["c"]))
    before, schema, after = parse_schema(alone), stored(taken), parse_schema(alone)
    for each, aliases in ((before, [("c",)]), (schema, [(), ()]), (after, [("c",)])):
        assert isinstance(each.root, RecordType)
        assert [every.aliases for every in each.root.fields] == aliases


def test_a_taken_alias_reads_nothing() -> None:
    """The stored schema as the reader: what only that alias would match counts as missing."""
    reader = stored(record(field("a", "int", aliases=["c"]), field("b", "int", aliases=["c"])))
    faults = resolve(parse_schema(record(field("c", "int"))), reader).faults
    assert [fault.rule for fault in faults] == ["READER_FIELD_MISSING_DEFAULT_VALUE"] * 2


def test_a_default_of_no_json_number_fills_in() -> None:
    """The stored schema as the reader, whose defaults are used."""
    text = json.dumps(
        record(
            field("a", "double", default=math.nan),
            field("b", "float", default="-Infinity"),
            field("c", "string", default="NaN"),
        )
    )
    value = Codec(stored(text)).decode(b"", writer=parse_schema(record()))
    assert math.isnan(value["a"])
    assert (value["b"], value["c"]) == (-math.inf, "NaN")


def test_the_first_definition_counts() -> None:
    """Also for its default, and for those who refer to it by name."""
    one = {"type": "record", "name": "A", "fields": [field("x", "int", default=1)]}
    two = {"type": "record", "name": "A", "fields": [field("x", "int")]}
    schema = stored(record(field("a", one), field("b", two), field("c", "A")))
    assert isinstance(schema.root, RecordType)
    assert len({id(each.type) for each in schema.root.fields}) == 1
    assert schema.definitions["A"] is schema.root.fields[0].type


def test_a_dropped_object_leaves_no_trace() -> None:
    """A key that is given twice inside what another such key drops is nobody else's."""
    text = ", ".join(f'"x": {{"y": {n}, "y": 1, "z": {{}}}}' for n in range(200))
    schema = stored(f'{{"type": "int", {text}, "w": [{", ".join(["{}"] * 200)}]}}')
    assert {each.fault.pointer for each in schema.forgiven} == {"/x", "/x/y"}


def test_comments_keep_lines_and_columns() -> None:
    """What is reported behind one lies where its author sees it; strings are left alone."""
    text = '/* a\n b */ {"type": "record", // "c"\n "name": "R-1", "doc": "// d", "fields": []}'
    schema = stored(text)
    assert schema.root.doc == "// d"  # type: ignore[union-attr]
    places = [(each.clause.id, each.fault.line, each.fault.column) for each in schema.forgiven]
    assert places == [("comment", 1, 1), ("name", 3, 10)]
    assert len(schema.json) == len(text)


def test_ignore_bad_defaults_is_one_way_to_ask() -> None:
    """For those two clauses, alone or beside others."""
    text = json.dumps(record(field("a", "int", default="x")))
    schema = parse_schema(text, ignore_bad_defaults=True)
    assert [each.clause for each in schema.forgiven] == [BAD_DEFAULT]
    assert schema.root.fields[0].has_default is False  # type: ignore[union-attr]
    with pytest.raises(SchemaParseError):
        parse_schema(f"// one\n{text}", ignore_bad_defaults=True)
    both = parse_schema(
        f"// one\n{text}",
        ignore_bad_defaults=True,
        leniency=STORED - {BAD_DEFAULT, LOGICAL_LIMIT},
    )
    assert {each.clause for each in both.forgiven} == {COMMENT, BAD_DEFAULT}


def test_a_leniency_is_a_set_of_clauses() -> None:
    """It lists its clauses in the order of the table."""
    assert list(STORED) == list(CLAUSES)
    assert list(STRICT) == []
    assert ALIAS_TAKEN not in STORED - [ALIAS_TAKEN]
    assert (STORED - CLAUSES) | STORED == STORED
    assert len({clause.id for clause in CLAUSES}) == len(CLAUSES)


def test_files_of_a_folder_are_read_as_leniently(tmp_path: Path) -> None:
    """A stored project's files hang together; each keeps what was forgiven in it."""
    (tmp_path / "kind.avsc").write_text('// one\n{"type": "enum", "name": "K-1", "symbols": []}')
    (tmp_path / "order.avsc").write_text(json.dumps(record(field("a", "K-1"), doc=1)))
    schema = parse_schema(tmp_path / "order.avsc", leniency=STORED)
    assert [each.clause.id for each in schema.forgiven] == ["doc"]
    [kind] = schema.references
    assert [each.clause.id for each in kind.forgiven] == ["comment", "name"]
    assert kind.forgiven[1].fault.source == str(tmp_path / "kind.avsc")
    with pytest.raises(SchemaParseError):
        parse_schema(tmp_path / "order.avsc")
