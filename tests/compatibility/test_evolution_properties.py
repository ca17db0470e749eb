"""What must hold for any pair of schemas of which one was made from the other."""

from __future__ import annotations

import io
import json
import warnings
from contextlib import nullcontext, suppress
from typing import Any

import avro.errors
import avro.schema
import fastavro
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from fastavro.read import SchemaResolutionError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.codec.equality import equal
from tests.compatibility.mutations import changed_pairs
from tests.searching import examples

from streamcontract import Codec, check_level, find_incompatibilities
from streamcontract.compatibility import DRIFT_RULES, LEVELS, minimal_value, rollout
from streamcontract.errors import DecodeError
from streamcontract.resolution import resolve
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas

ANNOUNCED = {
    "LOGICAL_TYPE_CHANGED",
    "LOGICAL_UNIT_CHANGED",
    "DECIMAL_SCALE_CHANGED",
    "DECIMAL_PRECISION_REDUCED",
    "STRING_BYTES_PROMOTED",
}
"""Drift by which a value may be refused, though its schemas resolve."""

pairs = changed_pairs()
many = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Most changed pairs have a finding, which is what the other properties are about.
few_without_findings = settings(
    many, suppress_health_check=[*many.suppress_health_check, HealthCheck.filter_too_much]
)


def _drawn(data: st.DataObject, schema: Schema) -> Any:
    try:
        return data.draw(from_schema(schema, tag_unions=True))
    except InvalidArgument:
        assume(False)  # no value of it is finite


@given(pairs, st.data())
@few_without_findings
def test_without_a_breaking_finding_every_value_decodes(pair: Any, data: st.DataObject) -> None:
    """What is refused all the same is announced by a drift finding."""
    writer, reader = pair
    found = find_incompatibilities(reader=reader, writer=writer, drift=True)
    assume(all(each.severity == "drift" for each in found))
    encoded = Codec[Any](writer).encode(_drawn(data, writer))
    rules = {each.rule for each in found}
    with nullcontext() if rules.isdisjoint(ANNOUNCED) else suppress(DecodeError):
        Codec[Any](reader).decode(encoded, writer=writer)


@given(pairs, st.data())
@few_without_findings
def test_without_any_finding_fastavro_reads_the_same(pair: Any, data: st.DataObject) -> None:
    """With neither fault nor drift, an independent reader gets the same value."""
    writer, reader = pair
    found = find_incompatibilities(reader=reader, writer=writer, drift=True)
    text = writer.json + reader.json
    # fastavro has no big-decimal, duration, nanoseconds or uuid on fixed, and its own ways with
    # the null namespace and with aliases; each is compared elsewhere.
    foreign = ("big-decimal", "duration", "nanos", "uuid", '"namespace": ""', "aliases", "local-")
    assume(not found and not any(name in text for name in foreign))
    # It gives a default as the JSON that stands in the schema, whatever the field's type.
    raw = any(name in reader.json for name in ("logicalType", '"bytes"', '"fixed"', '"default": {'))
    assume(not (raw and '"default"' in reader.json))
    encoded = Codec[Any](writer).encode(_drawn(data, writer))
    ours = Codec[Any](reader).decode(encoded, writer=writer)
    try:
        written, wanted = (fastavro.parse_schema(json.loads(s.json)) for s in (writer, reader))
        theirs = fastavro.schemaless_reader(io.BytesIO(encoded), written, wanted)
    except (SchemaResolutionError, fastavro.schema.SchemaParseException, ValueError, TypeError):
        assume(False)  # a schema or a union that fastavro does not take
    assert equal(ours, theirs)


@given(pairs)
@many
def test_the_verdict_is_that_of_apache_avro(pair: Any) -> None:
    """Avro's own checker for Python agrees, on every pair whose schemas its parser takes."""
    writer, reader = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        try:
            their_reader, their_writer = map(avro.schema.parse, (reader.json, writer.json))
        except avro.errors.SchemaParseException:
            assume(False)  # such as a type called "type", which only its parser refuses
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call] # untyped there
    verdict = checker.get_compatibility(their_reader, their_writer).compatibility
    ours = not find_incompatibilities(reader=reader, writer=writer)
    assert ours is (verdict is SchemaCompatibilityType.compatible)


