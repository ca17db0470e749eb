"""Rules for schemas: whether one is valid, known, and compatible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.compatibility import check_level
from streamcontract.devstack.registry.lenient import parse_as_redpanda
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.values import Content
from streamcontract.errors import SchemaParseError
from streamcontract.levels import compatibility_level
from streamcontract.registry.protocol import (
    ErrorCode,
    Level,
    SchemaReference,
    SchemaRequest,
)
from streamcontract.registry.referenced import parse_with_references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streamcontract.devstack.registry.state import State
    from streamcontract.devstack.registry.values import Version
    from streamcontract.registry.contexts import QualifiedSubject
    from streamcontract.resolution import Fault, Rule
    from streamcontract.schema import Schema

__all__ = ["Verdict", "check", "find", "inheriting", "minified", "parse", "read", "verdict"]


# The messages of Redpanda and Avro for incompatibilities: {reader} and {writer} are "new" and
# "old".
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
    """Whether a schema is compatible, and the registry's messages if it is not."""

    is_compatible: bool
    messages: tuple[str, ...] = ()


def parse(state: State, context: str, request: SchemaRequest) -> Content:
    """Read the schema of a request, with its references.

    Args:
        state: The state.
        context: The subject's context, for references without a context.
        request: The request.

    Raises:
        Refusal: 422 for an invalid schema (42201 in Confluent's registry) or one that is not Avro,
        42201 for an empty one or a missing reference.
    """
    if request.schema_type != "AVRO":
        raise Refusal(
            ErrorCode.INVALID_SCHEMA,
            f"Invalid schema type {request.schema_type}: the embedded registry takes AVRO only",
        )
    if not request.schema.strip():
        raise Refusal(ErrorCode.EMPTY_SCHEMA, "Empty schema")
    known = [_referenced(state, context, reference) for reference in request.references]
    try:
        return read(request, known, is_strict=state.is_confluent)
    except Refusal as refusal:
        if state.is_confluent:
            raise Refusal(ErrorCode.EMPTY_SCHEMA, refusal.message) from refusal
        raise


def read(request: SchemaRequest, known: Iterable[Schema], *, is_strict: bool = False) -> Content:
    """Read the schema of a request with the schemas that it refers to.

    It has to be JSON: a bare ``string`` is refused, unlike in ``parse_schema``.

    Args:
        request: The request.
        known: The schemas of its references, in their order.
        is_strict: Whether it has to keep to the specification; else it is parsed as by Redpanda.

    Raises:
        Refusal: 422.
    """
    text = request.schema
    try:
        json.loads(text.encode())  # lone surrogates have no encoding, so they could not be sent
        parse = parse_with_references if is_strict else parse_as_redpanda
        schema = parse(text, request.references, known)
    except (ValueError, SchemaParseError, RecursionError) as error:
        raise Refusal(ErrorCode.INVALID_SCHEMA, f"Invalid schema: {error}") from error
    return Content(text, request.references, schema, request.metadata, request.rule_set)


def find(
    state: State, name: QualifiedSubject, versions: Sequence[Version], content: Content
) -> Version | None:
    """The newest of a subject's versions that has a schema.

    Metadata and rules that a request leaves out match any version.
    """
    alike = dict.fromkeys(state.index.ids_alike(name.context, content))
    for version in reversed(versions):
        if version.id in alike:
            stored = state.content(name, version)
            if _filled(content, stored).identity == stored.identity:
                return version
    return None


def inheriting(state: State, name: QualifiedSubject, content: Content) -> Content:
    """A schema to be registered, with the metadata and rules of the version before."""
    live = state.subject(name).live
    return _filled(content, state.content(name, live[-1])) if live else content


def _filled(content: Content, earlier: Content) -> Content:
    return Content(
        content.text,
        content.references,
        content.schema,
        earlier.metadata if content.metadata is None else content.metadata,
        earlier.rule_set if content.rule_set is None else content.rule_set,
    )


def verdict(state: State, name: QualifiedSubject, number: int, candidate: Content) -> Verdict:
    """Whether a schema is compatible with a subject at the subject's level.

    It is compared with the versions from the latest down to ``number``, at a transitive level down
    to the first. If the subject's configuration has a ``compatibilityGroup``, a setting of
    Confluent's registry, only versions with the candidate's value for this property count.
    """
    state.version(name, number)
    level = compatibility_level(state.level_of(name, default_to_global=True))
    if not level.directions:
        return Verdict(is_compatible=True)
    group = state.subject(name).settings.get("compatibilityGroup")
    asked = (
        (each, old)
        for each, old in _history(state, name, 1 if level.is_transitive else number)
        if group is None or _property(old, group) == _property(candidate, group)
    )
    return check(level.name, candidate.schema, asked)


def _property(content: Content, name: object) -> str | None:
    return None if content.metadata is None else content.metadata.properties.get(str(name))


def _history(state: State, name: QualifiedSubject, first: int) -> Iterator[tuple[int, Content]]:
    for version in reversed(state.subject(name).live):
        if version.number >= first:
            yield version.number, state.content(name, version)


def check(level: Level, candidate: Schema, history: Iterable[tuple[int, Content]]) -> Verdict:
    """Compare a candidate with earlier versions, up to the first incompatible one.

    Args:
        level: The compatibility level.
        candidate: The new schema.
        history: Version numbers and schemas, in the order of comparison.
    """
    for number, old in history:
        messages = tuple(_incompatibilities(level, new=candidate, old=old.schema))
        if messages:
            facts = (
                f"{{oldSchemaVersion: {number}}}",
                f"{{oldSchema: '{minified(old.text)}'}}",
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
    """Text that looks like JSON and is not, as in the answers of Redpanda and Confluent."""
    description = _DESCRIPTIONS[fault.rule].format(
        path=fault.reader_path, reader=reader, writer=writer, detail=fault.detail
    )
    return (
        f"{{errorType:'{fault.rule}', description:'{description}', "
        f"additionalInfo:'{fault.detail}'}}"
    )


def minified(text: str) -> str:
    """A JSON text without insignificant white space."""
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


def _referenced(state: State, context: str, reference: SchemaReference) -> Schema:
    name = state.qualify(reference.subject, context)
    try:
        version = state.version(name, reference.version)
    except Refusal as error:
        raise Refusal(
            ErrorCode.EMPTY_SCHEMA,
            f'Invalid schema, details: No schema reference found for subject "{reference.subject}" '
            f"and version {reference.version}",
        ) from error
    return state.content(name, version).schema
