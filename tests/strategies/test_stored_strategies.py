"""Every stored schema has the faults that it names, is read as what it means, and so are its data.

fastavro reads what the schema means, since of some faults it knows as little as we do strictly.
"""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.codec.equality import equal, same
from tests.codec.oracles import (
    bare,
    fastavro_decoding,
    fastavro_encoding,
    names_null_namespace,
    read_by_fastavro,
)
from tests.searching import examples
from tests.strategies.stored import STORED_CLAUSES, StoredSchema, stored_schemas

from streamcontract import Codec, find_incompatibilities, parse_schema
from streamcontract.codegen import ModuleSource, generate_module
from streamcontract.diff import find_changes
from streamcontract.errors import CodegenError, SchemaParseError
from streamcontract.lint import lint_schema
from streamcontract.resolution import resolve
from streamcontract.schema import CLAUSES, STORED, Schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.leniency import BAD_DEFAULT, NOT_FINITE, TWO_VERSIONS
from streamcontract.schema.uniqueness import write_alike
from streamcontract.testing.strategies import from_schema

deep = settings(max_examples=examples(150))


def test_every_clause_can_be_drawn() -> None:
    """All but the one that takes several schemas."""
    assert {*STORED_CLAUSES, TWO_VERSIONS.id} == {clause.id for clause in CLAUSES}
    with pytest.raises(InvalidArgument, match="is no clause"):
        stored_schemas("doc", "dog")


@deep
@given(stored_schemas())
def test_what_is_forgiven_is_what_was_broken(stored: StoredSchema) -> None:
    """Strictly it has faults; leniently those, each with the clause that forgives it."""
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(stored.text)
    schema = parse_schema(stored.text, leniency=STORED)
    assert {each.clause.id for each in schema.forgiven} == stored.clauses
    if "comment" not in stored.clauses:  # strictly, nothing is read behind one
        pointers = [fault.pointer for fault in caught.value.faults]
        assert set(pointers) <= {each.fault.pointer for each in schema.forgiven}


@deep
@given(stored_schemas())
def test_each_clause_is_asked_for(stored: StoredSchema) -> None:
    """Without any one of them the schema is refused."""
    for clause in CLAUSES:
        if clause.id in stored.clauses:
            # A number in quotes that is not taken for one is a default that does not fit.
            without = {clause, BAD_DEFAULT} if clause is NOT_FINITE else {clause}
            with pytest.raises(SchemaParseError):
                parse_schema(stored.text, leniency=STORED - without)


@deep
@given(stored_schemas())
def test_it_is_read_as_what_it_means(stored: StoredSchema) -> None:
    """The same canonical form, and the same to write and to read."""
    schema = parse_schema(stored.text, leniency=STORED)
    meant = parse_schema(stored.meant, leniency=STORED)
    assert schema.canonical_form == meant.canonical_form
    assert parse_schema(schema.canonical_form, leniency=STORED).canonical_form == (
        schema.canonical_form
    )
    assert write_alike(schema.root, meant.root)
    assert not resolve(schema, meant).faults
    assert not resolve(schema, schema).faults


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, Schema, Any]:
    """A stored schema, what it means without its defaults, and a tagged value."""
    stored = draw(stored_schemas(ill_fitting=False))
    schema = parse_schema(stored.text, leniency=STORED)
    meant = parse_schema(stored.meant, leniency=STORED)
    assume(not names_null_namespace(schema))
    return schema, meant, draw(from_schema(schema, tag_unions=True))


@deep
@given(cases())
def test_data_are_read_as_fastavro_reads_them(case: tuple[Schema, Schema, Any]) -> None:
    """Fastavro's bytes are ours, what it reads is what we read, also with a later reader."""
    schema, meant, value = case
    codec = Codec(schema, tag_unions=True)
    data = fastavro_encoding(meant, value)
    assert codec.encode(value) == data
    assert same(codec.decode(data), value)
    assert equal(fastavro_decoding(meant, data), read_by_fastavro(schema.root, value))
    assert same(Codec(meant).decode(data, writer=schema), bare(schema.root, value))


@deep
@given(stored_schemas())
def test_all_that_takes_a_schema_takes_it(stored: StoredSchema) -> None:
    """Lint, diff, drift, copies; and each place that is reported is in the text."""
    schema = parse_schema(stored.text, leniency=STORED)
    again = pickle.loads(pickle.dumps(schema))  # noqa: S301 - our own bytes
    assert again == schema == copy.deepcopy(schema)
    assert again.forgiven == schema.forgiven
    assert find_changes(schema, again) == []
    assert find_incompatibilities(reader=schema, writer=again, drift=True) == []
    found = [each for each in lint_schema(schema) if each.rule == "stored-only"]
    assert len(found) == len(schema.forgiven)
    for each in schema.forgiven:
        assert each.fault.line is not None
        assert each.clause.meaning in str(each)


@given(stored_schemas())
def test_inlined_it_means_the_same(stored: StoredSchema) -> None:
    """As the lock file keeps it."""
    schema = parse_schema(stored.text, leniency=STORED)
    again = parse_schema(json.dumps(inlined(schema.root)), leniency=STORED)
    assert write_alike(again.root, schema.root)
    assert again.canonical_form == schema.canonical_form
    assert not find_incompatibilities(reader=again, writer=schema, drift=True)


@given(stored_schemas())
def test_no_code_is_generated_of_it(stored: StoredSchema) -> None:
    """It would be a contract that nobody could write."""
    schema = parse_schema(stored.text, leniency=STORED)
    with pytest.raises(CodegenError, match="fix it first"):
        generate_module(ModuleSource(schema=schema, name="stored", origin="stored.avsc"))
