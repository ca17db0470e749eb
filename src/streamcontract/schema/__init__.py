"""Avro schemas, without other I/O: model, parser, canonical form, fingerprints, logical types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names

if TYPE_CHECKING:
    from streamcontract.schema.document import SCHEMA_SUFFIX
    from streamcontract.schema.folders import SchemaFolders
    from streamcontract.schema.leniency import (
        CLAUSES,
        STORED,
        STRICT,
        Clause,
        Forgiven,
        Leniency,
    )
    from streamcontract.schema.model import (
        MISSING,
        ArrayType,
        AvroType,
        EnumType,
        Field,
        FixedType,
        JsonValue,
        LogicalType,
        MapType,
        NamedType,
        PrimitiveType,
        RecordType,
        UnionType,
        branch_name,
    )
    from streamcontract.schema.parse import parse_schema
    from streamcontract.schema.schema import Schema

__all__ = [
    "CLAUSES",
    "MISSING",
    "SCHEMA_SUFFIX",
    "STORED",
    "STRICT",
    "ArrayType",
    "AvroType",
    "Clause",
    "EnumType",
    "Field",
    "FixedType",
    "Forgiven",
    "JsonValue",
    "Leniency",
    "LogicalType",
    "MapType",
    "NamedType",
    "PrimitiveType",
    "RecordType",
    "Schema",
    "SchemaFolders",
    "UnionType",
    "branch_name",
    "parse_schema",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "ArrayType": "schema.model",
            "AvroType": "schema.model",
            "CLAUSES": "schema.leniency",
            "Clause": "schema.leniency",
            "EnumType": "schema.model",
            "Field": "schema.model",
            "FixedType": "schema.model",
            "Forgiven": "schema.leniency",
            "JsonValue": "schema.model",
            "Leniency": "schema.leniency",
            "LogicalType": "schema.model",
            "MISSING": "schema.model",
            "MapType": "schema.model",
            "NamedType": "schema.model",
            "PrimitiveType": "schema.model",
            "RecordType": "schema.model",
            "SCHEMA_SUFFIX": "schema.document",
            "STORED": "schema.leniency",
            "STRICT": "schema.leniency",
            "Schema": "schema.schema",
            "SchemaFolders": "schema.folders",
            "UnionType": "schema.model",
            "branch_name": "schema.model",
            "parse_schema": "schema.parse",
        },
    )