@given(pairs)
@many
def test_counterexamples_show_what_findings_say(pair: Any) -> None:
    """Breaking ones raise in the reader's codec; drift gives an error or another value."""
    writer, reader = pair
    for finding in find_incompatibilities(reader=reader, writer=writer, drift=True):
        example = finding.counterexample
        if example is None:
            continue  # no finite value, or for a default no schema without the field
        if finding.severity == "breaking":
            assert example.error is not None, finding
            with pytest.raises(DecodeError):
                Codec[Any](example.reader).decode(example.data, writer=example.writer)
            assert example.data == Codec[Any](example.writer).encode(example.value)
        elif "nanos" not in finding.message:  # which are plain numbers, whatever they mean
            assert example.is_changed or example.differs_elsewhere, (finding, example)


@given(pairs)
@many
def test_findings_are_the_faults_of_the_plan(pair: Any) -> None:
    """The walk that gives findings their places misses no fault that the resolver found."""
    writer, reader = pair
    found = find_incompatibilities(reader=reader, writer=writer)
    faults = resolve(writer, reader).faults
    key = sorted((fault.rule, fault.reader_path, fault.detail) for fault in faults)
    ours = [each.fault for each in found if each.fault is not None]
    assert sorted((each.rule, each.reader_path, each.detail) for each in ours) == key
    assert all(each.rule in DRIFT_RULES or each.fault is not None for each in found)


@given(pairs)
@many
def test_levels_agree_with_their_directions(pair: Any) -> None:
    """FULL is both ways and symmetric; FORWARD is BACKWARD the other way round."""
    old, new = pair

    def kept(level: str, candidate: Schema, earlier: Schema) -> bool:
        return not check_level(level, candidate=candidate, history=[earlier])

    backward, forward = kept("BACKWARD", new, old), kept("FORWARD", new, old)
    assert kept("FULL", new, old) is kept("FULL", old, new) is (backward and forward)
    assert backward is kept("FORWARD", old, new)
    first = {(1, 1): "either", (1, 0): "consumers", (0, 1): "producers", (0, 0): "neither"}
    assert rollout(new=new, old=old).first == first[backward, forward]


@given(pairs, schemas(only_records=True))
@many
def test_transitive_levels_ask_every_version(pair: Any, oldest: Schema) -> None:
    """A transitive level's findings are those against each version alone, newest first."""
    middle, new = pair
    history = [oldest, middle]
    for level in LEVELS:
        if not level.endswith("_TRANSITIVE"):
            continue
        each = [
            (finding.rule, finding.path, finding.direction, number)
            for number in (2, 1)
            for finding in check_level(level, candidate=new, history=history[number - 1 : number])
        ]
        found = check_level(level, candidate=new, history=history)
        assert [(f.rule, f.path, f.direction, f.version) for f in found] == each


@given(schemas())
@many
def test_a_schema_does_not_drift_from_itself(schema: Schema) -> None:
    """No schema has a finding against itself, drift included."""
    assert find_incompatibilities(reader=schema, writer=schema, drift=True) == []


@given(schemas())
@many
def test_the_minimal_value_is_a_value(schema: Schema) -> None:
    """Every schema whose values can end has one, of no more bytes than any other drawn."""
    codec: Codec[Any] = Codec(schema, tag_unions=True)
    value = minimal_value(schema.root)
    assert codec.decode(codec.encode(value)) == value


@given(schemas(), st.data())
@many
def test_no_value_is_smaller_than_the_minimal_one(schema: Schema, data: st.DataObject) -> None:
    """The smallest value has the fewest bytes."""
    codec: Codec[Any] = Codec(schema)
    assert len(codec.encode(minimal_value(schema.root))) <= len(codec.encode(_drawn(data, schema)))
