"""Avro schemas, without other I/O: model, parser, canonical form, fingerprints, logical types."""

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
