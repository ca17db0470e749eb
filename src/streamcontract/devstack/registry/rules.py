"""What the registry thinks of a schema: whether it is valid, and whether it is compatible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.compatibility import check_level
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.state import Content
from streamcontract.errors import SchemaParseError
from streamcontract.registry.protocol import (
    ErrorCode,
    Level,
    SchemaReference,
    SchemaRequest,
)
from streamcontract.schema import Schema, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.devstack.registry.state import State, StoredSchema
    from streamcontract.resolution import Fault, Rule

__all__ = ["Verdict", "check", "parse", "read"]

# How Redpanda and Avro word each incompatibility: {reader} and {writer} are "new" and "old".
_DESCRIPTIONS: Final[dict[Rule, str]] = {
    "NAME_MISMATCH": "The name of the schema has changed (path '{path}')",
    "FIXED_SIZE_MISMATCH": (
        "The size of FIXED type field at path '{path}' in the {reader} schema does not match with "
        "the {writer} schema"
    ),
    "MISSING_ENUM_SYMBOLS": (
        "The {reader} schema is missing enum symbols '{detail}' at path '{path}' in the {writer} "
        "schema"
    ),
    "READER_FIELD_MISSING_DEFAULT_VALUE": (
        "The field '{detail}' at path '{path}' in the {reader} schema has no default value and is "
        "missing in the {writer} schema"
    ),
    "TYPE_MISMATCH": (
        "The type (path '{path}') of a field in the {reader} schema does not match with the "
        "{writer} schema"
    ),
    "MISSING_UNION_BRANCH": (
        "The {reader} schema is missing a type inside a union field at path '{path}' in the "
        "{writer} schema"
    ),
}


@attrs.frozen
class Verdict:
    """Whether a schema is compatible, and what the registry says where it is not."""

    is_compatible: bool
    messages: tuple[str, ...] = ()


def parse(state: State, request: SchemaRequest) -> Content:
    """Read the schema of a request, with what it refers to.

    Raises:
        Refusal: 422 for an invalid schema or one that is no Avro, 42201 for an empty one or a
            reference to what is not there.
    """
    if request.schema_type != "AVRO":
        raise Refusal(
            ErrorCode.INVALID_SCHEMA,
            f"Invalid schema type {request.schema_type}: the embedded registry takes AVRO only",
        )
    if not request.schema.strip():
        raise Refusal(ErrorCode.EMPTY_SCHEMA, "Empty schema")
    known = [_referenced(state, reference).content.schema for reference in request.references]
    return read(request, known)


def read(request: SchemaRequest, known: Iterable[Schema]) -> Content:
    """Read the schema of a request with the schemas that it refers to.

    It has to be JSON: a bare ``string`` is none, unlike in ``parse_schema``.

    Raises:
        Refusal: 422.
    """
    text = request.schema
    try:
        json.loads(text.encode())  # lone surrogates have no encoding, so no bytes could be sent
        return Content(text, request.references, parse_schema(text, references=known))
    except (ValueError, SchemaParseError, RecursionError) as error:
        raise Refusal(ErrorCode.INVALID_SCHEMA, f"Invalid schema: {error}") from error


def check(level: Level, candidate: Schema, history: Iterable[tuple[int, StoredSchema]]) -> Verdict:
    """Compare a candidate with earlier versions, newest first, up to the first that it breaks.

    Args:
        level: The compatibility level.
        candidate: The new schema.
        history: Version numbers and schemas, in the order in which they are to be asked.
    """
    for number, old in history:
        messages = tuple(_incompatibilities(level, new=candidate, old=old.content.schema))
        if messages:
            facts = (
                f"{{oldSchemaVersion: {number}}}",
                f"{{oldSchema: '{_minified(old.content.text)}'}}",
                f"{{compatibility: '{level}'}}",
            )
            return Verdict(is_compatible=False, messages=(*messages, *facts))
    return Verdict(is_compatible=True)


def _incompatibilities(level: Level, *, new: Schema, old: Schema) -> Iterator[str]:
    for finding in check_level(level, candidate=new, history=[old]):
        if finding.fault is not None:
            sides = ("new", "old") if finding.direction == "backward" else ("old", "new")
            yield _message(finding.fault, *sides)


def _message(fault: Fault, reader: str, writer: str) -> str:
    """Text that looks like JSON and is not, as Redpanda and Confluent answer it."""
    description = _DESCRIPTIONS[fault.rule].format(
        path=fault.reader_path, reader=reader, writer=writer, detail=fault.detail
    )
    return (
        f"{{errorType:'{fault.rule}', description:'{description}', "
        f"additionalInfo:'{fault.detail}'}}"
    )


def _minified(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


def _referenced(state: State, reference: SchemaReference) -> StoredSchema:
    try:
        version = state.version(reference.subject, reference.version)
    except Refusal as error:
        raise Refusal(
            ErrorCode.EMPTY_SCHEMA,
            f'Invalid schema, details: No schema reference found for subject "{reference.subject}" '
            f"and version {reference.version}",
        ) from error
    return state.schema(version.id)
