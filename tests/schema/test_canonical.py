"""Parsing Canonical Form and fingerprints agree with fastavro and Apache avro on any schema."""

from __future__ import annotations

import json
from typing import Any

import avro.schema
import fastavro.schema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.codec.oracles import fastavro_schema

from streamcontract.errors import ConfigurationError
from streamcontract.schema import FixedType, JsonValue, Schema, parse_schema
from streamcontract.schema.fingerprint import ALGORITHMS, crc_64_avro, fingerprint
from streamcontract.testing.strategies import schemas

_KEPT = ("type", "name", "namespace", "fields", "symbols", "items", "values", "size")


def _mixes_null_namespace(schema: Schema) -> bool:
    """Whether a type of the null namespace stands beside types that have a namespace.

    A canonical form has no namespace attributes, so it cannot say "null namespace" inside of a
    namespace: there, and only there, parsing it again gives other names. A simple name that
    means the null namespace from inside another is not known to the other implementations.
    """
    namespaces = {node.namespace for node in schema.named_types.values()}
    return None in namespaces and len(namespaces) > 1


@given(schemas())
def test_canonical_form_of_a_canonical_form_is_itself(schema: Schema) -> None:
    """The form is canonical: valid JSON without spaces that gives itself again."""
    text = schema.canonical_form
    assert text == json.dumps(json.loads(text), separators=(",", ":"))
    if not _mixes_null_namespace(schema):
        assert parse_schema(text).canonical_form == text


@given(schemas(ill_fitting=False))
def test_canonical_form_equals_fastavro(schema: Schema) -> None:
    """fastavro, which refuses ill-fitting logical types and some defaults, gives the same form."""
    if not _mixes_null_namespace(schema):
        other = fastavro.schema.to_parsing_canonical_form(fastavro_schema(schema))
        assert other == schema.canonical_form


def _strip(value: Any) -> Any:
    """The attributes that the canonical form keeps.

    Apache avro for Python writes ``{"type": "long"}`` where others surround it, against
    [PRIMITIVES]; stripped of them first, its form is the specification's.
    """
    if isinstance(value, list):
        return [_strip(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: value[key] for key in _KEPT if key in value}
    for key in ("type", "items", "values"):
        if key in kept:
            kept[key] = _strip(kept[key])
    if "fields" in kept:
        kept["fields"] = [_strip(field) for field in kept["fields"]]
    return kept


@given(schemas())
def test_canonical_form_equals_apache_avro(schema: Schema) -> None:
    """Apache avro gives the same form, but for fixed types used twice, which it defines twice."""
    fixed = [name for name, node in schema.named_types.items() if isinstance(node, FixedType)]
    repeated = any(schema.canonical_form.count(f'"{name}"') > 1 for name in fixed)
    if not repeated and not _mixes_null_namespace(schema):
        other = avro.schema.parse(json.dumps(_strip(json.loads(schema.json))))
        assert other.canonical_form == schema.canonical_form


@given(schemas(), st.sampled_from(sorted(ALGORITHMS)))
def test_fingerprints_equal_fastavro(schema: Schema, algorithm: str) -> None:
    """Fastavro's fingerprints of the same form are the same bytes."""
    other = fastavro.schema.fingerprint(schema.canonical_form, algorithm)
    assert schema.fingerprint(algorithm).hex() == other


@given(st.binary(max_size=64))
def test_crc_64_avro_equals_apache_avro(data: bytes) -> None:
    """The Rabin fingerprint of any bytes is that of Apache avro."""
    from avro.schema import _crc_64_fingerprint

    assert crc_64_avro(data) == _crc_64_fingerprint(data)


def test_unknown_algorithm() -> None:
    """A fingerprint by another algorithm names those there are."""
    with pytest.raises(ConfigurationError, match="one of CRC-64-AVRO, MD5, SHA-256"):
        fingerprint('"int"', "SHA-1")


ASIDE: list[tuple[JsonValue, JsonValue]] = [
    ("int", {"type": "int", "logicalType": "date", "doc": "day"}),
    (
        {"type": "record", "name": "a.R", "fields": [{"name": "f", "type": "int"}]},
        {
            "fields": [{"type": {"type": "int"}, "name": "f", "default": 1, "aliases": ["g"]}],
            "doc": "R",
            "name": "R",
            "namespace": "a",
            "type": "error",
        },
    ),
    ({"type": "array", "items": "int", "default": []}, {"items": "int", "type": "array"}),
]


@pytest.mark.parametrize(("one", "other"), ASIDE)
def test_what_readers_do_not_need_is_left_aside(one: Any, other: Any) -> None:
    """Schemas that read the same bytes have one canonical form, and are not equal for that."""
    assert parse_schema(one).canonical_form == parse_schema(other).canonical_form
    assert parse_schema(one) != parse_schema(other)
